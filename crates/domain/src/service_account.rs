//! Service accounts: machines that a tenant lets in, with roles of the tenant and keys of their own.
//!
//! ```
//! use bailiwick_domain::service_account::ServiceAccountError;
//!
//! let error = ServiceAccountError::Owner;
//! assert_eq!(error.to_string(), "a service account cannot own the organization");
//! ```

use crate::{
    Name, RoleId, ServiceAccountId, TenantId, Timestamp, Version,
    access::{
        Action, Grants, Permission, Permit, Principal,
        action::{CreateServiceAccount, DeleteServiceAccount, UpdateServiceAccount},
    },
    api_key::ApiKey,
    role::{BuiltIn, Escalation, RoleBook, hand_on, is_on_offer},
    tenant::TenantStatus,
    version::Stale,
};
use alloc::vec::Vec;

/// A machine of one tenant. It belongs to the tenant, whoever made it.
///
/// ```
/// # use bailiwick_domain::{ApiKeyId, RoleId, ServiceAccountId, TenantId, Timestamp, UserId};
/// # use bailiwick_domain::access::{Permission, Principal, action::*, authorize};
/// # use bailiwick_domain::api_key::{ApiKey, KeyDraft, grants_named};
/// # use bailiwick_domain::role::{BuiltIn, Role, RoleBook};
/// # use bailiwick_domain::tenant::TenantStatus;
/// # use uuid::Uuid;
/// use bailiwick_domain::service_account::{ServiceAccount, ServiceAccountChange};
///
/// # let now = Timestamp::from_micros(0);
/// # let id = Uuid::from_u128;
/// # let (tenant, plain) = (TenantId::from_uuid(id(1)), RoleId::from_uuid(id(2)));
/// # let book = RoleBook::of(vec![Role::built_in(plain, BuiltIn::Member)]);
/// let ada = Principal::new(UserId::from_uuid(id(3))).granted(tenant, BuiltIn::Admin.grants());
/// let permit = authorize::<CreateServiceAccount>(&ada, tenant)?;
/// let robot = ServiceAccountId::from_uuid(id(4));
/// let mut robot = ServiceAccount::create(&permit, &book, robot, "Deploys".parse()?, vec![plain], 0, now)?;
///
/// let change = ServiceAccountChange { name: Some("Deployments".parse()?), ..Default::default() };
/// robot.change(&authorize::<UpdateServiceAccount>(&ada, tenant)?, &book, change)?;
/// assert_eq!(robot.holds(&book), BuiltIn::Member.grants());
///
/// // With a key it holds what both hold.
/// let draft = KeyDraft { name: "ci".parse()?, grants: grants_named(["project:*"])?, expires_at: None };
/// let permit = authorize::<CreateApiKey>(&ada, tenant)?;
/// let key = ApiKey::make(&permit, &robot, ApiKeyId::from_uuid(id(5)), draft, 0, now)?;
/// let principal = robot.principal(&key, TenantStatus::Active, &book, now);
/// assert!(authorize::<CreateProject>(&principal, tenant).is_err(), "the account does not hold it");
/// assert!(authorize::<ListMembers>(&principal, tenant).is_err(), "the key was not given it");
///
/// robot.removable(&authorize::<DeleteServiceAccount>(&ada, tenant)?, &book)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceAccount {
    /// Which.
    pub id: ServiceAccountId,
    /// Whose.
    pub tenant: TenantId,
    /// What people call it.
    pub name: Name,
    /// Is it in order?
    pub status: ServiceAccountStatus,
    /// Its roles, in the whole tenant.
    pub roles: Vec<RoleId>,
    /// When it was made.
    pub created_at: Timestamp,
    /// How often it has changed.
    pub version: Version,
}

/// Is a service account in order?
///
/// ```
/// use bailiwick_domain::service_account::ServiceAccountStatus;
///
/// assert_eq!(ServiceAccountStatus::Suspended.name(), "suspended");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServiceAccountStatus {
    /// Yes.
    Active,
    /// None of its keys is good.
    Suspended,
}

/// What is to be otherwise about a service account; what is not named stays.
///
/// ```
/// use bailiwick_domain::service_account::{ServiceAccountChange, ServiceAccountStatus};
///
/// let pause = ServiceAccountChange {
///     status: Some(ServiceAccountStatus::Suspended),
///     ..ServiceAccountChange::default()
/// };
/// assert_eq!(pause.name, None, "it stays");
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ServiceAccountChange {
    /// What people call it.
    pub name: Option<Name>,
    /// Its roles.
    pub roles: Option<Vec<RoleId>>,
    /// Is it in order?
    pub status: Option<ServiceAccountStatus>,
}

