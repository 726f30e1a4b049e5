//! Roles: named sets of grants, owned by a tenant, that may include each other.
//!
//! ```
//! use bailiwick_domain::role::{BuiltIn, Escalation, hand_on};
//!
//! // An admin makes nobody an owner.
//! let (admin, owner) = (BuiltIn::Admin.grants(), BuiltIn::Owner.grants());
//! assert_eq!(hand_on(&admin, &owner), Err(Escalation));
//! assert_eq!(hand_on(&owner, &admin), Ok(()));
//! ```

use crate::{
    Name, RoleId, Version,
    access::{
        Action, Assignment, Catalogue, Grant, Grants, InvalidGrant, Level, Permission, Permit,
        action::{CreateRole, DeleteRole, UpdateRole},
    },
    version::Stale,
};
use alloc::{collections::VecDeque, vec, vec::Vec};
use core::{fmt, str::FromStr};

/// A role of one tenant.
///
/// ```
/// use bailiwick_domain::{RoleId, Version, access::Grants, role::{BuiltIn, Role}};
/// # use uuid::Uuid;
///
/// let admin = Role::built_in(RoleId::from_uuid(Uuid::from_u128(1)), BuiltIn::Admin);
/// assert_eq!(admin.name.as_str(), "admin");
///
/// let maker: Role = Role {
///     id: RoleId::from_uuid(Uuid::from_u128(2)),
///     name: "Maker".parse()?,
///     built_in: None,
///     grants: Grants::stored("project:create")?,
///     includes: vec![admin.id],
///     version: Version::FIRST,
/// };
/// assert_eq!(maker.grants.len(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role<C: Catalogue = Permission> {
    /// Which.
    pub id: RoleId,
    /// What people call it: unique in its tenant.
    pub name: Name,
    /// Which of the three that every tenant has, if it is one of them.
    pub built_in: Option<BuiltIn>,
    /// What it holds by itself.
    pub grants: Grants<C>,
    /// The roles whose grants it holds as well.
    pub includes: Vec<RoleId>,
    /// How often it has changed.
    pub version: Version,
}

/// The three roles that every tenant has and none can change, the highest first.
///
/// ```
/// use bailiwick_domain::{access::Permission, role::BuiltIn};
///
/// assert_eq!("admin".parse(), Ok(BuiltIn::Admin));
/// assert_eq!(BuiltIn::Owner.name(), "owner");
/// assert!(BuiltIn::Member.grants().allow(Permission::ListMembers, false));
/// assert!(!BuiltIn::Admin.grants().allow(Permission::OwnOrganization, false));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BuiltIn {
    /// Holds everything, and is the only one who can make another owner.
    Owner,
    /// Runs the organization, without owning it.
    Admin,
    /// Sees it.
    Member,
}

/// A name that no built-in role has.
///
/// ```
/// use bailiwick_domain::role::{BuiltIn, UnknownRole};
///
/// assert_eq!("king".parse::<BuiltIn>(), Err(UnknownRole));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be `owner`, `admin` or `member`")]
pub struct UnknownRole;

/// Somebody tried to hand on more than they hold.
///
/// ```
/// use bailiwick_domain::role::Escalation;
///
/// assert_eq!(Escalation.to_string(), "this holds permissions that its giver does not");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this holds permissions that its giver does not")]
pub struct Escalation;

/// The roles of a tenant, or as many of them as matter.
///
/// ```
/// use bailiwick_domain::{RoleId, Version};
/// use bailiwick_domain::access::{Assignment, Grant, Grants};
/// use bailiwick_domain::role::{BuiltIn, Role, RoleBook};
/// # use uuid::Uuid;
///
/// let [member, maker] = [1, 2].map(|id| RoleId::from_uuid(Uuid::from_u128(id)));
/// let book = RoleBook::of(vec![
///     Role::built_in(member, BuiltIn::Member),
///     Role {
///         id: maker,
///         name: "Maker".parse()?,
///         built_in: None,
///         grants: Grants::stored("project:create")?,
///         includes: vec![member],
///         version: Version::FIRST,
///     },
/// ]);
///
/// assert_eq!(book.iter().count(), 2);
/// assert_eq!(book.meant("Maker").map(|role| role.id), Some(maker));
/// assert_eq!(book.built_in(BuiltIn::Member), book.get(member));
///
/// let list: Grant = "member:list".parse()?;
/// assert!(book.effective(maker).extent(list.permission).is_some());
/// assert_eq!(book.path(maker, list), [maker, member]);
/// assert_eq!(book.effective_of(&[Assignment::of(maker)]), book.effective(maker));
/// assert_eq!(book.flaw(), None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleBook<C: Catalogue = Permission>(Vec<Role<C>>);

