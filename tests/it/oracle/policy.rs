//! The access policy a second time: written from its documentation, as relations between names and loops over them.
//!
//! It is slow, repeats itself, and shares nothing with the policy that it is compared with: a mistake has to be made
//! twice, in two styles, to go unseen. Where it and the policy differ, read the documentation, and not the code.

use std::collections::BTreeSet;

/// A name: of an organization, a person, a role, a project or a permission.
pub(super) type Name = &'static str;

/// When something ends, in microseconds; `None` is never.
pub(super) type Until = Option<i64>;

/// Held or given in the whole organization, where else the name of a project stands.
pub(super) const EVERYWHERE: Name = "everywhere";

/// Permissions on the organization as a whole (`permissions.md`).
pub(super) const ORGANIZATION: [Name; 26] = [
    "organization:read",
    "organization:update",
    "organization:own",
    "member:list",
    "member:invite",
    "member:assign",
    "member:suspend",
    "member:remove",
    "invitation:list",
    "invitation:revoke",
    "role:list",
    "role:create",
    "role:update",
    "role:delete",
    "project:create",
    "audit:read",
    "access:explain",
    "admin:overview",
    "service_account:list",
    "service_account:create",
    "service_account:update",
    "service_account:delete",
    "api_key:list",
    "api_key:create",
    "api_key:rotate",
    "api_key:revoke",
];

/// Permissions on single things, which can be held for one's own (`permissions.md`).
pub(super) const OBJECT: [Name; 4] = [
    "project:read",
    "project:update",
    "project:delete",
    "project:share",
];

/// Permissions on the deployment (`permissions.md`).
pub(super) const PLATFORM: [Name; 4] =
    ["tenant:list", "tenant:suspend", "user:list", "user:suspend"];

/// What the role `member` holds (`policy-matrix.md`).
const MEMBER: [Name; 4] = [
    "organization:read",
    "member:list",
    "role:list",
    "project:read",
];

/// Organization, person, the role they were given, where, and until when.
pub(super) type Given = (Name, Name, Name, Name, Until);

/// The facts, as relations.
#[derive(Debug, Default, Clone)]
pub(super) struct World {
    /// What time it is.
    pub(super) now: i64,
    /// Organization, and whether it is `active`, `suspended`, `locked` or `deleted`.
    pub(super) organizations: Vec<(Name, Name)>,
    /// Organizations that demand a second factor.
    pub(super) demanding: Vec<Name>,
    /// Organization, role of its own, and a name that was stored in it.
    pub(super) stored: Vec<(Name, Name, Name)>,
    /// Organization, role of its own, and a role that it includes.
    pub(super) includes: Vec<(Name, Name, Name)>,
    /// Organization, person, and whether the membership is `active` or `suspended`.
    pub(super) members: Vec<(Name, Name, Name)>,
    /// Organization, person, the role they were given, where, and until when.
    pub(super) given: Vec<Given>,
    /// Organization, project, and the person who created it.
    pub(super) projects: Vec<(Name, Name, Name)>,
    /// People who operate the platform.
    pub(super) operators: Vec<Name>,
    /// People whose session has shown a second factor.
    pub(super) shown: Vec<Name>,
    /// People whose account the platform suspended.
    pub(super) barred: Vec<Name>,
}

/// On what something is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    /// The deployment.
    Platform,
    /// An organization as a whole.
    Organization(Name),
    /// A project of an organization.
    Project(Name, Name),
}

/// Organization, role, permission, and `all` or `own`.
type RoleHolds = (Name, Name, Name, Name);

/// Somebody holds this by one role, wherever and until whenever it counts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Grant {
    /// In which organization.
    pub(super) organization: Name,
    /// Who.
    pub(super) person: Name,
    /// What.
    pub(super) permission: Name,
    /// `all` or `own`.
    pub(super) extent: Name,
    /// `EVERYWHERE`, or on which project.
    pub(super) place: Name,
    /// Until when.
    pub(super) until: Until,
}

/// A world, and what follows from it.
#[derive(Debug)]
pub(super) struct Oracle<'a> {
    world: &'a World,
    roles: Vec<RoleHolds>,
    grants: Vec<Grant>,
}

