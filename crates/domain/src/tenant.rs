//! Tenants: the organizations that share the platform and nothing else.
//!
//! ```
//! use bailiwick_domain::tenant::TenantStatus;
//!
//! assert!(TenantStatus::Suspended.opens_to(true), "an owner enters, to resume it");
//! assert!(!TenantStatus::Suspended.opens_to(false));
//! ```

use crate::{
    MemberId, Name, RoleId, TenantId, Timestamp, UserId, Version,
    access::{
        Assignment, AuditEntry, Founding, Permit, Scope,
        action::{OwnOrganization, SuspendTenant, UpdateOrganization},
    },
    member::Member,
    role::{BuiltIn, Escalation, Role, RoleBook, hand_on},
    user::EmailAddress,
};
use alloc::{borrow::ToOwned, format, string::String, string::ToString, vec, vec::Vec};
use core::{fmt, str::FromStr, time::Duration};

/// An organization.
///
/// ```
/// # use bailiwick_domain::{MemberId, RoleId, TenantId, Timestamp, UserId};
/// # use bailiwick_domain::access::{AccountScope, Platform, Principal, action::*, authorize};
/// # use bailiwick_domain::user::User;
/// # use uuid::Uuid;
/// use bailiwick_domain::role::{RoleBook, operator_grants};
/// use bailiwick_domain::tenant::{Settings, Tenant, TenantStatus};
///
/// # let now = Timestamp::from_micros(0);
/// # let id = Uuid::from_u128;
/// # let ada = User::new(UserId::from_uuid(id(1)), "ada@example.com".parse()?, "Ada".parse()?, now);
/// # let founding = AccountScope::registering(&ada).founding(TenantId::from_uuid(id(2)));
/// # let roles = [3, 4, 5].map(|role| RoleId::from_uuid(id(role)));
/// let founded = Tenant::found(&founding, "Acme, Inc.".parse()?, MemberId::from_uuid(id(6)), roles, now);
/// let (mut acme, book) = (founded.tenant, RoleBook::of(founded.roles.to_vec()));
/// assert_eq!(acme.slug.as_str(), "acme-inc");
///
/// let ada = founded.owner.principal(&acme, &book, now);
/// let permit = authorize::<UpdateOrganization>(&ada, acme.id)?;
/// acme.rename(&permit, "Acme".parse()?, now);
/// acme.move_to(&permit, "acme".parse()?, now);
/// let settings = Settings { allowed_domains: vec!["example.com".parse()?], ..Settings::default() };
/// acme.configure(&permit, &book, settings, false, now)?;
///
/// let permit = authorize::<OwnOrganization>(&ada, acme.id)?;
/// acme.suspend(&permit, now)?;
/// acme.resume(&permit, now)?;
/// acme.delete(&permit, now)?;
/// let until = acme.restorable_until().expect("it is deleted");
/// assert!(acme.erasure(now).is_none() && acme.erasure(until).is_some());
/// acme.restore(&permit, now)?;
///
/// // An operator's lock is not the owners' to open.
/// let operator = Principal::new(UserId::from_uuid(id(7))).granted(Platform, operator_grants());
/// let operators = authorize::<SuspendTenant>(&operator, Platform)?;
/// acme.lock(&operators, now)?;
/// assert!(acme.resume(&permit, now).is_err());
/// acme.unlock(&operators, now)?;
/// assert_eq!(acme.status, TenantStatus::Active);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenant {
    /// Which.
    pub id: TenantId,
    /// What people call it.
    pub name: Name,
    /// What addresses call it: unique on the platform, also among those that tenants had before.
    pub slug: Slug,
    /// Is it in order?
    pub status: TenantStatus,
    /// Since when it is deleted, if it is.
    pub deleted_at: Option<Timestamp>,
    /// What it has decided about itself.
    pub settings: Settings,
    /// Who founded it.
    pub created_by: UserId,
    /// When it was founded.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// How often it has changed.
    pub version: Version,
}