/// What a role of a tenant's own is to be.
///
/// ```
/// use bailiwick_domain::role::{RoleDraft, grants_named};
///
/// let draft = RoleDraft {
///     name: "Maker".parse()?,
///     grants: grants_named(["project:create", "project:*:own"])?,
///     includes: Vec::new(),
/// };
/// assert_eq!(draft.grants.len(), 5);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleDraft {
    /// What people call it.
    pub name: Name,
    /// What it holds by itself.
    pub grants: Grants,
    /// The roles whose grants it holds as well.
    pub includes: Vec<RoleId>,
}

/// Why a role is not as it was asked to be.
///
/// ```
/// use bailiwick_domain::role::RoleError;
///
/// assert_eq!(RoleError::TooMany.to_string(), "an organization has at most 200 roles");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RoleError {
    /// There is no such role in the tenant.
    #[error("there is no such role")]
    Unknown,
    /// The built-in roles stay as they are.
    #[error("a built-in role cannot be changed")]
    BuiltIn,
    /// Another role has the name, or it would be taken for one of the built-in ones or for an id.
    #[error("the name is taken")]
    NameTaken,
    /// It would include itself, over however many others.
    #[error("a role cannot include itself")]
    Cycle,
    /// Ownership is had, not included.
    #[error("no role can include `owner`")]
    IncludesOwner,
    /// The tenant has as many as it may.
    #[error("an organization has at most {} roles", RoleBook::<Permission>::MAX)]
    TooMany,
    /// Somebody has the role, or would get it.
    #[error("the role is in use: say with `reassign_to` which one takes its place")]
    InUse,
    /// It has changed since it was read.
    #[error(transparent)]
    Stale(#[from] Stale),
    /// It holds, or held, more than the one who asks.
    #[error(transparent)]
    Escalation(#[from] Escalation),
}

/// Who or what refers to a role.
///
/// ```
/// use bailiwick_domain::role::Usage;
///
/// let used = Usage { assigned: true, ..Usage::default() };
/// assert_ne!(used, Usage::default());
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Does a member have it, somewhere?
    pub assigned: bool,
    /// Would somebody who is invited get it?
    pub invited: bool,
    /// Does everybody get it who is invited without a role?
    pub default: bool,
}

impl BuiltIn {
    /// All three, the highest first.
    pub const ALL: [Self; 3] = [Self::Owner, Self::Admin, Self::Member];

    /// Its name on the wire and in the store.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Admin => "admin",
            Self::Member => "member",
        }
    }

    /// What its holders may do.
    #[must_use]
    pub fn grants(self) -> Grants {
        let everything = || {
            let all = Permission::ALL.iter().copied();
            all.filter(|permission| permission.reach().level != Level::Platform)
        };
        match self {
            Self::Owner => everything().collect(),
            Self::Admin => everything()
                .filter(|permission| !permission.is_reserved())
                .collect(),
            Self::Member => [
                Permission::ReadOrganization,
                Permission::ListMembers,
                Permission::ListRoles,
                Permission::ReadProject,
            ]
            .into_iter()
            .collect(),
        }
    }
}

/// What an operator of the platform holds on it.
///
/// ```
/// use bailiwick_domain::{access::Permission, role::operator_grants};
///
/// assert!(operator_grants().allow(Permission::SuspendTenant, false));
/// assert!(!operator_grants().allow(Permission::ReadProject, false), "operators see no tenant's things");
/// ```
#[must_use]
pub fn operator_grants() -> Grants {
    let all = Permission::ALL.iter().copied();
    all.filter(|permission| permission.reach().level == Level::Platform)
        .collect()
}

/// What a role of a tenant's own may hold.
///
/// ```
/// use bailiwick_domain::{access::Permission, role::is_on_offer};
///
/// assert!(is_on_offer(Permission::InviteMember));
/// assert!(!is_on_offer(Permission::OwnOrganization) && !is_on_offer(Permission::ListUsers));
/// ```
#[must_use]
pub fn is_on_offer(permission: Permission) -> bool {
    permission.reach().level != Level::Platform && !permission.is_reserved()
}