impl<'a> Oracle<'a> {
    /// Draws all conclusions about roles and members at once.
    pub(super) fn of(world: &'a World) -> Self {
        let roles = what_roles_hold(world);
        let grants = what_people_hold(world, &roles);
        Self {
            world,
            roles,
            grants,
        }
    }

    /// The facts.
    pub(super) const fn world(&self) -> &'a World {
        self.world
    }

    /// `yes`, or why not: somebody who entered these organizations asks for a permission on a target.
    pub(super) fn answer(
        &self,
        person: Name,
        entered: &[Name],
        permission: Name,
        target: Target,
    ) -> Name {
        let (organization, project) = match target {
            Target::Platform => {
                if PLATFORM.contains(&permission) && self.world.operators.contains(&person) {
                    return "yes";
                }
                return "not_held";
            }
            Target::Organization(organization) => (organization, EVERYWHERE),
            Target::Project(organization, project) => (organization, project),
        };
        if !entered.contains(&organization) {
            return "not_held";
        }
        let mut best = "not_held";
        for grant in &self.grants {
            if grant.organization == organization
                && grant.person == person
                && grant.permission == permission
            {
                best = nearer(best, self.answer_by(grant, project));
            }
        }
        best
    }

    /// What one grant leads to on a project, or everywhere in its organization. Of all that is in the way, what is
    /// farthest from a yes is told: that a role has ended is not the matter where it would not have been enough.
    fn answer_by(&self, grant: &Grant, project: Name) -> Name {
        if grant.place != EVERYWHERE && grant.place != project {
            return "held_on_another_project";
        }
        let created = (grant.organization, project, grant.person);
        if grant.extent == "own" && !self.world.projects.contains(&created) {
            return "held_for_own_only";
        }
        if self.ended(grant.until) {
            return "role_expired";
        }
        self.standing(grant.person, grant.organization, grant.permission)
    }

    /// Whether there is anything in an organization, now or to come, on which somebody may do this.
    pub(super) fn might(
        &self,
        person: Name,
        entered: &[Name],
        permission: Name,
        organization: Name,
    ) -> bool {
        if !entered.contains(&organization) {
            return false;
        }
        for grant in &self.grants {
            if grant.organization == organization
                && grant.person == person
                && grant.permission == permission
                && !self.ended(grant.until)
                && self.standing(person, organization, permission) == "yes"
            {
                return true;
            }
        }
        false
    }

    /// The roles by which somebody holds a permission for a target, where and until when they were given.
    pub(super) fn ways(
        &self,
        person: Name,
        entered: &[Name],
        permission: Name,
        target: Target,
    ) -> BTreeSet<(Name, Name, Until)> {
        let mut ways = BTreeSet::new();
        for given in &self.world.given {
            let (organization, whose, role, place, until) = *given;
            let (of, on) = match target {
                Target::Platform => continue,
                Target::Organization(of) => (of, EVERYWHERE),
                Target::Project(of, on) => (of, on),
            };
            if organization != of || whose != person || !entered.contains(&organization) {
                continue;
            }
            for grant in what_one_holds(given, &self.roles) {
                if grant.permission == permission && self.answer_by(&grant, on) == "yes" {
                    ways.insert((role, place, until));
                }
            }
        }
        ways
    }

    /// All projects, with their organizations, on which somebody may do this, asked one by one.
    pub(super) fn selection(
        &self,
        person: Name,
        entered: &[Name],
        permission: Name,
    ) -> BTreeSet<(Name, Name)> {
        let mut selected = BTreeSet::new();
        for (organization, project, _) in &self.world.projects {
            let target = Target::Project(organization, project);
            if self.answer(person, entered, permission, target) == "yes" {
                selected.insert((*organization, *project));
            }
        }
        selected
    }

    /// Whether somebody can enter an organization: its members, and where owners suspended or deleted it, they alone.
    pub(super) fn enters(&self, person: Name, organization: Name) -> bool {
        self.standing(person, organization, "entering") == "yes"
            || self.answer(
                person,
                &[organization],
                "organization:own",
                Target::Organization(organization),
            ) == "yes"
    }

    /// Whether somebody is a member with everything in order, who may leave.
    pub(super) fn in_order(&self, person: Name, entered: &[Name], organization: Name) -> bool {
        entered.contains(&organization) && self.standing(person, organization, "leaving") == "yes"
    }

    /// What is in the way of everything that somebody could ask in an organization, or `yes`.
    fn standing(&self, person: Name, organization: Name, permission: Name) -> Name {
        if self.world.barred.contains(&person) {
            return "account_suspended";
        }
        if self.world.organizations.contains(&(organization, "locked")) {
            return "organization_locked";
        }
        if self
            .world
            .members
            .contains(&(organization, person, "suspended"))
        {
            return "member_suspended";
        }
        if !self
            .world
            .members
            .contains(&(organization, person, "active"))
        {
            return "no_member";
        }
        if self.world.demanding.contains(&organization) && !self.world.shown.contains(&person) {
            return "second_factor_missing";
        }
        // What is reserved is all that is left, so that owners can undo what they did.
        if permission == "organization:own" {
            return "yes";
        }
        if self
            .world
            .organizations
            .contains(&(organization, "deleted"))
        {
            return "organization_deleted";
        }
        if self
            .world
            .organizations
            .contains(&(organization, "suspended"))
        {
            return "organization_suspended";
        }
        "yes"
    }

    /// All that somebody holds at this moment in a place, and how far.
    pub(super) fn all_held(
        &self,
        person: Name,
        organization: Name,
        place: Name,
    ) -> BTreeSet<(Name, Name)> {
        let mut held = BTreeSet::new();
        for grant in &self.grants {
            if grant.person == person
                && grant.organization == organization
                && (grant.place == EVERYWHERE || grant.place == place)
                && !self.ended(grant.until)
                && self.standing(person, organization, grant.permission) == "yes"
            {
                held.insert((grant.permission, grant.extent));
            }
        }
        // What is held on everything is held on one's own as well, and is not told twice.
        for (permission, extent) in held.clone() {
            if extent == "all" {
                held.remove(&(permission, "own"));
            }
        }
        held
    }

    /// Whether somebody holds a permission at this moment in a place, for all things or for their own.
    pub(super) fn has(&self, person: Name, entered: Name, held: (Name, Name), place: Name) -> bool {
        let (permission, extent) = held;
        if self.standing(person, entered, permission) != "yes" {
            return false;
        }
        for grant in &self.grants {
            if grant.organization == entered
                && grant.person == person
                && grant.permission == permission
                && (grant.extent == "all" || grant.extent == extent)
                && (grant.place == EVERYWHERE || grant.place == place)
                && !self.ended(grant.until)
            {
                return true;
            }
        }
        false
    }

    /// What a role holds where it is given: pairs of a permission and `all` or `own`.
    pub(super) fn role_holds(
        &self,
        organization: Name,
        role: Name,
        place: Name,
    ) -> BTreeSet<(Name, Name)> {
        let mut pairs = BTreeSet::new();
        for (its, holder, permission, extent) in &self.roles {
            if *its == organization
                && *holder == role
                && (place == EVERYWHERE || OBJECT.contains(permission))
            {
                pairs.insert((*permission, *extent));
            }
        }
        pairs
    }

    /// Whether somebody could give a role in a place, or take it away: they have all that it holds there.
    pub(super) fn covers_role(&self, giver: Name, entered: Name, role: Name, place: Name) -> bool {
        for held in self.role_holds(entered, role, place) {
            if !self.has(giver, entered, held, place) {
                return false;
            }
        }
        true
    }

    /// Whether somebody has all that a member was given, also where it has ended or is suspended.
    ///
    /// Whoever acts on a member does so in the whole organization. The documents say *in that place*; this reads it as
    /// the place of the deed: what the member has on one project has to be had everywhere.
    pub(super) fn covers_member(&self, giver: Name, entered: Name, member: Name) -> bool {
        for (organization, person, role, place, _) in &self.world.given {
            if *organization == entered && *person == member {
                for held in self.role_holds(entered, role, place) {
                    if !self.has(giver, entered, held, EVERYWHERE) {
                        return false;
                    }
                }
            }
        }
        true
    }

    /// Whether this leads from a role to one that holds the permission itself, each including the next.
    pub(super) fn is_way(
        &self,
        organization: Name,
        way: &[Name],
        permission: Name,
        extent: Name,
    ) -> bool {
        for pair in way.windows(2) {
            if !self
                .world
                .includes
                .contains(&(organization, pair[0], pair[1]))
            {
                return false;
            }
        }
        let Some(last) = way.last() else {
            return false;
        };
        let mut alone = BTreeSet::new();
        add_itself(self.world, organization, last, &mut alone);
        alone.contains(&(organization, *last, permission, extent))
    }

    /// Whether a time has come.
    fn ended(&self, until: Until) -> bool {
        match until {
            Some(end) => end <= self.world.now,
            None => false,
        }
    }
}