/// Is a tenant in order?
///
/// ```
/// use bailiwick_domain::tenant::TenantStatus;
///
/// assert_eq!(TenantStatus::Locked.name(), "locked");
/// assert!(!TenantStatus::Locked.opens_to(true));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TenantStatus {
    /// Yes.
    Active,
    /// Its owners suspended it: nothing is permitted in it, but to resume it.
    Suspended,
    /// The operators of the platform suspended it: nothing is permitted in it.
    Locked,
    /// Its owners deleted it: nothing is permitted in it, but to restore it while there is time.
    Deleted,
}

/// What a tenant has decided about itself.
///
/// ```
/// use bailiwick_domain::tenant::{DomainRefused, Settings};
///
/// let settings = Settings { allowed_domains: vec!["example.com".parse()?], ..Settings::default() };
///
/// assert_eq!(settings.admit(&"ada@example.com".parse()?), Ok(()));
/// assert_eq!(settings.admit(&"eve@elsewhere.example".parse()?), Err(DomainRefused));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    /// The role of whoever is invited or added without one; without this it is `member`.
    pub default_role: Option<RoleId>,
    /// The domains whose addresses may join; without any, all.
    pub allowed_domains: Vec<Domain>,
    /// Is nothing permitted to whoever has not shown a second factor?
    pub second_factor_required: bool,
}

/// The host of email addresses, in lower case (RFC 1035 §2.3.1), internationalized ones in their `xn--` form.
///
/// ```
/// use bailiwick_domain::tenant::Domain;
///
/// let domain: Domain = "Example.COM".parse()?;
/// assert_eq!(domain.as_str(), "example.com");
/// # Ok::<(), bailiwick_domain::tenant::InvalidDomain>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Domain(String);

/// A text that is no [`Domain`].
///
/// ```
/// use bailiwick_domain::tenant::{Domain, InvalidDomain};
///
/// assert_eq!("localhost".parse::<Domain>(), Err(InvalidDomain));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a domain like `example.com`")]
pub struct InvalidDomain;

/// The tenant takes no addresses of that domain.
///
/// ```
/// use bailiwick_domain::tenant::DomainRefused;
///
/// assert_eq!(DomainRefused.to_string(), "the organization takes no addresses of this domain");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the organization takes no addresses of this domain")]
pub struct DomainRefused;

/// Proof that a tenant was deleted so long ago that nobody can restore it.
///
/// ```
/// # use bailiwick_domain::{MemberId, RoleId, TenantId, Timestamp, UserId};
/// # use bailiwick_domain::access::{AccountScope, action::*, authorize};
/// # use bailiwick_domain::{role::RoleBook, tenant::Tenant, user::User};
/// # use uuid::Uuid;
/// # let now = Timestamp::from_micros(0);
/// # let id = Uuid::from_u128;
/// # let ada = User::new(UserId::from_uuid(id(1)), "ada@example.com".parse()?, "Ada".parse()?, now);
/// # let founding = AccountScope::registering(&ada).founding(TenantId::from_uuid(id(2)));
/// # let roles = [3, 4, 5].map(|role| RoleId::from_uuid(id(role)));
/// # let founded = Tenant::found(&founding, "Acme".parse()?, MemberId::from_uuid(id(6)), roles, now);
/// # let (mut acme, book) = (founded.tenant, RoleBook::of(founded.roles.to_vec()));
/// # let ada = founded.owner.principal(&acme, &book, now);
/// acme.delete(&authorize::<OwnOrganization>(&ada, acme.id)?, now)?;
///
/// let erasure = acme.erasure(now.plus(Tenant::GRACE)).expect("nobody can restore it");
/// assert_eq!((erasure.tenant(), erasure.since()), (acme.id, now));
/// assert_eq!(erasure.entry().actor(), None, "time did it");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
#[must_use = "what is over is erased"]
pub struct Erasure {
    tenant: TenantId,
    since: Timestamp,
}

impl Erasure {
    /// Which tenant.
    #[must_use]
    pub const fn tenant(&self) -> TenantId {
        self.tenant
    }

    /// When it was deleted. One that was deleted at another time is another matter.
    #[must_use]
    pub const fn since(&self) -> Timestamp {
        self.since
    }

    /// The record of it, which stays. Nobody did it: time did.
    pub fn entry(&self) -> AuditEntry {
        let tenant = Scope::Tenant(self.tenant);
        AuditEntry::of_erasure("organization:erase", tenant, self.tenant)
    }
}

