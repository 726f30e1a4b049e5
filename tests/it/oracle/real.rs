//! The same worlds as the domain has them, and the same questions put to it.

use super::{
    deeds::Deed,
    policy::{EVERYWHERE, Name, Oracle, Target, Until, World},
    worlds::{ORGANIZATIONS, PEOPLE, PROJECTS, ROLES},
};
use bailiwick_domain::{
    InvitationId, MemberId, ProjectId, RoleId, TenantId, Timestamp, UserId, Version,
    access::{
        self, Action, Assignment, Catalogue, Decision, Extent, Grants, Object, Permission, Permit,
        Platform, Principal, Selection, Standing, action::*,
    },
    invitation::{Invitation, InvitationStatus, Shown},
    member::{Member, MemberStatus, Owners},
    ownership::Offer,
    project::Project,
    role::{BuiltIn, Role, RoleBook, RoleDraft, Usage, grants_named, hand_on, operator_grants},
    tenant::{Settings, Tenant, TenantStatus},
    user::User,
};
use std::{collections::BTreeSet, fmt::Debug, str::FromStr, sync::LazyLock};

/// Projects with their organizations, or permissions with how far they are held.
pub(super) type Pairs = BTreeSet<(Name, Name)>;

/// A world, as the domain has it.
#[derive(Debug)]
pub(super) struct Real<'a> {
    world: &'a World,
    now: Timestamp,
    books: Vec<(Name, RoleBook)>,
    standings: Vec<(Name, Name, Standing)>,
    /// Members, in sessions that entered the one organization.
    members: Vec<(Name, Name, Principal)>,
}

/// Projects on which somebody may do something.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Claimed {
    /// Those that a list shows.
    pub(super) listed: Pairs,
    /// Those that a store would find for it.
    pub(super) queried: Pairs,
    /// Those that a permit is given for.
    pub(super) permitted: Pairs,
}

/// What the policy says, and why.
#[derive(Debug)]
pub(super) struct Explained {
    /// `yes`, or the reason.
    pub(super) answer: Name,
    /// By which roles, given where and until when, over which others, and how far the last one holds it.
    pub(super) ways: Vec<(Name, Name, Until, Vec<Name>, Name)>,
}

impl<'a> Real<'a> {
    /// The same facts.
    pub(super) fn of(world: &'a World) -> Self {
        let books = world.organizations.iter();
        let mut real = Self {
            world,
            now: Timestamp::from_micros(world.now),
            books: books.map(|(its, _)| (*its, book(world, its))).collect(),
            standings: Vec::new(),
            members: Vec::new(),
        };
        let members = world.members.iter();
        real.standings = members
            .map(|(its, person, status)| (*its, *person, real.made_standing(its, person, status)))
            .collect();
        let members = world.members.iter();
        real.members = members
            .map(|(its, person, _)| (*its, *person, real.principal(person, &[its])))
            .collect();
        real
    }

    /// Whoever speaks, in a session that entered these organizations.
    pub(super) fn principal(&self, person: Name, entered: &[Name]) -> Principal {
        let mut known = self.members.iter();
        if let Some((_, _, principal)) =
            known.find(|(its, whose, _)| (entered, person) == (&[*its], *whose))
        {
            return principal.clone();
        }
        let mut principal = Principal::new(user(person));
        if self.world.operators.contains(&person) {
            principal = principal.granted(Platform, operator_grants());
        }
        for organization in entered {
            if let Some(standing) = self.standing(organization, person) {
                principal = principal.standing(standing, self.now);
            }
        }
        principal
    }

    /// What the policy says.
    pub(super) fn decides(&self, principal: &Principal, permission: Name, target: Target) -> bool {
        let permission = Permission::named(permission).unwrap();
        access::decide(principal, permission, self.target(target)) == Decision::Permit
    }