/// What these texts grant: names and patterns, as they stand in requests.
///
/// # Errors
/// When one names nothing that a role of a tenant's own may hold.
///
/// ```
/// use bailiwick_domain::role::grants_named;
///
/// assert_eq!(grants_named(["role:*"])?.to_string(), "role:list role:create role:update role:delete");
/// assert!(grants_named(["organization:own"]).is_err());
/// # Ok::<(), bailiwick_domain::access::InvalidGrant>(())
/// ```
pub fn grants_named<'a>(texts: impl IntoIterator<Item = &'a str>) -> Result<Grants, InvalidGrant> {
    texts.into_iter().try_fold(Grants::empty(), |grants, text| {
        Ok(grants.union(&Grants::named(text, is_on_offer)?))
    })
}

impl Role {
    /// One of the three that every tenant has.
    #[must_use]
    pub fn built_in(id: RoleId, role: BuiltIn) -> Self {
        Self {
            id,
            name: Name::fixed(role.name()),
            built_in: Some(role),
            grants: role.grants(),
            includes: Vec::new(),
            version: Version::FIRST,
        }
    }
}

/// The highest built-in role among these, if there is one.
///
/// ```
/// use bailiwick_domain::{RoleId, role::{BuiltIn, Role, highest}};
/// # use uuid::Uuid;
///
/// let role = |id, built_in| Role::built_in(RoleId::from_uuid(Uuid::from_u128(id)), built_in);
/// let roles = [role(1, BuiltIn::Member), role(2, BuiltIn::Admin)];
///
/// assert_eq!(highest(&roles), Some(BuiltIn::Admin));
/// ```
#[must_use]
pub fn highest<'a, C: Catalogue>(roles: impl IntoIterator<Item = &'a Role<C>>) -> Option<BuiltIn> {
    roles.into_iter().filter_map(|role| role.built_in).min()
}

/// Decides every hand-on: nobody gives, or takes from others, what they do not hold themselves, at that moment, in
/// that place.
///
/// # Errors
/// When the gift holds more than its giver.
///
/// ```
/// use bailiwick_domain::access::{Grants, Permission};
/// use bailiwick_domain::role::{Escalation, hand_on};
///
/// let own: Grants<Permission> = Grants::stored("project:update:own")?;
/// let all = Grants::stored("project:update")?;
///
/// assert_eq!(hand_on(&all, &own), Ok(()));
/// assert_eq!(hand_on(&own, &all), Err(Escalation));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn hand_on<C: Catalogue>(held: &Grants<C>, gift: &Grants<C>) -> Result<(), Escalation> {
    if held.cover(gift) {
        Ok(())
    } else {
        Err(Escalation)
    }
}

impl<C: Catalogue> RoleBook<C> {
    /// How many roles of its own a tenant may have.
    pub const MAX: usize = 200;

    /// A book of these roles.
    #[must_use]
    pub const fn of(roles: Vec<Role<C>>) -> Self {
        Self(roles)
    }

    /// The roles.
    pub fn iter(&self) -> impl Iterator<Item = &Role<C>> {
        self.0.iter()
    }

    /// The role with this id.
    #[must_use]
    pub fn get(&self, id: RoleId) -> Option<&Role<C>> {
        self.0.iter().find(|role| role.id == id)
    }

    /// One of the three that every tenant has.
    #[must_use]
    pub fn built_in(&self, built_in: BuiltIn) -> Option<&Role<C>> {
        self.0.iter().find(|role| role.built_in == Some(built_in))
    }

    /// The role that a request means by a name or by an id.
    #[must_use]
    pub fn meant(&self, text: &str) -> Option<&Role<C>> {
        match text.parse() {
            Ok(id) => self.get(id),
            Err(_) => self.0.iter().find(|role| role.name.as_str() == text),
        }
    }

    /// All that the role holds: by itself, and by what it includes.
    #[must_use]
    pub fn effective(&self, id: RoleId) -> Grants<C> {
        self.closure(id)
            .into_iter()
            .filter_map(|id| self.get(id))
            .fold(Grants::empty(), |held, role| held.union(&role.grants))
    }

    /// All that roles hold that were given in the whole tenant and in single projects.
    #[must_use]
    pub fn effective_of(&self, assignments: &[Assignment]) -> Grants<C> {
        assignments.iter().fold(Grants::empty(), |held, one| {
            let grants = self.effective(one.role);
            held.union(&match one.project {
                None => grants,
                Some(_) => grants.only(|permission| permission.reach().level == Level::Object),
            })
        })
    }