/// Why a tenant stays as it is.
///
/// ```
/// use bailiwick_domain::tenant::TenantError;
///
/// assert_eq!(TenantError::GraceOver.to_string(), "the organization was deleted more than 30 days ago");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TenantError {
    /// It is deleted, or not deleted, or suspended by somebody else.
    #[error("the organization is not in a state for that")]
    WrongState,
    /// It was deleted too long ago.
    #[error("the organization was deleted more than {} days ago", Tenant::GRACE.as_secs() / 86_400)]
    GraceOver,
    /// There is no such role in the tenant.
    #[error("there is no such role")]
    UnknownRole,
    /// Whoever demands a second factor has to have shown one, or they would lock themselves out.
    #[error("show a second factor yourself before you demand it of others")]
    SecondFactorMissing,
    /// Too many domains.
    #[error("at most {} domains", Settings::MAX_DOMAINS)]
    TooManyDomains,
    /// Nobody becomes an owner by default.
    #[error("nobody becomes an owner by default")]
    OwnerByDefault,
    /// The default role holds more than the one who sets it.
    #[error(transparent)]
    Escalation(#[from] Escalation),
}

/// All that a tenant starts with.
///
/// ```
/// # use bailiwick_domain::{MemberId, RoleId, TenantId, Timestamp, UserId};
/// # use bailiwick_domain::{access::AccountScope, user::User};
/// # use uuid::Uuid;
/// use bailiwick_domain::{access::Assignment, tenant::{Founded, Tenant}};
///
/// # let now = Timestamp::from_micros(0);
/// # let id = Uuid::from_u128;
/// # let ada = User::new(UserId::from_uuid(id(1)), "ada@example.com".parse()?, "Ada".parse()?, now);
/// # let founding = AccountScope::registering(&ada).founding(TenantId::from_uuid(id(2)));
/// # let ids = [3, 4, 5].map(|role| RoleId::from_uuid(id(role)));
/// let Founded { tenant, roles, owner } =
///     Tenant::found(&founding, "Acme".parse()?, MemberId::from_uuid(id(6)), ids, now);
///
/// assert_eq!((owner.user, owner.tenant), (founding.founder(), tenant.id));
/// assert_eq!(owner.assignments, [Assignment::of(roles[0].id)]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Founded {
    /// The tenant.
    pub tenant: Tenant,
    /// Its built-in roles.
    pub roles: [Role; 3],
    /// Its first member, the founder, who owns it.
    pub owner: Member,
}

impl TenantStatus {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Active, Self::Suspended, Self::Locked, Self::Deleted];

    /// Its name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Suspended => "suspended",
            Self::Locked => "locked",
            Self::Deleted => "deleted",
        }
    }
}

impl TenantStatus {
    /// Can a member enter a tenant in this state, to do what is left to do in it?
    #[must_use]
    pub const fn opens_to(self, owner: bool) -> bool {
        match self {
            Self::Active => true,
            Self::Suspended | Self::Deleted => owner,
            Self::Locked => false,
        }
    }
}

impl Settings {
    /// How many domains a tenant may list.
    pub const MAX_DOMAINS: usize = 50;

    /// May the address join?
    ///
    /// # Errors
    /// When its domain is on no list, and there is one.
    pub fn admit(&self, email: &EmailAddress) -> Result<(), DomainRefused> {
        let host = email.host();
        let listed = self.allowed_domains.iter().any(|domain| domain.0 == host);
        if self.allowed_domains.is_empty() || listed {
            return Ok(());
        }
        Err(DomainRefused)
    }
}

impl Tenant {
    /// How long a deleted tenant can be restored.
    pub const GRACE: Duration = Duration::from_secs(30 * 24 * 60 * 60);