    /// Whether it gives a permit, where the permission is one for such targets, and what the permit says is held there.
    pub(super) fn authorizes(
        &self,
        principal: &Principal,
        permission: Name,
        target: Target,
    ) -> Option<Option<Grants>> {
        match target {
            Target::Platform => platform_permit(principal, permission, Platform),
            Target::Organization(organization) => {
                organization_permit(principal, permission, tenant(organization))
            }
            Target::Project(organization, project) => {
                project_permit(principal, permission, self.object(organization, project))
            }
        }
    }

    /// The roles that whoever has this permit can hand on where it holds.
    pub(super) fn hands_on(&self, held: &Grants, target: Target) -> BTreeSet<Name> {
        let (organization, place) = match target {
            Target::Platform => return BTreeSet::new(),
            Target::Organization(organization) => (organization, EVERYWHERE),
            Target::Project(organization, project) => (organization, project),
        };
        let book = self.book(organization);
        let mut roles = BTreeSet::new();
        for role in ROLES {
            let gift = book.effective_of(&[assignment(role, place, None)]);
            if hand_on(held, &gift).is_ok() {
                roles.insert(role);
            }
        }
        roles
    }

    /// Whether it gives leave to look for something, and what may be found then.
    pub(super) fn claims(
        &self,
        principal: &Principal,
        permission: Name,
        organization: Name,
    ) -> Option<Claimed> {
        match permission {
            "project:read" => self.claimed::<ReadProject>(principal, organization),
            "project:update" => self.claimed::<UpdateProject>(principal, organization),
            "project:delete" => self.claimed::<DeleteProject>(principal, organization),
            "project:share" => self.claimed::<ShareProject>(principal, organization),
            other => panic!("nobody looks for something with `{other}`"),
        }
    }

    fn claimed<A>(&self, principal: &Principal, organization: Name) -> Option<Claimed>
    where
        A: Action<Catalogue = Permission, Scope: access::OnObject>,
    {
        let claim = access::claim::<A>(principal, tenant(organization)).ok()?;
        let selection = claim.selection();
        let mut claimed = Claimed::default();
        for (its, project, _) in &self.world.projects {
            let object = self.object(its, project);
            if selection.contains(object) {
                claimed.listed.insert((*its, *project));
            }
            if is_queried(&selection, tenant(organization), object) {
                claimed.queried.insert((*its, *project));
            }
            if claim.on(object).is_ok() {
                claimed.permitted.insert((*its, *project));
            }
        }
        Some(claimed)
    }

    /// What the policy says and why, of a member.
    pub(super) fn explains(
        &self,
        person: Name,
        entered: Name,
        permission: Name,
        target: Target,
    ) -> Option<Explained> {
        let standing = self.standing(entered, person)?;
        let permission = Permission::named(permission).unwrap();
        let target = self.target(target);
        let explained = access::explain(user(person), standing, permission, target, self.now);
        let ways = explained.paths.iter().map(|path| {
            let over = path.roles.iter().map(|role| ROLE_IDS.name(*role)).collect();
            let given = path.assignment;
            let place = given
                .project
                .map_or(EVERYWHERE, |project| PROJECT_IDS.name(project));
            let until = given.expires_at.map(Timestamp::as_micros);
            (
                ROLE_IDS.name(given.role),
                place,
                until,
                over,
                extent(path.grant.extent),
            )
        });
        Some(Explained {
            answer: match (explained.decision, explained.reason) {
                (Decision::Permit, None) => "yes",
                (Decision::Deny(_), Some(reason)) => reason.name(),
                (Decision::Permit, Some(_)) | (Decision::Deny(_), None) => "neither yes nor no",
            },
            ways: ways.collect(),
        })
    }

    /// Whether a member can enter.
    pub(super) fn enters(&self, person: Name, organization: Name) -> bool {
        self.standing(organization, person)
            .is_some_and(|standing| standing.may_enter(self.now))
    }