/// Why a service account is not as it was asked to be.
///
/// ```
/// use bailiwick_domain::service_account::ServiceAccountError;
///
/// let error = ServiceAccountError::TooMany;
/// assert_eq!(error.to_string(), "an organization has at most 200 service accounts");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ServiceAccountError {
    /// There is no such role in the tenant.
    #[error("there is no such role")]
    UnknownRole,
    /// Owners are people.
    #[error("a service account cannot own the organization")]
    Owner,
    /// The tenant has as many as it may.
    #[error("an organization has at most {} service accounts", ServiceAccount::MAX)]
    TooMany,
    /// It has changed since it was read.
    #[error(transparent)]
    Stale(#[from] Stale),
    /// It holds, held or would hold more than the one who asks.
    #[error(transparent)]
    Escalation(#[from] Escalation),
}

impl ServiceAccountStatus {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Active, Self::Suspended];

    /// Its name on the wire and in the store.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Suspended => "suspended",
        }
    }
}

impl ServiceAccount {
    /// How many a tenant may have.
    pub const MAX: usize = 200;
    /// How many roles one may have.
    pub const MAX_ROLES: usize = 50;

    /// A new one, beside so `many` others.
    ///
    /// # Errors
    /// When its roles cannot be a machine's, or hold more than the one who makes it.
    pub fn create(
        permit: &Permit<CreateServiceAccount>,
        book: &RoleBook,
        id: ServiceAccountId,
        name: Name,
        roles: Vec<RoleId>,
        many: usize,
        now: Timestamp,
    ) -> Result<Self, ServiceAccountError> {
        if many >= Self::MAX {
            return Err(ServiceAccountError::TooMany);
        }
        let account = Self {
            id,
            tenant: permit.scope().tenant(),
            name,
            status: ServiceAccountStatus::Active,
            roles: acceptable(book, roles)?,
            created_at: now,
            version: Version::FIRST,
        };
        account.outranked_by(permit, book)?;
        Ok(account)
    }

    /// Another name, other roles, or another status.
    ///
    /// # Errors
    /// When its roles cannot be a machine's; when the old or the new ones hold more than the one who asks.
    pub fn change(
        &mut self,
        permit: &Permit<UpdateServiceAccount>,
        book: &RoleBook,
        change: ServiceAccountChange,
    ) -> Result<(), ServiceAccountError> {
        self.outranked_by(permit, book)?;
        let changed = Self {
            name: change.name.unwrap_or_else(|| self.name.clone()),
            roles: match change.roles {
                Some(roles) => acceptable(book, roles)?,
                None => self.roles.clone(),
            },
            status: change.status.unwrap_or(self.status),
            version: self.version.next(),
            ..self.clone()
        };
        changed.outranked_by(permit, book)?;
        *self = changed;
        Ok(())
    }

    /// May it be removed, with all of its keys?
    ///
    /// # Errors
    /// When it holds more than the one who asks.
    pub fn removable(
        &self,
        permit: &Permit<DeleteServiceAccount>,
        book: &RoleBook,
    ) -> Result<(), ServiceAccountError> {
        Ok(self.outranked_by(permit, book)?)
    }

    /// All that its roles hold, whatever is in the way. What is reserved to owners is not in it, whatever stands in a row.
    #[must_use]
    pub fn holds(&self, book: &RoleBook) -> Grants {
        self.roles
            .iter()
            .fold(Grants::empty(), |held, role| {
                held.union(&book.effective(*role))
            })
            .only(is_on_offer)
    }

    /// The machine as whoever asks, with one of its keys: it holds what the key was given, as far as the account holds it at
    /// this moment, and nothing when either is not in order, or the tenant is not.
    #[must_use]
    pub fn principal(
        &self,
        key: &ApiKey,
        tenant: TenantStatus,
        book: &RoleBook,
        now: Timestamp,
    ) -> Principal {
        let of_this = (key.tenant, key.account) == (self.tenant, self.id);
        let in_order = of_this
            && tenant == TenantStatus::Active
            && self.status == ServiceAccountStatus::Active
            && key.is_live(now);
        let held = if in_order {
            self.holds(book)
        } else {
            Grants::empty()
        };
        Principal::machine(key.machine())
            .granted(self.tenant, held)
            .restricted(&key.grants)
    }

    /// Nobody acts on a machine that holds more than they do themselves.
    fn outranked_by<A: Action<Catalogue = Permission>>(
        &self,
        permit: &Permit<A>,
        book: &RoleBook,
    ) -> Result<(), Escalation> {
        hand_on(permit.held(), &self.holds(book))
    }
}

/// Can a machine have these?
fn acceptable(book: &RoleBook, mut roles: Vec<RoleId>) -> Result<Vec<RoleId>, ServiceAccountError> {
    roles.sort_unstable();
    roles.dedup();
    for role in &roles {
        let role = book.get(*role).ok_or(ServiceAccountError::UnknownRole)?;
        if role.built_in == Some(BuiltIn::Owner) {
            return Err(ServiceAccountError::Owner);
        }
    }
    Ok(roles)
}