    /// A new tenant with the built-in roles, owned by its founder: never without an owner.
    #[must_use]
    pub fn found(
        founding: &Founding,
        name: Name,
        member: MemberId,
        roles: [RoleId; 3],
        now: Timestamp,
    ) -> Founded {
        let [owner, admin, plain] = roles;
        Founded {
            owner: Member::joined(
                founding.tenant(),
                member,
                founding.founder(),
                vec![Assignment::of(owner)],
                now,
            ),
            tenant: Self {
                id: founding.tenant(),
                slug: Slug::of(&name, founding.tenant()),
                name,
                status: TenantStatus::Active,
                deleted_at: None,
                settings: Settings::default(),
                created_by: founding.founder(),
                created_at: now,
                updated_at: now,
                version: Version::FIRST,
            },
            roles: [
                Role::built_in(owner, BuiltIn::Owner),
                Role::built_in(admin, BuiltIn::Admin),
                Role::built_in(plain, BuiltIn::Member),
            ],
        }
    }

    /// Another name. The slug stays: addresses that people wrote down go on working.
    pub fn rename(&mut self, _: &Permit<UpdateOrganization>, name: Name, now: Timestamp) {
        self.name = name;
        self.changed(now);
    }

    /// Another slug. The old one stays the tenant's: nobody else can take it, so nobody is led to somebody else.
    pub fn move_to(&mut self, _: &Permit<UpdateOrganization>, slug: Slug, now: Timestamp) {
        self.slug = slug;
        self.changed(now);
    }

    /// Other settings. The default role is handed on to whoever joins, so it must hold no more than the one who sets it.
    ///
    /// # Errors
    /// When they cannot be so.
    pub fn configure(
        &mut self,
        permit: &Permit<UpdateOrganization>,
        book: &RoleBook,
        settings: Settings,
        second_factor_shown: bool,
        now: Timestamp,
    ) -> Result<(), TenantError> {
        if settings.allowed_domains.len() > Settings::MAX_DOMAINS {
            return Err(TenantError::TooManyDomains);
        }
        if settings.default_role != self.settings.default_role {
            // Whoever joins next would get it.
            for role in [self.settings.default_role, settings.default_role]
                .into_iter()
                .flatten()
            {
                let known = book.get(role).ok_or(TenantError::UnknownRole)?;
                if known.built_in == Some(BuiltIn::Owner) {
                    return Err(TenantError::OwnerByDefault);
                }
                hand_on(permit.held(), &book.effective(role))?;
            }
        }
        let demanded = settings.second_factor_required && !self.settings.second_factor_required;
        if demanded && !second_factor_shown {
            return Err(TenantError::SecondFactorMissing);
        }
        self.settings = settings;
        self.changed(now);
        Ok(())
    }

    /// Nothing is permitted in it any more, but to resume it.
    ///
    /// # Errors
    /// When it is deleted or locked.
    pub fn suspend(
        &mut self,
        _: &Permit<OwnOrganization>,
        now: Timestamp,
    ) -> Result<(), TenantError> {
        self.turn(
            &[TenantStatus::Active, TenantStatus::Suspended],
            TenantStatus::Suspended,
            now,
        )
    }

    /// What was permitted is permitted again.
    ///
    /// # Errors
    /// When it is deleted or locked.
    pub fn resume(
        &mut self,
        _: &Permit<OwnOrganization>,
        now: Timestamp,
    ) -> Result<(), TenantError> {
        self.turn(
            &[TenantStatus::Active, TenantStatus::Suspended],
            TenantStatus::Active,
            now,
        )
    }

    /// Gone, unless somebody restores it in time.
    ///
    /// # Errors
    /// When it is deleted already, or locked.
    pub fn delete(
        &mut self,
        _: &Permit<OwnOrganization>,
        now: Timestamp,
    ) -> Result<(), TenantError> {
        self.turn(
            &[TenantStatus::Active, TenantStatus::Suspended],
            TenantStatus::Deleted,
            now,
        )?;
        self.deleted_at = Some(now);
        Ok(())
    }

    /// Back, and active.
    ///
    /// # Errors
    /// When it is not deleted, or was too long ago.
    pub fn restore(
        &mut self,
        _: &Permit<OwnOrganization>,
        now: Timestamp,
    ) -> Result<(), TenantError> {
        if self.restorable_until().is_some_and(|until| now >= until) {
            return Err(TenantError::GraceOver);
        }
        self.turn(&[TenantStatus::Deleted], TenantStatus::Active, now)?;
        self.deleted_at = None;
        Ok(())
    }

    /// Until when it can be restored, if it is deleted.
    #[must_use]
    pub fn restorable_until(&self) -> Option<Timestamp> {
        self.deleted_at.map(|at| at.plus(Self::GRACE))
    }

