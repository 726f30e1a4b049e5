//! Where an action happens: as a value ([`Scope`]) and as a proof ([`TenantScope`]).

use crate::TenantId;
use std::{fmt::Debug, marker::PhantomData};

/// Where a permission is held or asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// The whole deployment.
    Platform,
    /// One tenant.
    Tenant(TenantId),
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

/// Proof that the policy let the caller act on the whole deployment.
#[derive(Debug)]
pub struct PlatformScope<Mode> {
    mode: PhantomData<Mode>,
}

impl<Mode> TenantScope<Mode> {
    /// The tenant that the proof is about.
    #[must_use]
    pub const fn tenant(&self) -> TenantId {
        self.tenant
    }
}

/// Where a permission is held, and whether it reads or writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reach {
    /// Is it held in a tenant, rather than on the platform?
    pub in_tenant: bool,
    /// Does it write?
    pub writes: bool,
}

/// A scope as a proof. Sealed: only the scopes of this module are proofs, and only the policy makes them.
pub trait Proof: sealed::Sealed + Debug + Sized + 'static {
    /// The place that it is a proof about.
    type At: Copy + Into<Scope>;
    /// The kind of place, and the mode.
    const REACH: Reach;

    #[doc(hidden)]
    fn mint(at: Self::At, seal: Seal) -> Self;
}

/// The policy's own hand: nothing outside `access` can hold one.
#[doc(hidden)]
#[derive(Debug)]
pub struct Seal(pub(super) ());

impl<M: Mode> Proof for TenantScope<M> {
    type At = TenantId;
    const REACH: Reach = Reach {
        in_tenant: true,
        writes: M::WRITES,
    };

    fn mint(tenant: TenantId, _: Seal) -> Self {
        Self {
            tenant,
            mode: PhantomData,
        }
    }
}

impl<M: Mode> Proof for PlatformScope<M> {
    type At = Platform;
    const REACH: Reach = Reach {
        in_tenant: false,
        writes: M::WRITES,
    };

    fn mint(Platform: Platform, _: Seal) -> Self {
        Self { mode: PhantomData }
    }
}

/// The deployment, as a place to ask about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Platform;

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

/// [`Read`] or [`Write`].
pub trait Mode: sealed::Sealed + Debug + 'static {
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
    impl<M> Sealed for super::PlatformScope<M> {}
    impl Sealed for super::Read {}
    impl Sealed for super::Write {}
}
