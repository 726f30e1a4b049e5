//! Members: who belongs to a tenant, and as what.
//!
//! ```
//! use bailiwick_domain::member::MemberStatus;
//!
//! assert_eq!(MemberStatus::ALL.map(MemberStatus::name), ["active", "suspended"]);
//! ```

use crate::{
    MemberId, TenantId, Timestamp, UserId, Version,
    access::{
        Action, Assignment, Grants, MemberScope, Permission, Permit, Principal, Standing,
        TenantScope, Write,
        action::{AssignRoles, InviteMember, RemoveMember, ShareProject, SuspendMember},
    },
    project::{OtherObject, Project},
    role::{BuiltIn, Escalation, RoleBook, hand_on},
    tenant::Tenant,
};
use alloc::vec::Vec;

/// One person's membership of one tenant.
///
/// ```
/// # use bailiwick_domain::{MemberId, ProjectId, RoleId, TenantId, Timestamp, UserId};
/// # use bailiwick_domain::access::{AccountScope, Assignment, action::*, authorize, membership};
/// # use bailiwick_domain::project::Project;
/// # use bailiwick_domain::tenant::Tenant;
/// # use bailiwick_domain::user::User;
/// # use uuid::Uuid;
/// use bailiwick_domain::member::{Member, MemberStatus, Owners};
/// use bailiwick_domain::role::RoleBook;
///
/// # let now = Timestamp::from_micros(0);
/// # let id = Uuid::from_u128;
/// # let ada = User::new(UserId::from_uuid(id(1)), "ada@example.com".parse()?, "Ada".parse()?, now);
/// # let founding = AccountScope::registering(&ada).founding(TenantId::from_uuid(id(2)));
/// # let roles = [3, 4, 5].map(|role| RoleId::from_uuid(id(role)));
/// # let acme = Tenant::found(&founding, "Acme".parse()?, MemberId::from_uuid(id(6)), roles, now);
/// # let tenant = acme.tenant.id;
/// let book = RoleBook::of(acme.roles.to_vec());
/// let owners = Owners(vec![acme.owner.id]);
/// let ada = acme.owner.principal(&acme.tenant, &book, now);
/// let [_, admin, plain] = acme.roles.each_ref().map(|role| Assignment::of(role.id));
///
/// let permit = authorize::<InviteMember>(&ada, tenant)?;
/// let (bob, user) = (MemberId::from_uuid(id(7)), UserId::from_uuid(id(8)));
/// let mut bob = Member::add(&permit, &book, bob, user, vec![plain], now)?;
/// assert_eq!(bob.holds(&book), acme.roles[2].grants);
/// assert!(bob.standing(&acme.tenant, book.clone()).is_in_order());
///
/// bob.change_roles(&authorize::<AssignRoles>(&ada, tenant)?, &book, &owners, vec![admin], now)?;
/// let permit = authorize::<SuspendMember>(&ada, tenant)?;
/// bob.suspend(&permit, &book, &owners)?;
/// assert_eq!(bob.status, MemberStatus::Suspended);
/// bob.resume(&permit, &book)?;
///
/// let permit = authorize::<CreateProject>(&ada, tenant)?;
/// let apollo = Project::create(&permit, ProjectId::from_uuid(id(9)), "Apollo".parse()?, now);
/// bob.share(&authorize::<ShareProject>(&ada, apollo.object())?, &book, &apollo, vec![plain], now)?;
/// assert_eq!(bob.assignments.len(), 2);
///
/// bob.removable(&authorize::<RemoveMember>(&ada, tenant)?, &book, &owners)?;
/// let scope = membership(&ada, tenant)?;
/// assert!(acme.owner.may_leave(&scope, &owners).is_err(), "the last owner stays");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Which membership.
    pub id: MemberId,
    /// Of which tenant.
    pub tenant: TenantId,
    /// Whose.
    pub user: UserId,
    /// Is it in order?
    pub status: MemberStatus,
    /// What they were given.
    pub assignments: Vec<Assignment>,
    /// When they became a member.
    pub created_at: Timestamp,
    /// How often what they were given has changed.
    pub version: Version,
}

/// Is a membership in order?
///
/// ```
/// use bailiwick_domain::member::MemberStatus;
///
/// assert_eq!(MemberStatus::Suspended.name(), "suspended");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MemberStatus {
    /// Yes.
    Active,
    /// The member may do nothing in this tenant.
    Suspended,
}

/// The active owners of a tenant, while nobody else can change them.
///
/// ```
/// use bailiwick_domain::{MemberId, member::{LastOwner, Owners}};
/// # use uuid::Uuid;
///
/// let [ada, bob] = [1, 2].map(|id| MemberId::from_uuid(Uuid::from_u128(id)));
///
/// let owners = Owners(vec![ada]);
/// assert!(owners.contain(ada) && !owners.contain(bob));
/// assert_eq!(owners.without(ada), Err(LastOwner));
/// assert_eq!(Owners(vec![ada, bob]).without(ada), Ok(()));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owners(pub Vec<MemberId>);

