//! What can be permitted: one line a permission makes a value, a wire name and a type.
//!
//! ```
//! use bailiwick_domain::access::{Catalogue, Permission};
//!
//! let sensitive = Permission::ALL.iter().filter(|permission| permission.is_reserved());
//! assert_eq!(sensitive.map(|one| one.name()).collect::<Vec<_>>(), ["organization:own"]);
//! ```

use super::scope::{Level, Proof, Reach};
use alloc::{borrow::ToOwned, string::String};
use core::{fmt::Debug, hash::Hash};

/// A closed list of permissions, as [`permissions!`](crate::permissions) declares it.
///
/// ```
/// use bailiwick_domain::access::{Catalogue, Level, Permission, Risk};
///
/// let invite = Permission::named("member:invite")?;
///
/// assert_eq!(invite, Permission::InviteMember);
/// assert_eq!(Permission::ALL[invite.index()], invite);
/// assert_eq!(invite.name(), "member:invite");
/// assert!(invite.description().starts_with("Invite people"));
/// assert_eq!((invite.reach().level, invite.risk()), (Level::Tenant, Risk::High));
/// assert!(!invite.is_reserved() && !invite.is_ownable());
/// assert!(Permission::named("member:praise").is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Catalogue: Debug + Copy + Ord + Hash + Send + Sync + 'static {
    /// The bits of a [`PermissionSet`](super::PermissionSet): as many words as the catalogue needs.
    type Words: AsMut<[u64]> + AsRef<[u64]> + Copy + Debug + Default + Eq + Send + Sync + 'static;
    /// Leave to be an [`Action`] of this catalogue, which only its own macro can write.
    #[doc(hidden)]
    type Seal<A>;

    /// Every permission, in the order of the declaration.
    const ALL: &'static [Self];

    /// Its place in [`Catalogue::ALL`]. Valid while the process runs: stores keep [`Catalogue::name`].
    fn index(self) -> usize;
    /// Its name on the wire and in the store, like `member:add`.
    fn name(self) -> &'static str;
    /// What holding it lets one do, in a sentence.
    fn description(self) -> &'static str;
    /// Where it is held, and whether it reads or writes.
    fn reach(self) -> Reach;
    /// What a wrong grant of it would cost.
    fn risk(self) -> Risk;
    /// Is it kept for the owners of a tenant? No role of a tenant's own may hold it, and it outlives a suspension.
    fn is_reserved(self) -> bool;

    /// Can it be held for one's own things alone?
    fn is_ownable(self) -> bool {
        self.reach().level == Level::Object
    }

    /// The permission with this wire name.
    ///
    /// # Errors
    /// When the catalogue has none.
    fn named(name: &str) -> Result<Self, UnknownPermission> {
        Self::ALL
            .iter()
            .copied()
            .find(|permission| permission.name() == name)
            .ok_or_else(|| UnknownPermission(name.to_owned()))
    }
}

/// A permission as a type, so that a signature can demand it.
///
/// ```
/// use bailiwick_domain::access::{Action, Catalogue, action::InviteMember};
///
/// fn name<A: Action>() -> &'static str {
///     A::PERMISSION.name()
/// }
///
/// assert_eq!(name::<InviteMember>(), "member:invite");
/// ```
pub trait Action: Sized + 'static {
    /// The list that it is on.
    type Catalogue: Catalogue;
    /// What a permit for it proves about a place.
    type Scope: Proof;
    /// The permission as a value.
    const PERMISSION: Self::Catalogue;

    /// Without this an outsider could pair a weak permission with a strong scope.
    #[doc(hidden)]
    fn seal() -> <Self::Catalogue as Catalogue>::Seal<Self>;
}

/// What a wrong grant of a permission would cost.
///
/// ```
/// use bailiwick_domain::access::{Catalogue, Permission, Risk};
///
/// let dangerous = |permission: &Permission| permission.risk() == Risk::High;
/// assert!(dangerous(&Permission::AssignRoles) && !dangerous(&Permission::ListRoles));
/// assert!(Risk::Low < Risk::High);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Risk {
    /// Somebody sees what a member of the tenant may see anyway.
    Low,
    /// Somebody changes what can be changed back.
    Medium,
    /// Somebody changes who may do what, or destroys.
    High,
}

/// A name that is on no line of the catalogue.
///
/// ```
/// use bailiwick_domain::access::Permission;
///
/// let error = "member:praise".parse::<Permission>().unwrap_err();
/// assert_eq!(error.to_string(), "unknown permission `member:praise`");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown permission `{0}`")]
pub struct UnknownPermission(String);

