//! Where an action happens: as a value ([`Scope`], [`Target`]) and as a proof ([`TenantScope`], [`ObjectScope`]).

use super::Actor;
use crate::{ProjectId, TenantId, UserId};
use core::{fmt::Debug, marker::PhantomData};

/// Where permissions are held.
///
/// ```
/// use bailiwick_domain::{ProjectId, TenantId};
/// use bailiwick_domain::access::{Level, Platform, Scope};
/// # use uuid::Uuid;
///
/// let tenant = TenantId::from_uuid(Uuid::from_u128(1));
/// let project = Scope::Project(tenant, ProjectId::from_uuid(Uuid::from_u128(2)));
///
/// assert!(project.takes(Level::Object) && !project.takes(Level::Tenant));
/// assert_eq!(Scope::from(tenant), Scope::Tenant(tenant));
/// assert_eq!(Scope::from(Platform), Scope::Platform);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// In the whole deployment.
    Platform,
    /// In one tenant, and so on everything in it.
    Tenant(TenantId),
    /// On one project of a tenant, and on everything in it.
    Project(TenantId, ProjectId),
}

/// What a permission is asked for on.
///
/// ```
/// use bailiwick_domain::{TenantId, access::{Object, Scope, Target}};
/// # use uuid::Uuid;
///
/// let tenant = TenantId::from_uuid(Uuid::from_u128(1));
/// let thing = Object { tenant, project: None, owner: None };
///
/// assert_eq!(Target::from(thing).scope(), Scope::Tenant(tenant));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Target {
    /// The whole deployment.
    Platform,
    /// A tenant, with everything in it.
    Tenant(TenantId),
    /// One thing of a tenant.
    Object(Object),
}

/// A thing of a tenant, as far as the policy needs to know it.
///
/// ```
/// use bailiwick_domain::{ProjectId, TenantId, UserId, access::Object};
/// # use uuid::Uuid;
///
/// // A document in a project, written by Ada.
/// let document = Object {
///     tenant: TenantId::from_uuid(Uuid::from_u128(1)),
///     project: Some(ProjectId::from_uuid(Uuid::from_u128(2))),
///     owner: Some(UserId::from_uuid(Uuid::from_u128(3))),
/// };
/// assert!(document.project.is_some());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Object {
    /// Whose it is.
    pub tenant: TenantId,
    /// The project that it is in, or that it is, if there is one.
    pub project: Option<ProjectId>,
    /// The person who may call it their own, if there is one.
    pub owner: Option<UserId>,
}

/// The mode of a scope that may be read.
///
/// ```
/// use bailiwick_domain::access::{Mode, Read, TenantScope};
///
/// /// A store's door that opens to whoever may read.
/// fn count(scope: &TenantScope<Read>) -> String {
///     format!("SELECT count(*) FROM invoices WHERE tenant_id = '{}'", scope.tenant())
/// }
/// assert!(!Read::WRITES);
/// ```
#[derive(Debug, Clone, Copy)]
pub enum Read {}

/// The mode of a scope that may be written.
///
/// ```
/// use bailiwick_domain::access::{Mode, TenantScope, Write};
///
/// /// A store's door that opens to whoever may write.
/// fn clear(scope: &TenantScope<Write>) -> String {
///     format!("DELETE FROM drafts WHERE tenant_id = '{}'", scope.tenant())
/// }
/// assert!(Write::WRITES);
/// ```
#[derive(Debug, Clone, Copy)]
pub enum Write {}

/// Proof that the policy let the caller into one tenant, to read or to write.
///
/// ```
/// use bailiwick_domain::{TenantId, UserId};
/// use bailiwick_domain::access::{Permission, Principal, Read, TenantScope, action::ListMembers, authorize};
/// # use uuid::Uuid;
///
/// fn names(scope: &TenantScope<Read>) -> String {
///     format!("SELECT name FROM members WHERE tenant_id = '{}'", scope.tenant().as_uuid())
/// }
///
/// let tenant = TenantId::from_uuid(Uuid::from_u128(1));
/// let bob = Principal::new(UserId::from_uuid(Uuid::from_u128(2)))
///     .granted(tenant, [Permission::ListMembers].into_iter().collect());
/// let permit = authorize::<ListMembers>(&bob, tenant)?;
///
/// assert!(names(permit.scope()).ends_with("000000000001'"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct TenantScope<Mode> {
    tenant: TenantId,
    mode: PhantomData<Mode>,
}