/// What a stored name stands for: a permission, and `all` or `own`; nothing where this build does not know it.
pub(super) fn understood(stored: Name) -> Option<(Name, Name)> {
    for permission in ORGANIZATION {
        // Reserved is what `owner` holds and no other.
        if stored == permission && permission != "organization:own" {
            return Some((permission, "all"));
        }
    }
    for permission in OBJECT {
        if stored == permission {
            return Some((permission, "all"));
        }
        if stored.strip_suffix(":own") == Some(permission) {
            return Some((permission, "own"));
        }
    }
    None
}

/// What a role holds without what it includes.
fn add_itself(world: &World, organization: Name, role: Name, to: &mut BTreeSet<RoleHolds>) {
    if role == "owner" {
        for permission in ORGANIZATION.iter().chain(&OBJECT) {
            to.insert((organization, role, permission, "all"));
        }
    } else if role == "admin" {
        for permission in ORGANIZATION.iter().chain(&OBJECT) {
            if *permission != "organization:own" {
                to.insert((organization, role, permission, "all"));
            }
        }
    } else if role == "member" {
        for permission in MEMBER {
            to.insert((organization, role, permission, "all"));
        }
    } else {
        for (its, holder, stored) in &world.stored {
            if *its == organization
                && *holder == role
                && let Some((permission, extent)) = understood(stored)
            {
                to.insert((organization, role, permission, extent));
            }
        }
    }
}