/// The tenant would be without an active owner.
///
/// ```
/// use bailiwick_domain::member::LastOwner;
///
/// assert_eq!(LastOwner.to_string(), "the last active owner has to stay");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the last active owner has to stay")]
pub struct LastOwner;

/// Why a membership is not as it was asked to be.
///
/// ```
/// use bailiwick_domain::member::{LastOwner, MemberError};
///
/// assert_eq!(MemberError::from(LastOwner).to_string(), "the last active owner has to stay");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MemberError {
    /// The tenant would be without an active owner.
    #[error(transparent)]
    LastOwner(#[from] LastOwner),
    /// The member holds, held or would hold more than the one who asks.
    #[error(transparent)]
    Escalation(#[from] Escalation),
    /// There is no such role in the tenant.
    #[error("there is no such role")]
    UnknownRole,
    /// The permit is for another project.
    #[error(transparent)]
    OtherObject(#[from] OtherObject),
    /// Time would take the owner away.
    #[error("the role of an owner has no end, and is held in the whole organization")]
    OwnershipIsWhole,
    /// The end of the role lies in the past.
    #[error("the role would have ended already")]
    EndsInThePast,
}

impl MemberStatus {
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

impl Owners {
    /// Is there an owner left without this member?
    ///
    /// # Errors
    /// When they are the last one.
    pub fn without(&self, member: MemberId) -> Result<(), LastOwner> {
        match self.0.as_slice() {
            [only] if *only == member => Err(LastOwner),
            _ => Ok(()),
        }
    }

    /// Is the member one of them?
    #[must_use]
    pub fn contain(&self, member: MemberId) -> bool {
        self.0.contains(&member)
    }
}

impl Member {
    /// How many roles a member may have at most, in the whole tenant or on one project.
    pub const MAX_ROLES: usize = 50;

    /// Somebody who has an account becomes a member at once.
    ///
    /// # Errors
    /// When a role holds more than the one who adds.
    pub fn add(
        permit: &Permit<InviteMember>,
        book: &RoleBook,
        id: MemberId,
        user: UserId,
        assignments: Vec<Assignment>,
        now: Timestamp,
    ) -> Result<Self, MemberError> {
        acceptable(book, &assignments, now)?;
        hand_on(permit.held(), &book.effective_of(&assignments))?;
        Ok(Self::new(permit.scope(), id, user, assignments, now))
    }

    pub(crate) fn new(
        scope: &TenantScope<Write>,
        id: MemberId,
        user: UserId,
        assignments: Vec<Assignment>,
        now: Timestamp,
    ) -> Self {
        Self::joined(scope.tenant(), id, user, assignments, now)
    }

    pub(crate) const fn joined(
        tenant: TenantId,
        id: MemberId,
        user: UserId,
        assignments: Vec<Assignment>,
        now: Timestamp,
    ) -> Self {
        Self {
            id,
            tenant,
            user,
            status: MemberStatus::Active,
            assignments,
            created_at: now,
            version: Version::FIRST,
        }
    }

    /// The member's standing in their tenant, as far as tenant and roles decide it.
    #[must_use]
    pub fn standing(&self, tenant: &Tenant, roles: RoleBook) -> Standing {
        Standing {
            tenant: self.tenant,
            tenant_status: tenant.status,
            member: self.id,
            member_status: self.status,
            account_suspended: false,
            second_factor_missing: false,
            assignments: self.assignments.clone(),
            roles,
        }
    }

    /// The member as whoever asks, with what they hold at this moment.
    #[must_use]
    pub fn principal(&self, tenant: &Tenant, roles: &RoleBook, now: Timestamp) -> Principal {
        Principal::new(self.user).standing(&self.standing(tenant, roles.clone()), now)
    }

    /// All that the roles hold, whatever is in the way.
    #[must_use]
    pub fn holds(&self, book: &RoleBook) -> Grants {
        book.effective_of(&self.assignments)
    }

    /// Other roles in the whole tenant; those on projects stay.
    ///
    /// # Errors
    /// When the old or the new ones hold more than the one who asks; when the last owner would be gone.
    pub fn change_roles(
        &mut self,
        permit: &Permit<AssignRoles>,
        book: &RoleBook,
        owners: &Owners,
        roles: Vec<Assignment>,
        now: Timestamp,
    ) -> Result<(), MemberError> {
        let whole = |one| Assignment {
            project: None,
            ..one
        };
        let roles: Vec<_> = roles.into_iter().map(whole).collect();
        acceptable(book, &roles, now)?;
        self.outranked_by(permit, book)?;
        hand_on(permit.held(), &book.effective_of(&roles))?;
        if !holds_ownership(book, &roles) {
            owners.without(self.id)?;
        }
        let on_projects = self.assignments.iter().copied();
        let on_projects = on_projects.filter(|one| one.project.is_some());
        self.assignments = roles.into_iter().chain(on_projects).collect();
        self.version = self.version.next();
        Ok(())
    }

    /// Roles on one project; those in the whole tenant and on other projects stay.
    ///
    /// # Errors
    /// When the old or the new ones hold more on it than the one who asks.
    pub fn share(
        &mut self,
        permit: &Permit<ShareProject>,
        book: &RoleBook,
        project: &Project,
        roles: Vec<Assignment>,
        now: Timestamp,
    ) -> Result<(), MemberError> {
        project.is_that_of(permit.scope().object())?;
        let roles: Vec<_> = roles
            .into_iter()
            .map(|one| Assignment {
                project: Some(project.id),
                ..one
            })
            .collect();
        acceptable(book, &roles, now)?;
        let here = |one: &Assignment| one.project == Some(project.id);
        let before: Vec<_> = self.assignments.iter().copied().filter(here).collect();
        for given in [&before, &roles] {
            hand_on(permit.held(), &book.effective_of(given))?;
        }
        self.assignments.retain(|one| !here(one));
        self.assignments.extend(roles);
        self.version = self.version.next();
        Ok(())
    }

    /// Nothing is permitted to the member any more.
    ///
    /// # Errors
    /// When they hold more than the one who asks, or are the last owner.
    pub fn suspend(
        &mut self,
        permit: &Permit<SuspendMember>,
        book: &RoleBook,
        owners: &Owners,
    ) -> Result<(), MemberError> {
        self.outranked_by(permit, book)?;
        owners.without(self.id)?;
        self.status = MemberStatus::Suspended;
        self.version = self.version.next();
        Ok(())
    }

    /// What was permitted is permitted again.
    ///
    /// # Errors
    /// When they hold more than the one who asks.
    pub fn resume(
        &mut self,
        permit: &Permit<SuspendMember>,
        book: &RoleBook,
    ) -> Result<(), MemberError> {
        self.outranked_by(permit, book)?;
        self.status = MemberStatus::Active;
        self.version = self.version.next();
        Ok(())
    }

    /// May they be removed?
    ///
    /// # Errors
    /// When they hold more than the one who asks, or are the last owner.
    pub fn removable(
        &self,
        permit: &Permit<RemoveMember>,
        book: &RoleBook,
        owners: &Owners,
    ) -> Result<(), MemberError> {
        self.outranked_by(permit, book)?;
        Ok(owners.without(self.id)?)
    }

    /// May they leave?
    ///
    /// # Errors
    /// When they are the last owner.
    pub fn may_leave(&self, _: &MemberScope, owners: &Owners) -> Result<(), LastOwner> {
        owners.without(self.id)
    }

    /// Nobody acts on a member who holds more than they do themselves.
    fn outranked_by<A: Action<Catalogue = Permission>>(
        &self,
        permit: &Permit<A>,
        book: &RoleBook,
    ) -> Result<(), Escalation> {
        hand_on(permit.held(), &self.holds(book))
    }
}

/// Do these roles make an owner, whenever?
pub(crate) fn holds_ownership(book: &RoleBook, assignments: &[Assignment]) -> bool {
    assignments.iter().any(|one| {
        one.project.is_none()
            && book
                .get(one.role)
                .is_some_and(|role| role.built_in == Some(BuiltIn::Owner))
    })
}

/// Can these be given at all?
fn acceptable(
    book: &RoleBook,
    assignments: &[Assignment],
    now: Timestamp,
) -> Result<(), MemberError> {
    for one in assignments {
        let role = book.get(one.role).ok_or(MemberError::UnknownRole)?;
        let whole = one.project.is_none() && one.expires_at.is_none();
        if role.built_in == Some(BuiltIn::Owner) && !whole {
            return Err(MemberError::OwnershipIsWhole);
        }
        if !one.is_live(now) {
            return Err(MemberError::EndsInThePast);
        }
    }
    Ok(())
}

/// To how many tenants a person may belong.
///
/// ```
/// use bailiwick_domain::{TenantId, member::{AlreadyElsewhere, MembershipMode}};
/// # use uuid::Uuid;
///
/// let [acme, globex] = [1, 2].map(|id| TenantId::from_uuid(Uuid::from_u128(id)));
///
/// assert_eq!(MembershipMode::Many.admits(acme, &[globex]), Ok(()));
/// assert_eq!(MembershipMode::One.admits(acme, &[]), Ok(()));
/// assert_eq!(MembershipMode::One.admits(acme, &[globex]), Err(AlreadyElsewhere));
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum MembershipMode {
    /// As many as they like.
    #[default]
    Many,
    /// One.
    One,
}

/// A second membership where one is the limit.
///
/// ```
/// use bailiwick_domain::member::AlreadyElsewhere;
///
/// assert!(AlreadyElsewhere.to_string().starts_with("this person belongs to another organization"));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this person belongs to another organization, and may belong to one only")]
pub struct AlreadyElsewhere;

impl MembershipMode {
    /// May somebody who belongs to these tenants join this one?
    ///
    /// # Errors
    /// When they may belong to one only, and belong to another.
    pub fn admits(self, tenant: TenantId, tenants: &[TenantId]) -> Result<(), AlreadyElsewhere> {
        match self {
            Self::Many => Ok(()),
            Self::One if tenants.iter().all(|other| *other == tenant) => Ok(()),
            Self::One => Err(AlreadyElsewhere),
        }
    }
}