    /// Whether somebody is a member in order.
    pub(super) fn in_order(&self, principal: &Principal, organization: Name) -> bool {
        access::membership(principal, tenant(organization)).is_ok()
    }

    /// Whether it can be done.
    pub(super) fn can(
        &self,
        oracle: &Oracle<'_>,
        giver: Name,
        organization: Name,
        deed: &Deed,
    ) -> bool {
        self.tried(oracle, giver, organization, deed).is_some()
    }

    fn tried(
        &self,
        oracle: &Oracle<'_>,
        giver: Name,
        organization: Name,
        deed: &Deed,
    ) -> Option<()> {
        let principal = self.principal(giver, &[organization]);
        let at = tenant(organization);
        let mut book = self.book(organization).clone();
        let now = self.now;
        // Which members are active owners the store says, and not the policy.
        let owners = oracle.active_owners(organization);
        let owners = Owners(owners.into_iter().map(member_id).collect());
        let dated = |roles: &[(Name, Until)]| -> Vec<Assignment> {
            roles
                .iter()
                .map(|(role, until)| assignment(role, EVERYWHERE, *until))
                .collect()
        };
        match deed {
            Deed::Add { roles } => {
                let permit = permit::<InviteMember>(&principal, at)?;
                let (id, new) = (id("member", 99), id("user", 99));
                Member::add(&permit, &book, id, new, dated(roles), now).ok()?;
            }
            Deed::Invite { roles } => {
                let permit = permit::<InviteMember>(&principal, at)?;
                let tenant = self.tenant(organization);
                let roles = roles.iter().map(|role| role_id(role)).collect();
                let email = "guest@example.com".parse().unwrap();
                let id: InvitationId = id("inv", 1);
                Invitation::issue(&permit, &book, &tenant, id, email, roles, now).ok()?;
            }
            Deed::HaveInvited { roles } => {
                let guest = User {
                    id: id("user", 99),
                    email: "guest@example.com".parse().unwrap(),
                    name: "Guest".parse().unwrap(),
                    created_at: now,
                    verified_at: None,
                    disabled_at: None,
                };
                let mut invitation = Invitation {
                    id: id("inv", 1),
                    tenant: at,
                    email: guest.email.clone(),
                    roles: roles.iter().map(|role| role_id(role)).collect(),
                    status: InvitationStatus::Pending,
                    invited_by: user(giver).into(),
                    created_at: now,
                    expires_at: now.plus(Invitation::LIFETIME),
                };
                let redemption = invitation.redeem(&guest, Shown::Secret, now).unwrap();
                let tenant = self.tenant(organization);
                let inviter = Some(&principal);
                invitation
                    .accept(&redemption, &book, &tenant, inviter, id("member", 99), now)
                    .ok()?;
            }
            Deed::ChangeRoles { member, roles } => {
                let permit = permit::<AssignRoles>(&principal, at)?;
                let mut member = self.member(organization, member)?;
                member
                    .change_roles(&permit, &book, &owners, dated(roles), now)
                    .ok()?;
            }
            Deed::Share {
                project,
                member,
                roles,
            } => {
                let project = self.project(organization, project);
                let permit = permit::<ShareProject>(&principal, project.object())?;
                let mut member = self.member(organization, member)?;
                member
                    .share(&permit, &book, &project, dated(roles), now)
                    .ok()?;
            }
            Deed::Suspend { member } => {
                let permit = permit::<SuspendMember>(&principal, at)?;
                let mut member = self.member(organization, member)?;
                member.suspend(&permit, &book, &owners).ok()?;
            }
            Deed::Resume { member } => {
                let permit = permit::<SuspendMember>(&principal, at)?;
                let mut member = self.member(organization, member)?;
                member.resume(&permit, &book).ok()?;
            }
            Deed::Remove { member } => {
                let permit = permit::<RemoveMember>(&principal, at)?;
                let member = self.member(organization, member)?;
                member.removable(&permit, &book, &owners).ok()?;
            }
            Deed::Leave => {
                let scope = access::membership(&principal, at).ok()?;
                let member = self.member(organization, giver)?;
                member.may_leave(&scope, &owners).ok()?;
            }
            Deed::CreateRole { names, includes } => {
                let permit = permit::<CreateRole>(&principal, at)?;
                let draft = draft("fresh", names, includes)?;
                book.add(&permit, id("role", 99), draft).ok()?;
            }
            Deed::ChangeRole {
                role,
                names,
                includes,
            } => {
                let permit = permit::<UpdateRole>(&principal, at)?;
                let draft = draft(role, names, includes)?;
                book.change(&permit, role_id(role), draft).ok()?;
            }
            Deed::DeleteRole { role, replacement } => {
                let permit = permit::<DeleteRole>(&principal, at)?;
                // What refers to a role the store says, and not the policy.
                let usage = Usage {
                    assigned: oracle.is_given(organization, role),
                    ..Usage::default()
                };
                let replacement = replacement.map(role_id);
                book.remove(&permit, role_id(role), usage, replacement)
                    .ok()?;
            }
            Deed::DefaultRole { before, after } => {
                let permit = permit::<UpdateOrganization>(&principal, at)?;
                let mut tenant = self.tenant(organization);
                tenant.settings.default_role = before.map(role_id);
                let settings = Settings {
                    default_role: after.map(role_id),
                    ..tenant.settings.clone()
                };
                tenant.configure(&permit, &book, settings, true, now).ok()?;
            }
            Deed::OfferOwnership { member } => {
                let permit = permit::<OwnOrganization>(&principal, at)?;
                let from = self.member(organization, giver)?;
                let to = self.member(organization, member)?;
                Offer::make(&permit, &book, &from, &to, now).ok()?;
            }
        }
        Some(())
    }

