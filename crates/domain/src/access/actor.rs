//! Who acts: a person, or a machine with a key.

use crate::{ApiKeyId, ServiceAccountId, UserId};

/// Who acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Actor {
    /// A person.
    User(UserId),
    /// A service account, with one of its keys.
    Machine(Machine),
}

/// A service account that acts with one of its keys.
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