    /// Leave to erase what it held, when nobody can restore it any more.
    #[must_use]
    pub fn erasure(&self, now: Timestamp) -> Option<Erasure> {
        let since = self.deleted_at?;
        let over = now >= self.restorable_until()? && self.status == TenantStatus::Deleted;
        over.then_some(Erasure {
            tenant: self.id,
            since,
        })
    }

    /// An operator suspends it: its owners cannot undo that.
    ///
    /// # Errors
    /// When it is deleted.
    pub fn lock(&mut self, _: &Permit<SuspendTenant>, now: Timestamp) -> Result<(), TenantError> {
        let states = [
            TenantStatus::Active,
            TenantStatus::Suspended,
            TenantStatus::Locked,
        ];
        self.turn(&states, TenantStatus::Locked, now)
    }

    /// An operator resumes it, whether or not its owners had suspended it before.
    ///
    /// # Errors
    /// When no operator suspended it.
    pub fn unlock(&mut self, _: &Permit<SuspendTenant>, now: Timestamp) -> Result<(), TenantError> {
        self.turn(
            &[TenantStatus::Active, TenantStatus::Locked],
            TenantStatus::Active,
            now,
        )
    }

    fn turn(
        &mut self,
        from: &[TenantStatus],
        to: TenantStatus,
        now: Timestamp,
    ) -> Result<(), TenantError> {
        if !from.contains(&self.status) {
            return Err(TenantError::WrongState);
        }
        if self.status != to {
            self.status = to;
            self.changed(now);
        }
        Ok(())
    }

    fn changed(&mut self, now: Timestamp) {
        self.updated_at = now;
        self.version = self.version.next();
    }
}

/// A tenant's name for addresses: lower-case ASCII letters and digits in groups joined by `-`, never empty.
///
/// ```
/// use bailiwick_domain::{TenantId, tenant::Slug};
/// # use uuid::Uuid;
///
/// let tenant = TenantId::from_uuid(Uuid::from_u128(1));
///
/// assert_eq!(Slug::of(&"Acme, Inc.".parse()?, tenant).as_str(), "acme-inc");
/// assert_eq!(Slug::of(&"ООО".parse()?, tenant).as_str(), "org-00000000000000000000000001");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slug(String);

/// A text that is no [`Slug`].
///
/// ```
/// use bailiwick_domain::tenant::{InvalidSlug, Slug};
///
/// assert_eq!("Acme Inc".parse::<Slug>(), Err(InvalidSlug));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "must be lower-case letters and digits in groups joined by `-`, at most {} in all",
    Slug::MAX
)]
pub struct InvalidSlug;

impl Slug {
    /// The greatest length, in characters.
    pub const MAX: usize = 200;

    /// The slug of this name, or the tenant's id when the name holds no ASCII letter or digit.
    #[must_use]
    pub fn of(name: &Name, tenant: TenantId) -> Self {
        let slug = name
            .as_str()
            .split(|letter: char| !letter.is_ascii_alphanumeric())
            .filter(|group| !group.is_empty())
            .map(str::to_ascii_lowercase)
            .collect::<Vec<_>>()
            .join("-");
        if slug.is_empty() {
            return Self(tenant.to_string().replace('_', "-"));
        }
        Self(slug)
    }

    /// The slug as it stands in addresses.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Domain {
    /// The domain as it stands in addresses.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Slug {
    type Err = InvalidSlug;

    fn from_str(text: &str) -> Result<Self, InvalidSlug> {
        let well_formed = text.len() <= Self::MAX
            && text.split('-').all(|group| {
                !group.is_empty()
                    && group
                        .bytes()
                        .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
            });
        if well_formed {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidSlug)
        }
    }
}

impl FromStr for Domain {
    type Err = InvalidDomain;

    fn from_str(text: &str) -> Result<Self, InvalidDomain> {
        let text = text.trim();
        // Whatever can stand behind the `@` of an address is one.
        let address: EmailAddress = format!("a@{text}").parse().map_err(|_| InvalidDomain)?;
        Ok(Self(address.host().to_owned()))
    }
}

impl fmt::Display for Slug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