    fn book(&self, organization: Name) -> &RoleBook {
        let mut books = self.books.iter();
        &books.find(|(its, _)| *its == organization).unwrap().1
    }

    fn tenant(&self, organization: Name) -> Tenant {
        let mut statuses = self.world.organizations.iter();
        let (_, status) = statuses.find(|(its, _)| *its == organization).unwrap();
        let mut all = TenantStatus::ALL.into_iter();
        let status = all.find(|one| one.name() == *status).unwrap();
        Tenant {
            id: tenant(organization),
            name: organization.parse().unwrap(),
            slug: organization.parse().unwrap(),
            status,
            deleted_at: (status == TenantStatus::Deleted).then_some(self.now),
            settings: Settings {
                second_factor_required: self.world.demanding.contains(&organization),
                ..Settings::default()
            },
            created_by: user(PEOPLE[0]),
            created_at: self.now,
            updated_at: self.now,
            version: Version::FIRST,
        }
    }

    fn member(&self, organization: Name, person: Name) -> Option<Member> {
        let standing = self.standing(organization, person)?;
        Some(Member {
            id: standing.member,
            tenant: standing.tenant,
            user: user(person),
            status: standing.member_status,
            assignments: standing.assignments.clone(),
            created_at: self.now,
            version: Version::FIRST,
        })
    }

    fn standing(&self, organization: Name, person: Name) -> Option<&Standing> {
        let mut standings = self.standings.iter();
        let found = standings.find(|(its, whose, _)| (*its, *whose) == (organization, person));
        found.map(|(_, _, standing)| standing)
    }

    fn made_standing(&self, organization: Name, person: Name, status: Name) -> Standing {
        let given = self.world.given.iter();
        let theirs = given.filter(|(its, whose, ..)| (*its, *whose) == (organization, person));
        let demanded = self.world.demanding.contains(&organization);
        Standing {
            tenant: tenant(organization),
            tenant_status: self.tenant(organization).status,
            member: member_id(person),
            member_status: match status {
                "active" => MemberStatus::Active,
                "suspended" => MemberStatus::Suspended,
                other => panic!("no membership is `{other}`"),
            },
            account_suspended: self.world.barred.contains(&person),
            second_factor_missing: demanded && !self.world.shown.contains(&person),
            assignments: theirs
                .map(|(_, _, role, place, until)| assignment(role, place, *until))
                .collect(),
            roles: self.book(organization).clone(),
        }
    }