    /// The shortest way from a role to one that holds the grant by itself. A role that holds it, over however many
    /// others, has one.
    #[must_use]
    pub fn path(&self, from: RoleId, grant: Grant<C>) -> Vec<RoleId> {
        let mut ways = VecDeque::from([vec![from]]);
        let mut seen = vec![from];
        while let Some(way) = ways.pop_front() {
            let Some(role) = way.last().and_then(|id| self.get(*id)) else {
                continue;
            };
            if role.grants.extent(grant.permission) == Some(grant.extent) {
                return way;
            }
            for next in &role.includes {
                if !seen.contains(next) {
                    seen.push(*next);
                    ways.push_back([way.as_slice(), &[*next]].concat());
                }
            }
        }
        Vec::new()
    }

    /// A role that nobody could have drafted as it is, and why, if the book has one: it includes itself, over however
    /// many others, or `owner`.
    #[must_use]
    pub fn flaw(&self) -> Option<(RoleId, RoleError)> {
        let owner = self.built_in(BuiltIn::Owner).map(|role| role.id);
        self.0.iter().find_map(|role| {
            if owner.is_some_and(|owner| role.includes.contains(&owner)) {
                return Some((role.id, RoleError::IncludesOwner));
            }
            let mut includes = role.includes.iter();
            let cyclic = includes.any(|included| self.closure(*included).contains(&role.id));
            cyclic.then_some((role.id, RoleError::Cycle))
        })
    }

    /// The role and all that it includes, each once.
    fn closure(&self, id: RoleId) -> Vec<RoleId> {
        let mut found = vec![id];
        let mut next = 0;
        while let Some(role) = found.get(next).map(|id| self.get(*id)) {
            for included in role.into_iter().flat_map(|role| &role.includes) {
                if !found.contains(included) {
                    found.push(*included);
                }
            }
            next += 1;
        }
        found
    }
}