/// Declares a catalogue: an enum of its permissions, and a module with a type for each.
///
/// ```
/// use bailiwick_domain::{TenantId, UserId, access::*};
///
/// bailiwick_domain::permissions! {
///     /// What can be done with invoices.
///     pub enum Invoicing, pub mod invoicing {
///         /// See the invoices.
///         ListInvoices   "invoice:list"      TenantScope<Read>     Low;
///         /// Approve an invoice for payment.
///         ApproveInvoice "invoice:approve"   TenantScope<Write>    High;
///     }
/// }
///
/// fn pay(permit: &Permit<invoicing::ApproveInvoice>) -> TenantId {
///     permit.scope().tenant()
/// }
///
/// fn main() -> Result<(), Denied<Invoicing>> {
///     let tenant = TenantId::from_uuid(uuid::Uuid::nil());
///     let clerk = Principal::new(UserId::from_uuid(uuid::Uuid::nil()))
///         .granted(tenant, [Invoicing::ListInvoices].into_iter().collect());
///     assert!(authorize::<invoicing::ApproveInvoice>(&clerk, tenant).is_err());
///
///     let head = clerk.granted(tenant, [Invoicing::ApproveInvoice].into_iter().collect());
///     assert_eq!(pay(&authorize(&head, tenant)?), tenant);
///     Ok(())
/// }
/// ```
#[macro_export]
macro_rules! permissions {
    (@reserved) => { false };
    (@reserved reserved) => { true };
    (
        $(#[$meta:meta])*
        $vis:vis enum $catalogue:ident,
        $(#[$modmeta:meta])*
        $modvis:vis mod $module:ident {
            $(
                #[doc = $doc:literal]
                $name:ident $wire:literal $proof:ident<$mode:ident> $risk:ident $($reserved:ident)?;
            )+
        }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        $vis enum $catalogue {
            $(#[doc = $doc] $name),+
        }

        impl $crate::access::Catalogue for $catalogue {
            type Words = [u64; [$($wire),+].len().div_ceil(64)];
            type Seal<A> = $module::Seal<A>;

            const ALL: &'static [Self] = &[$(Self::$name),+];

            fn index(self) -> usize {
                self as usize
            }
            fn name(self) -> &'static str {
                match self { $(Self::$name => $wire),+ }
            }
            fn description(self) -> &'static str {
                match self { $(Self::$name => $doc.trim_ascii()),+ }
            }
            fn reach(self) -> $crate::access::Reach {
                use $crate::access::{Action, Proof};
                match self {
                    $(Self::$name => <<$module::$name as Action>::Scope as Proof>::REACH),+
                }
            }
            fn risk(self) -> $crate::access::Risk {
                match self { $(Self::$name => $crate::access::Risk::$risk),+ }
            }
            fn is_reserved(self) -> bool {
                match self { $(Self::$name => $crate::permissions!(@reserved $($reserved)?)),+ }
            }
        }

        impl ::core::fmt::Display for $catalogue {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                f.write_str($crate::access::Catalogue::name(*self))
            }
        }

        impl ::core::str::FromStr for $catalogue {
            type Err = $crate::access::UnknownPermission;
            fn from_str(name: &str) -> Result<Self, Self::Err> {
                $crate::access::Catalogue::named(name)
            }
        }

        #[doc = concat!("A type for each [`", stringify!($catalogue), "`], for signatures to demand.")]
        $(#[$modmeta])*
        $modvis mod $module {
            #[doc(hidden)]
            #[derive(Debug)]
            pub struct Seal<A>(::core::marker::PhantomData<fn() -> A>);

            $(
                #[doc = $doc]
                #[derive(Debug, Clone, Copy)]
                pub struct $name;

                impl $crate::access::Action for $name {
                    type Catalogue = super::$catalogue;
                    type Scope = $crate::access::$proof<$crate::access::$mode>;
                    const PERMISSION: super::$catalogue = super::$catalogue::$name;

                    fn seal() -> Seal<Self> {
                        Seal(::core::marker::PhantomData)
                    }
                }
            )+
        }
    };
}

#[rustfmt::skip]
crate::permissions! {
    /// The built-in catalogue.
    ///
    /// ```
    /// use bailiwick_domain::access::Permission;
    ///
    /// let invite: Permission = "member:invite".parse()?;
    /// assert_eq!(invite, Permission::InviteMember);
    /// assert_eq!(invite.to_string(), "member:invite");
    /// # Ok::<(), bailiwick_domain::access::UnknownPermission>(())
    /// ```
    pub enum Permission,
    ///
    /// ```
    /// use bailiwick_domain::{TenantId, access::{Permit, action::InviteMember}};
    ///
    /// fn invite(permit: &Permit<InviteMember>) -> TenantId {
    ///     permit.scope().tenant()
    /// }
    /// ```
    pub mod action {
        /// See the organization itself.
        ReadOrganization   "organization:read"   TenantScope<Read>      Low;
        /// Rename the organization, and change its settings.
        UpdateOrganization "organization:update" TenantScope<Write>     Medium;
        /// Own the organization: suspend, resume, transfer, delete and restore it, and make others its owners.
        OwnOrganization    "organization:own"    TenantScope<Write>     High     reserved;

        /// See who is a member, with which roles.
        ListMembers        "member:list"         TenantScope<Read>      Low;
        /// Invite people and add members, with roles that hold no more than one's own.
        InviteMember       "member:invite"       TenantScope<Write>     High;
        /// Change which roles members have.
        AssignRoles        "member:assign"       TenantScope<Write>     High;
        /// Suspend and resume members.
        SuspendMember      "member:suspend"      TenantScope<Write>     High;
        /// Remove members.
        RemoveMember       "member:remove"       TenantScope<Write>     High;

        /// See who is invited, with which roles.
        ListInvitations    "invitation:list"     TenantScope<Read>      Low;
        /// Take invitations back.
        RevokeInvitation   "invitation:revoke"   TenantScope<Write>     Medium;

        /// See the roles, and what each holds.
        ListRoles          "role:list"           TenantScope<Read>      Low;
        /// Create roles that hold no more than one's own.
        CreateRole         "role:create"         TenantScope<Write>     High;
        /// Change what roles hold.
        UpdateRole         "role:update"         TenantScope<Write>     High;
        /// Delete roles.
        DeleteRole         "role:delete"         TenantScope<Write>     High;

        /// See the service accounts, with their roles.
        ListServiceAccounts  "service_account:list"   TenantScope<Read>  Low;
        /// Create service accounts, with roles that hold no more than one's own.
        CreateServiceAccount "service_account:create" TenantScope<Write> High;
        /// Rename, suspend and resume service accounts, and change their roles.
        UpdateServiceAccount "service_account:update" TenantScope<Write> High;
        /// Delete service accounts, with their keys.
        DeleteServiceAccount "service_account:delete" TenantScope<Write> High;

        /// See the API keys, with what each may do; never their secrets.
        ListApiKeys        "api_key:list"        TenantScope<Read>      Low;
        /// Make API keys that go no further than oneself.
        CreateApiKey       "api_key:create"      TenantScope<Write>     High;
        /// Give API keys another secret.
        RotateApiKey       "api_key:rotate"      TenantScope<Write>     High;
        /// Revoke API keys.
        RevokeApiKey       "api_key:revoke"      TenantScope<Write>     High;

        /// Create a project.
        CreateProject      "project:create"      TenantScope<Write>     Medium;
        /// See a project.
        ReadProject        "project:read"        ObjectScope<Read>      Low;
        /// Rename a project.
        UpdateProject      "project:update"      ObjectScope<Write>     Medium;
        /// Delete a project.
        DeleteProject      "project:delete"      ObjectScope<Write>     High;
        /// Give members roles on a project, and take them away.
        ShareProject       "project:share"       ObjectScope<Write>     High;

        /// Read the audit trail of the organization.
        ReadAudit          "audit:read"          TenantScope<Read>      Medium;
        /// Ask why another member may do something or may not.
        ExplainAccess      "access:explain"      TenantScope<Read>      Medium;
        /// See how the organization stands: counts, members needing attention, refusals.
        Oversee            "admin:overview"      TenantScope<Read>      Medium;

        /// See every organization of the platform.
        ListTenants        "tenant:list"         PlatformScope<Read>    High;
        /// Suspend and resume organizations.
        SuspendTenant      "tenant:suspend"      PlatformScope<Write>   High;
        /// See every account of the platform.
        ListUsers          "user:list"           PlatformScope<Read>    High;
        /// Suspend and resume accounts.
        SuspendUser        "user:suspend"        PlatformScope<Write>   High;
    }
}