    fn project(&self, organization: Name, project: Name) -> Project {
        let mut projects = self.world.projects.iter();
        let found = projects.find(|(its, on, _)| (*its, *on) == (organization, project));
        let (_, _, creator) = found.unwrap();
        Project {
            id: project_id(project),
            tenant: tenant(organization),
            name: project.parse().unwrap(),
            created_by: user(creator).into(),
            created_at: self.now,
            updated_at: self.now,
            deleted_at: None,
        }
    }

    fn object(&self, organization: Name, project: Name) -> Object {
        self.project(organization, project).object()
    }

    fn target(&self, target: Target) -> access::Target {
        match target {
            Target::Platform => access::Target::Platform,
            Target::Organization(organization) => access::Target::Tenant(tenant(organization)),
            Target::Project(organization, project) => {
                access::Target::Object(self.object(organization, project))
            }
        }
    }
}

/// Whether a store that asks for what the selection names would find the thing.
fn is_queried(selection: &Selection, within: TenantId, object: Object) -> bool {
    let project = object.project.unwrap();
    let (own_in, user) = selection.own_in().unwrap();
    object.tenant == within
        && (selection.is_everything()
            || selection
                .owner()
                .is_some_and(|owner| object.owner == Some(owner))
            || selection.projects().contains(&project)
            || (own_in.contains(&project) && object.owner == Some(user)))
}

fn book(world: &World, organization: Name) -> RoleBook {
    let role = |name: &Name| {
        if let Ok(built_in) = name.parse::<BuiltIn>() {
            return Role::built_in(role_id(name), built_in);
        }
        let stored = world.stored.iter();
        let stored = stored.filter(|(its, holder, _)| (its, holder) == (&organization, name));
        let stored: Vec<_> = stored.map(|(_, _, stored)| *stored).collect();
        let includes = world.includes.iter();
        let includes = includes.filter(|(its, holder, _)| (its, holder) == (&organization, name));
        Role {
            id: role_id(name),
            name: name.parse().unwrap(),
            built_in: None,
            grants: Grants::stored(&stored.join(" ")).unwrap(),
            includes: includes.map(|(_, _, included)| role_id(included)).collect(),
            version: Version::FIRST,
        }
    };
    RoleBook::of(ROLES.iter().map(role).collect())
}

fn draft(name: Name, names: &[Name], includes: &[Name]) -> Option<RoleDraft> {
    Some(RoleDraft {
        name: name.parse().unwrap(),
        grants: grants_named(names.iter().copied()).ok()?,
        includes: includes.iter().map(|role| role_id(role)).collect(),
    })
}

fn permit<A: Action<Catalogue = Permission>>(
    principal: &Principal,
    at: <A::Scope as access::Proof>::At,
) -> Option<Permit<A>> {
    access::authorize(principal, at).ok()
}

fn held<A: Action<Catalogue = Permission>>(
    principal: &Principal,
    at: <A::Scope as access::Proof>::At,
) -> Option<Grants> {
    Some(*permit::<A>(principal, at)?.held())
}

/// What is held, and how far.
pub(super) fn pairs(grants: &Grants) -> Pairs {
    let held = grants.iter();
    held.map(|one| (one.permission.name(), extent(one.extent)))
        .collect()
}