/// Proof that the policy let the caller act on one thing of a tenant.
///
/// ```
/// use bailiwick_domain::{ProjectId, TenantId, UserId};
/// use bailiwick_domain::access::{Object, Permission, Principal, action::DeleteProject, authorize};
/// # use uuid::Uuid;
///
/// let tenant = TenantId::from_uuid(Uuid::from_u128(1));
/// let ada = Principal::new(UserId::from_uuid(Uuid::from_u128(2)))
///     .granted(tenant, [Permission::DeleteProject].into_iter().collect());
/// let project = Some(ProjectId::from_uuid(Uuid::from_u128(3)));
///
/// let permit = authorize::<DeleteProject>(&ada, Object { tenant, project, owner: None })?;
/// assert_eq!(permit.scope().object().project, project);
/// assert_eq!(permit.scope().within().tenant(), tenant);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct ObjectScope<Mode> {
    object: Object,
    within: TenantScope<Mode>,
}

/// Proof that the policy let the caller act on the whole deployment.
///
/// ```
/// use bailiwick_domain::{UserId, role::operator_grants};
/// use bailiwick_domain::access::{Platform, Principal, action::ListTenants, authorize};
/// # use uuid::Uuid;
///
/// let eve = UserId::from_uuid(Uuid::from_u128(1));
/// let operator = Principal::new(eve).granted(Platform, operator_grants());
///
/// let permit = authorize::<ListTenants>(&operator, Platform)?;
/// assert_eq!(permit.scope().operator(), eve);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct PlatformScope<Mode> {
    operator: UserId,
    mode: PhantomData<Mode>,
}

impl<Mode> TenantScope<Mode> {
    pub(super) const fn new(tenant: TenantId) -> Self {
        Self {
            tenant,
            mode: PhantomData,
        }
    }

    /// The tenant that the proof is about.
    #[must_use]
    pub const fn tenant(&self) -> TenantId {
        self.tenant
    }
}

impl<Mode> ObjectScope<Mode> {
    /// The thing that the proof is about.
    #[must_use]
    pub const fn object(&self) -> Object {
        self.object
    }

    /// The tenant whose it is, as the proof that a store's door demands.
    #[must_use]
    pub const fn within(&self) -> &TenantScope<Mode> {
        &self.within
    }
}

impl<Mode> PlatformScope<Mode> {
    /// Who was let in: the database can ask again whether they are an operator.
    #[must_use]
    pub const fn operator(&self) -> UserId {
        self.operator
    }
}

/// On what a permission is held, and whether it reads or writes.
///
/// ```
/// use bailiwick_domain::access::{Catalogue, Level, Permission, Reach};
///
/// let reach = Permission::DeleteProject.reach();
/// assert_eq!(reach, Reach { level: Level::Object, writes: true });
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reach {
    /// On what.
    pub level: Level,
    /// Does it write?
    pub writes: bool,
}

/// The kind of thing that a permission is about.
///
/// ```
/// use bailiwick_domain::access::Level;
///
/// assert_eq!(Level::Tenant.name(), "organization");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// The deployment.
    Platform,
    /// A tenant as a whole.
    Tenant,
    /// A thing of a tenant: it can be held on all of them, on those of one project, and on one's own.
    Object,
}

impl Level {
    /// Its name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Platform => "platform",
            Self::Tenant => "organization",
            Self::Object => "object",
        }
    }
}

/// A scope as a proof. Sealed: only the scopes of this module are proofs, and only the policy makes them.
///
/// ```
/// use bailiwick_domain::access::{Level, Proof, TenantScope, Write};
///
/// assert_eq!(<TenantScope<Write> as Proof>::REACH.level, Level::Tenant);
/// ```
pub trait Proof: sealed::Sealed + Debug + Sized + 'static {
    /// The place that it is a proof about.
    type At: Copy + Debug + Into<Target>;
    /// The kind of place, and the mode.
    const REACH: Reach;

    #[doc(hidden)]
    fn mint(at: Self::At, by: Actor, seal: Seal) -> Self;
}

