//! Who acts: a person, or a machine with a key.

use crate::{ApiKeyId, ServiceAccountId, UserId};

/// Who acts.
///
/// ```
/// use bailiwick_domain::{ApiKeyId, ServiceAccountId, UserId};
/// use bailiwick_domain::access::{Actor, Machine};
/// # use uuid::Uuid;
///
/// let ada = UserId::from_uuid(Uuid::from_u128(1));
/// let machine = Machine {
///     account: ServiceAccountId::from_uuid(Uuid::from_u128(2)),
///     key: ApiKeyId::from_uuid(Uuid::from_u128(3)),
///     made_by: ada,
/// };
///
/// let (person, robot) = (Actor::from(ada), Actor::from(machine));
/// assert_eq!((person.user(), person.machine()), (Some(ada), None));
/// assert_eq!((robot.user(), robot.machine()), (None, Some(machine)));
/// // Ada made the key: she is asked about what is done with it.
/// assert_eq!(robot.answerable(), ada);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Actor {
    /// A person.
    User(UserId),
    /// A service account, with one of its keys.
    Machine(Machine),
}

/// A service account that acts with one of its keys.
///
/// ```
/// use bailiwick_domain::{ApiKeyId, ServiceAccountId, UserId};
/// use bailiwick_domain::access::{Machine, Principal};
/// # use uuid::Uuid;
///
/// let machine = Machine {
///     account: ServiceAccountId::from_uuid(Uuid::from_u128(1)),
///     key: ApiKeyId::from_uuid(Uuid::from_u128(2)),
///     made_by: UserId::from_uuid(Uuid::from_u128(3)),
/// };
///
/// let principal: Principal = Principal::machine(machine);
/// assert_eq!(principal.actor().machine(), Some(machine));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Machine {
    /// Which.
    pub account: ServiceAccountId,
    /// With which key.
    pub key: ApiKeyId,
    /// The person who made the key, and answers for it. The machine holds nothing by that.
    pub made_by: UserId,
}

impl Actor {
    /// The person, if it is one.
    #[must_use]
    pub const fn user(self) -> Option<UserId> {
        match self {
            Self::User(user) => Some(user),
            Self::Machine(_) => None,
        }
    }

    /// The machine, if it is one.
    #[must_use]
    pub const fn machine(self) -> Option<Machine> {
        match self {
            Self::User(_) => None,
            Self::Machine(machine) => Some(machine),
        }
    }

    /// Who answers for what is done: the person, or who made the key. It says whom to ask, never what they may.
    #[must_use]
    pub const fn answerable(self) -> UserId {
        match self {
            Self::User(user) => user,
            Self::Machine(machine) => machine.made_by,
        }
    }
}

impl From<UserId> for Actor {
    fn from(user: UserId) -> Self {
        Self::User(user)
    }
}

impl From<Machine> for Actor {
    fn from(machine: Machine) -> Self {
        Self::Machine(machine)
    }
}