macro_rules! held_by_name {
    ($(#[$doc:meta])* $name:ident($at:ty): $($wire:literal $action:ident),+) => {
        $(#[$doc])*
        fn $name(
            principal: &Principal,
            permission: Name,
            at: $at,
        ) -> Option<Option<Grants>> {
            match permission {
                $($wire => Some(held::<$action>(principal, at)),)+
                _ => None,
            }
        }
    };
}

#[rustfmt::skip]
held_by_name! {
    /// A permit for the organization as a whole.
    organization_permit(TenantId):
        "organization:read"   ReadOrganization,
        "organization:update" UpdateOrganization,
        "organization:own"    OwnOrganization,
        "member:list"         ListMembers,
        "member:invite"       InviteMember,
        "member:assign"       AssignRoles,
        "member:suspend"      SuspendMember,
        "member:remove"       RemoveMember,
        "invitation:list"     ListInvitations,
        "invitation:revoke"   RevokeInvitation,
        "role:list"           ListRoles,
        "role:create"         CreateRole,
        "role:update"         UpdateRole,
        "role:delete"         DeleteRole,
        "project:create"      CreateProject,
        "audit:read"          ReadAudit,
        "access:explain"      ExplainAccess,
        "admin:overview"      Oversee
}

#[rustfmt::skip]
held_by_name! {
    /// A permit for a project.
    project_permit(Object):
        "project:read"   ReadProject,
        "project:update" UpdateProject,
        "project:delete" DeleteProject,
        "project:share"  ShareProject
}

#[rustfmt::skip]
held_by_name! {
    /// A permit for the platform.
    platform_permit(Platform):
        "tenant:list"    ListTenants,
        "tenant:suspend" SuspendTenant,
        "user:list"      ListUsers,
        "user:suspend"   SuspendUser
}

// Ids. Each thing has that of its name, so that members, roles and projects of all organizations have the same ones.

fn id<T: FromStr<Err: Debug>>(prefix: &str, number: usize) -> T {
    format!("{prefix}_{number:026}").parse().unwrap()
}

/// A name and its id, made once: to read an id takes longer than to decide what it may do.
struct Ids<T>(Vec<(Name, T)>);

impl<T: Copy + FromStr<Err: Debug> + PartialEq> Ids<T> {
    fn of(prefix: &str, names: &[Name]) -> Self {
        let names = names.iter().enumerate();
        Self(
            names
                .map(|(number, name)| (*name, id(prefix, number)))
                .collect(),
        )
    }

    fn id(&self, name: Name) -> T {
        self.0.iter().find(|(its, _)| *its == name).unwrap().1
    }

    fn name(&self, id: T) -> Name {
        self.0.iter().find(|(_, its)| *its == id).unwrap().0
    }
}

static TENANTS: LazyLock<Ids<TenantId>> = LazyLock::new(|| Ids::of("org", &ORGANIZATIONS));
static USERS: LazyLock<Ids<UserId>> = LazyLock::new(|| Ids::of("user", &PEOPLE));
static MEMBERS: LazyLock<Ids<MemberId>> = LazyLock::new(|| Ids::of("member", &PEOPLE));
static ROLE_IDS: LazyLock<Ids<RoleId>> = LazyLock::new(|| Ids::of("role", &ROLES));
static PROJECT_IDS: LazyLock<Ids<ProjectId>> = LazyLock::new(|| Ids::of("proj", &PROJECTS));

fn tenant(organization: Name) -> TenantId {
    TENANTS.id(organization)
}

fn user(person: Name) -> UserId {
    USERS.id(person)
}

fn member_id(person: Name) -> MemberId {
    MEMBERS.id(person)
}

fn role_id(role: Name) -> RoleId {
    ROLE_IDS.id(role)
}

fn project_id(project: Name) -> ProjectId {
    PROJECT_IDS.id(project)
}

fn assignment(role: Name, place: Name, until: Until) -> Assignment {
    Assignment {
        role: role_id(role),
        project: (place != EVERYWHERE).then(|| project_id(place)),
        expires_at: until.map(Timestamp::from_micros),
    }
}

const fn extent(extent: Extent) -> Name {
    match extent {
        Extent::All => "all",
        Extent::Own => "own",
    }
}