impl RoleBook {
    /// Adds a role of the tenant's own.
    ///
    /// # Errors
    /// When it cannot be as it is drafted, or would hold more than the one who adds it.
    ///
    /// ```
    /// # use bailiwick_domain::{RoleId, TenantId, UserId};
    /// # use bailiwick_domain::access::{Principal, action::*, authorize};
    /// # use uuid::Uuid;
    /// use bailiwick_domain::role::{BuiltIn, RoleBook, RoleDraft, Usage, grants_named};
    ///
    /// # let tenant = TenantId::from_uuid(Uuid::from_u128(1));
    /// let ada = Principal::new(UserId::from_uuid(Uuid::from_u128(2))).granted(tenant, BuiltIn::Admin.grants());
    /// let draft = |grants| Ok::<_, Box<dyn std::error::Error>>(RoleDraft {
    ///     name: "Maker".parse()?,
    ///     grants: grants_named(grants)?,
    ///     includes: Vec::new(),
    /// });
    /// let (mut book, maker) = (RoleBook::default(), RoleId::from_uuid(Uuid::from_u128(3)));
    ///
    /// book.add(&authorize::<CreateRole>(&ada, tenant)?, maker, draft(["project:create"])?)?;
    /// book.change(&authorize::<UpdateRole>(&ada, tenant)?, maker, draft(["project:*"])?)?;
    /// assert_eq!(book.effective(maker).len(), 5);
    ///
    /// let permit = authorize::<DeleteRole>(&ada, tenant)?;
    /// let used = Usage { assigned: true, ..Usage::default() };
    /// assert!(book.remove(&permit, maker, used, None).is_err(), "somebody has it");
    /// book.remove(&permit, maker, Usage::default(), None)?;
    /// assert_eq!(book.get(maker), None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn add(
        &mut self,
        permit: &Permit<CreateRole>,
        id: RoleId,
        draft: RoleDraft,
    ) -> Result<Role, RoleError> {
        if self.0.iter().filter(|role| role.built_in.is_none()).count() >= Self::MAX {
            return Err(RoleError::TooMany);
        }
        let role = Role {
            id,
            name: draft.name,
            built_in: None,
            grants: draft.grants,
            includes: draft.includes,
            version: Version::FIRST,
        };
        self.put(permit, role)
    }

    /// Changes a role of the tenant's own. Who has it holds what it holds from now on, so the one who changes it must
    /// hold as much: what it held, and what it is to hold.
    ///
    /// # Errors
    /// When it cannot be as it is drafted, or holds more than the one who changes it.
    pub fn change(
        &mut self,
        permit: &Permit<UpdateRole>,
        id: RoleId,
        draft: RoleDraft,
    ) -> Result<Role, RoleError> {
        let old = self.get(id).ok_or(RoleError::Unknown)?;
        if old.built_in.is_some() {
            return Err(RoleError::BuiltIn);
        }
        hand_on(permit.held(), &self.effective(id))?;
        let role = Role {
            id,
            name: draft.name,
            built_in: None,
            grants: draft.grants,
            includes: draft.includes,
            version: old.version.next(),
        };
        self.put(permit, role)
    }

    fn put<A: Action<Catalogue = Permission>>(
        &mut self,
        permit: &Permit<A>,
        mut role: Role,
    ) -> Result<Role, RoleError> {
        let likeness = role.name.as_str().to_lowercase();
        if likeness.parse::<BuiltIn>().is_ok()
            || likeness.parse::<RoleId>().is_ok()
            || self
                .0
                .iter()
                .any(|other| other.id != role.id && other.name == role.name)
        {
            return Err(RoleError::NameTaken);
        }
        // What is reserved, or the platform's, no role of a tenant's own holds, whoever drafts it.
        role.grants = role.grants.only(is_on_offer);
        role.includes.sort_unstable();
        role.includes.dedup();
        for included in &role.includes {
            match self.get(*included) {
                _ if *included == role.id => return Err(RoleError::Cycle),
                None => return Err(RoleError::Unknown),
                Some(included) if included.built_in == Some(BuiltIn::Owner) => {
                    return Err(RoleError::IncludesOwner);
                }
                Some(_) => {}
            }
        }
        let mut book = self.clone();
        book.0.retain(|other| other.id != role.id);
        book.0.push(role.clone());
        if role
            .includes
            .iter()
            .any(|included| book.closure(*included).contains(&role.id))
        {
            return Err(RoleError::Cycle);
        }
        hand_on(permit.held(), &book.effective(role.id))?;
        *self = book;
        Ok(role)
    }

    /// Removes a role of the tenant's own, and says which roles change with it: those that included it include what
    /// takes its place.
    ///
    /// # Errors
    /// When somebody has it and nothing takes its place; when either holds more than the one who removes it.
    pub fn remove(
        &mut self,
        permit: &Permit<DeleteRole>,
        id: RoleId,
        usage: Usage,
        replacement: Option<RoleId>,
    ) -> Result<Vec<Role>, RoleError> {
        let role = self.get(id).ok_or(RoleError::Unknown)?;
        if role.built_in.is_some() {
            return Err(RoleError::BuiltIn);
        }
        hand_on(permit.held(), &self.effective(id))?;
        let included = self.0.iter().any(|role| role.includes.contains(&id));
        match replacement {
            None if included || usage != Usage::default() => return Err(RoleError::InUse),
            None => {}
            Some(replacement) => {
                let taking = self.get(replacement).ok_or(RoleError::Unknown)?;
                if replacement == id {
                    return Err(RoleError::InUse);
                }
                // Ownership has no end, is held in the whole tenant, and is nobody's by default.
                if taking.built_in == Some(BuiltIn::Owner) {
                    return Err(RoleError::IncludesOwner);
                }
                hand_on(permit.held(), &self.effective(replacement))?;
            }
        }
        let mut book = self.clone();
        book.0.retain(|role| role.id != id);
        let mut changed = Vec::new();
        for role in &mut book.0 {
            if role.includes.contains(&id) {
                role.includes.retain(|included| *included != id);
                role.includes
                    .extend(replacement.filter(|new| !role.includes.contains(new)));
                role.version = role.version.next();
                changed.push(role.clone());
            }
        }
        for role in &changed {
            if role
                .includes
                .iter()
                .any(|included| book.closure(*included).contains(&role.id))
            {
                return Err(RoleError::Cycle);
            }
        }
        *self = book;
        Ok(changed)
    }
}

impl<C: Catalogue> Default for RoleBook<C> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl fmt::Display for BuiltIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for BuiltIn {
    type Err = UnknownRole;

    fn from_str(name: &str) -> Result<Self, UnknownRole> {
        Self::ALL
            .into_iter()
            .find(|role| role.name() == name)
            .ok_or(UnknownRole)
    }
}