/// What each role holds: itself, and by what it includes, until nothing is added any more.
fn what_roles_hold(world: &World) -> Vec<RoleHolds> {
    let mut holds = BTreeSet::new();
    for (organization, _) in &world.organizations {
        for role in ["owner", "admin", "member"] {
            add_itself(world, organization, role, &mut holds);
        }
    }
    for (organization, role, stored) in &world.stored {
        if let Some((permission, extent)) = understood(stored) {
            holds.insert((*organization, *role, permission, extent));
        }
    }
    loop {
        let mut found = BTreeSet::new();
        for (organization, role, included) in &world.includes {
            for (its, holder, permission, extent) in &holds {
                if its == organization && holder == included {
                    found.insert((*organization, *role, *permission, *extent));
                }
            }
        }
        let before = holds.len();
        holds.extend(found);
        if holds.len() == before {
            return holds.into_iter().collect();
        }
    }
}

/// What each person holds by each role they were given.
fn what_people_hold(world: &World, roles: &[RoleHolds]) -> Vec<Grant> {
    let mut grants = Vec::new();
    for given in &world.given {
        grants.extend(what_one_holds(given, roles));
    }
    grants
}

/// What somebody holds by one role that they were given.
fn what_one_holds(given: &Given, roles: &[RoleHolds]) -> Vec<Grant> {
    let (organization, person, role, place, until) = *given;
    let mut grants = Vec::new();
    for (its, holder, permission, extent) in roles {
        // Those of the organization as a whole mean nothing on a project.
        if *its == organization
            && *holder == role
            && (place == EVERYWHERE || OBJECT.contains(permission))
        {
            grants.push(Grant {
                organization,
                person,
                permission,
                extent,
                place,
                until,
            });
        }
    }
    grants
}

/// Of two answers by two grants, the one that is nearer to a yes.
fn nearer(one: Name, other: Name) -> Name {
    let far = [
        "not_held",
        "held_on_another_project",
        "held_for_own_only",
        "role_expired",
    ];
    for answer in far {
        if one == answer {
            return other;
        }
        if other == answer {
            return one;
        }
    }
    // All that is left is a yes, and what is in everybody's way but whoever undoes it.
    one
}
