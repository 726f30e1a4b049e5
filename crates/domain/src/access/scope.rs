//! Where an action happens: as a value ([`Scope`], [`Target`]) and as a proof ([`TenantScope`], [`ObjectScope`]).

use super::Actor;
use crate::{ProjectId, TenantId, UserId};
use std::{fmt::Debug, marker::PhantomData};

/// Where permissions are held.
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
#[derive(Debug, Clone, Copy)]
pub enum Read {}

/// The mode of a scope that may be written.
#[derive(Debug, Clone, Copy)]
pub enum Write {}

/// Proof that the policy let the caller into one tenant, to read or to write.
#[derive(Debug)]
pub struct TenantScope<Mode> {
    tenant: TenantId,
    mode: PhantomData<Mode>,
}

/// Proof that the policy let the caller act on one thing of a tenant.
#[derive(Debug)]
pub struct ObjectScope<Mode> {
    object: Object,
    within: TenantScope<Mode>,
}

/// Proof that the policy let the caller act on the whole deployment.
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reach {
    /// On what.
    pub level: Level,
    /// Does it write?
    pub writes: bool,
}

/// The kind of thing that a permission is about.
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
pub trait Proof: sealed::Sealed + Debug + Sized + 'static {
    /// The place that it is a proof about.
    type At: Copy + Debug + Into<Target>;
    /// The kind of place, and the mode.
    const REACH: Reach;

    #[doc(hidden)]
    fn mint(at: Self::At, by: Actor, seal: Seal) -> Self;
}

/// A proof about one thing of a tenant, which has to be looked up before the policy can be asked.
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