/// A proof about one thing of a tenant, which has to be looked up before the policy can be asked.
///
/// ```
/// use bailiwick_domain::access::{Action, Claim, Object, OnObject, Permit};
///
/// /// Works for every permission about a thing, and for no other.
/// fn on<A: Action<Scope: OnObject>>(claim: &Claim<A>, thing: Object) -> Option<Permit<A>> {
///     claim.on(thing).ok()
/// }
/// ```
pub trait OnObject: Proof<At = Object> {
    /// [`Read`] or [`Write`].
    type Mode: Mode;
}

/// The policy's own hand: nothing outside `access` can hold one.
#[doc(hidden)]
#[derive(Debug)]
pub struct Seal(pub(super) ());

impl<M: Mode> Proof for TenantScope<M> {
    type At = TenantId;
    const REACH: Reach = Reach {
        level: Level::Tenant,
        writes: M::WRITES,
    };

    fn mint(tenant: TenantId, _: Actor, _: Seal) -> Self {
        Self::new(tenant)
    }
}

impl<M: Mode> Proof for ObjectScope<M> {
    type At = Object;
    const REACH: Reach = Reach {
        level: Level::Object,
        writes: M::WRITES,
    };

    fn mint(object: Object, _: Actor, _: Seal) -> Self {
        Self {
            object,
            within: TenantScope::new(object.tenant),
        }
    }
}

impl<M: Mode> OnObject for ObjectScope<M> {
    type Mode = M;
}

impl<M: Mode> Proof for PlatformScope<M> {
    type At = Platform;
    const REACH: Reach = Reach {
        level: Level::Platform,
        writes: M::WRITES,
    };

    fn mint(Platform: Platform, operator: Actor, _: Seal) -> Self {
        Self {
            // No machine holds anything on the platform.
            operator: operator.answerable(),
            mode: PhantomData,
        }
    }
}

/// The deployment, as a place to ask about.
///
/// ```
/// use bailiwick_domain::access::{Platform, Scope, Target};
///
/// assert_eq!(Scope::from(Platform), Scope::Platform);
/// assert_eq!(Target::from(Platform), Target::Platform);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Platform;

impl Scope {
    /// May a permission of this level be held here? Held anywhere else it means nothing.
    #[must_use]
    pub const fn takes(self, level: Level) -> bool {
        matches!(
            (self, level),
            (Self::Platform, Level::Platform)
                | (Self::Tenant(_), Level::Tenant | Level::Object)
                | (Self::Project(..), Level::Object)
        )
    }
}

impl Target {
    /// The place that an act on it is recorded in.
    #[must_use]
    pub const fn scope(self) -> Scope {
        match self {
            Self::Platform => Scope::Platform,
            Self::Tenant(tenant) | Self::Object(Object { tenant, .. }) => Scope::Tenant(tenant),
        }
    }
}

impl From<TenantId> for Scope {
    fn from(tenant: TenantId) -> Self {
        Self::Tenant(tenant)
    }
}

impl From<Platform> for Scope {
    fn from(Platform: Platform) -> Self {
        Self::Platform
    }
}

impl From<TenantId> for Target {
    fn from(tenant: TenantId) -> Self {
        Self::Tenant(tenant)
    }
}

impl From<Platform> for Target {
    fn from(Platform: Platform) -> Self {
        Self::Platform
    }
}

impl From<Object> for Target {
    fn from(object: Object) -> Self {
        Self::Object(object)
    }
}

/// [`Read`] or [`Write`].
///
/// ```
/// use bailiwick_domain::access::{Mode, TenantScope};
///
/// fn verb<M: Mode>(_: &TenantScope<M>) -> &'static str {
///     if M::WRITES { "BEGIN IMMEDIATE" } else { "BEGIN" }
/// }
/// ```
pub trait Mode: sealed::Sealed + Debug + Send + Sync + 'static {
    /// Does it write?
    const WRITES: bool;
}

impl Mode for Read {
    const WRITES: bool = false;
}

impl Mode for Write {
    const WRITES: bool = true;
}

mod sealed {
    /// Unnameable outside this module, so that nobody adds a scope or a mode of their own.
    pub trait Sealed {}

    impl<M> Sealed for super::TenantScope<M> {}
    impl<M> Sealed for super::ObjectScope<M> {}
    impl<M> Sealed for super::PlatformScope<M> {}
    impl Sealed for super::Read {}
    impl Sealed for super::Write {}
}
