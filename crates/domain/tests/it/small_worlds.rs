//! Who can come by what: every order of deeds in small worlds, over the real decisions.
//!
//! In each world are three people, two tenants, and in each tenant three roles: `owner`, `admin`, and one of its own,
//! which is called `crew`. Whoever acts is let in by the policy, on what follows from the facts at that moment, and
//! what comes of it is what the rules of the domain make of it. Around them is what the use cases do, over a store that
//! forgets nothing. `docs/no-escalation.md` tells what was walked through, and is held to it.

use bailiwick_domain::{
    InvitationId, MemberId, Name, ProjectId, RoleId, TenantId, Timestamp, UserId, Version,
    access::{
        AccountScope, Action, Assignment, Catalogue, Decision, Denied, Grants, Level, MemberScope,
        Object, Permission, Permit, Principal, Target, TenantScope, Write,
        action::{
            AssignRoles, CreateRole, DeleteRole, InviteMember, OwnOrganization, RemoveMember,
            RevokeInvitation, ShareProject, SuspendMember, UpdateRole,
        },
        authorize, claim, decide, membership,
    },
    invitation::{
        Invitation, InvitationStatus, InviteError, RedeemInvitationError, Redemption, Shown,
    },
    member::{LastOwner, Member, MemberError, MemberStatus, Owners},
    ownership::{Offer, OfferError},
    project::Project,
    role::{BuiltIn, Role, RoleBook, RoleDraft, RoleError, Usage},
    tenant::{Founded, Tenant, TenantError, TenantStatus},
    user::User,
};
use std::{
    cell::RefCell,
    collections::{HashMap, HashSet},
    fmt, fs,
    path::Path,
    rc::Rc,
};
use uuid::Uuid;

// The people, the tenants, and what they can have

const ADA: usize = 0;
const BEN: usize = 1;
const CLEO: usize = 2;
const PEOPLE: [usize; 3] = [ADA, BEN, CLEO];

const MORNING: Timestamp = Timestamp::from_micros(1_700_000_000_000_000);
const NOON: Timestamp = Timestamp::from_micros(1_700_043_200_000_000);
const EVENING: Timestamp = Timestamp::from_micros(1_700_086_400_000_000);

/// Some of the three roles of a tenant, each for good or until noon.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Roles(u8);

const NONE: Roles = Roles(0);
const OWNER: Roles = Roles(0b001);
const ADMIN: Roles = Roles(0b010);
const CREW: Roles = Roles(0b100);
const CREW_TILL_NOON: Roles = Roles(0b100_000);

/// The three, each with its name.
const EACH: [(Roles, &str); 3] = [(OWNER, "owner"), (ADMIN, "admin"), (CREW, "crew")];

/// What `crew` can hold and include. The last two no role can be: they are tried all the same.
const DRAFTS: [(&str, Roles); 10] = [
    ("", NONE),
    ("member:invite", NONE),
    ("member:assign", NONE),
    ("member:suspend member:remove", NONE),
    ("role:create role:update role:delete", NONE),
    ("project:update project:share", NONE),
    ("project:update:own project:share:own", NONE),
    ("", ADMIN),
    ("organization:own member:assign", NONE),
    ("", OWNER),
];

const EMPTY: usize = 0;
const INVITES: usize = 1;
const ASSIGNS: usize = 2;
const GUARDS: usize = 3;
const MAKES_ROLES: usize = 4;
const SHARES: usize = 5;
const SHARES_OWN: usize = 6;
const INCLUDES_ADMIN: usize = 7;
const OWNS: usize = 8;
const INCLUDES_OWNER: usize = 9;

/// A person's place in a tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Seat {
    suspended: bool,
    roles: Roles,
    /// On the tenant's one project, which Ben created.
    on_project: Roles,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Invited {
    whom: usize,
    by: usize,
    roles: Roles,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Offered {
    from: usize,
    to: usize,
}

/// A tenant, as a store keeps it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct House {
    suspended: bool,
    seats: [Option<Seat>; 3],
    /// Which of the drafts `crew` is, if there is such a role.
    crew: Option<usize>,
    invitation: Option<Invited>,
    offer: Option<Offered>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct World {
    /// Is it past noon?
    late: bool,
    houses: [House; 2],
}

// Worlds are many, and are told apart by what they pack into.

impl Seat {
    const fn packed(self) -> u64 {
        1 | (self.suspended as u64) << 1
            | (self.roles.0 as u64) << 2
            | (self.on_project.0 as u64) << 8
    }
}

impl House {
    fn packed(&self) -> u64 {
        let seats = self
            .seats
            .iter()
            .fold(0, |all, seat| all << 14 | seat.map_or(0, Seat::packed));
        let crew = self.crew.map_or(0, |number| number as u64 + 1);
        let invitation = self.invitation.map_or(0, |Invited { whom, by, roles }| {
            1 | (whom as u64) << 1 | (by as u64) << 3 | u64::from(roles.0) << 5
        });
        let offer = self.offer.map_or(0, |Offered { from, to }| {
            1 | (from as u64) << 1 | (to as u64) << 3
        });
        (((seats << 4 | crew) << 11 | invitation) << 5 | offer) << 1 | u64::from(self.suspended)
    }
}

impl World {
    fn packed(&self) -> [u64; 2] {
        let late = u64::from(self.late) << 63;
        let [one, other] = self.houses.map(|house| house.packed());
        [late | one, other]
    }
}

// What they do

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Deed {
    ChangeRoles(usize, Roles),
    Share(usize, Roles),
    Suspend(usize),
    Resume(usize),
    Remove(usize),
    Leave,
    Add(usize, Roles),
    Invite(usize, Roles),
    Resend,
    Revoke,
    Accept,
    Decline,
    /// Creates `crew` as this draft, or changes it to it.
    Draft(usize),
    /// Removes `crew`; what takes its place, if something does.
    Drop(Option<Roles>),
    Offer(usize),
    TakeOver,
    TurnDown,
    SuspendTenant,
    ResumeTenant,
    /// It turns noon, and nobody does anything.
    Wait,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Step {
    who: usize,
    at: usize,
    deed: Deed,
}

/// What came of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Refusal {
    /// The policy said no.
    Denied,
    /// It would hand on, or take away, more than whoever does it holds.
    Escalation,
    /// The tenant would be without an owner.
    LastOwner,
    /// There is nobody or nothing to do it to, or it can be done to nobody.
    Impossible,
}

/// What the use cases do around the rules of the domain: as it is, or with a mistake that the walk has to find.
#[derive(Debug, Clone, Copy)]
struct Service {
    /// Is the policy asked on the facts of this moment, and not on those of the one before?
    asks_anew: bool,
    /// Is it asked about the tenant that is changed?
    asks_where_it_acts: bool,
    /// Is looked up what whoever invited holds when the invitation is accepted?
    looks_up_inviter: bool,
    /// Do only those count as owners who are not suspended?
    counts_active_owners: bool,
}

const AS_IT_IS: Service = Service {
    asks_anew: true,
    asks_where_it_acts: true,
    looks_up_inviter: true,
    counts_active_owners: true,
};

impl Roles {
    const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    const fn till_noon(self) -> Self {
        Self(self.0 << 3)
    }

    /// Is the role among them, for however long?
    const fn have(self, role: Self) -> bool {
        self.0 & role.and(role.till_noon()).0 != 0
    }

    /// Is the role among them, at this hour?
    const fn count(self, role: Self, late: bool) -> bool {
        self.0 & role.0 != 0 || !late && self.0 & role.till_noon().0 != 0
    }

    /// The same, where a role has taken the place of another.
    fn replaced(self, old: Self, new: Self) -> Self {
        let rest = self.0 & !old.and(old.till_noon()).0;
        let good = if self.0 & old.0 != 0 { new } else { NONE };
        let brief = if self.0 & old.till_noon().0 != 0 {
            new.till_noon()
        } else {
            NONE
        };
        Self(rest).and(good).and(brief)
    }
}

impl fmt::Debug for Roles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut list = f.debug_set();
        for (role, name) in EACH {
            if self.0 & role.0 != 0 {
                list.entry(&format_args!("{name}"));
            }
            if self.0 & role.till_noon().0 != 0 {
                list.entry(&format_args!("{name} till noon"));
            }
        }
        list.finish()
    }
}

const fn time(late: bool) -> Timestamp {
    if late { EVENING } else { MORNING }
}

// The ground: what never changes, and what a store makes of what does

/// What somebody may, permission by permission, asked of the policy itself: two bits for each that can be held for
/// one's own, so that nothing here rests on what the domain thinks that one set holds of another.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Held {
    /// In the tenant, and on a thing of it that is in no project.
    tenant: u64,
    /// On the project.
    project: u64,
}

impl Held {
    const fn less(self, other: Self) -> Self {
        Self {
            tenant: self.tenant & !other.tenant,
            project: self.project & !other.project,
        }
    }

    const fn is_within(self, other: Self) -> bool {
        let Self { tenant, project } = self.less(other);
        tenant | project == 0
    }
}

/// What the facts about a person in a tenant follow from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Facts {
    tenant_suspended: bool,
    late: bool,
    crew: Option<usize>,
    seat: Seat,
}

impl Facts {
    fn packed(&self) -> u64 {
        let crew = self.crew.map_or(0, |number| number as u64 + 1);
        let [suspended, late] = [self.tenant_suspended, self.late].map(u64::from);
        ((self.seat.packed() << 4 | crew) << 1 | suspended) << 1 | late
    }
}

/// What somebody is told apart by, as the policy knows them.
fn key(who: usize, facts: [Option<Facts>; 2]) -> u64 {
    let packed = |facts: Option<Facts>| facts.map_or(0, |facts| facts.packed());
    (who as u64) << 40 | packed(facts[0]) << 20 | packed(facts[1])
}

/// Somebody, as the policy knows them.
struct Known {
    principal: Principal,
    held: [Held; 2],
}

struct Ground {
    users: [User; 3],
    founded: [Founded; 2],
    projects: [Project; 2],
    drafts: [Vec<RoleDraft>; 2],
    /// The roles of each tenant, without `crew` and then with each of the drafts.
    books: [Vec<RoleBook>; 2],
    /// Whom the policy was asked about before: it says the same again.
    known: RefCell<HashMap<u64, Rc<Known>>>,
}

impl Ground {
    fn new() -> Self {
        let founder = [ADA, CLEO];
        let users = PEOPLE.map(user);
        let founded = [0, 1].map(|at| {
            let founding = AccountScope::registering(&users[founder[at]]).founding(place(at));
            let member = member_id(at, founder[at]);
            let roles = EACH.map(|(role, _)| role_id(at, role));
            let [owner, admin, plain] = [roles[0], roles[1], id(90 + at, RoleId::from_uuid)];
            Tenant::found(
                &founding,
                name("tenant"),
                member,
                [owner, admin, plain],
                MORNING,
            )
        });
        let drafts = [0, 1].map(|at| DRAFTS.map(|draft| drafted(at, draft)).to_vec());
        let books = [0, 1].map(|at| {
            let founded = founded[at].roles.to_vec();
            let with = |draft: &RoleDraft| {
                let role = Role {
                    id: role_id(at, CREW),
                    name: draft.name.clone(),
                    built_in: None,
                    grants: draft.grants,
                    includes: draft.includes.clone(),
                    version: Version::FIRST,
                };
                RoleBook::of([founded.clone(), vec![role]].concat())
            };
            let without = RoleBook::of(founded.clone());
            [without]
                .into_iter()
                .chain(drafts[at].iter().map(with))
                .collect()
        });
        Self {
            projects: [0, 1].map(|at| Project {
                id: id(at, ProjectId::from_uuid),
                tenant: place(at),
                name: name("project"),
                created_by: users[BEN].id.into(),
                created_at: MORNING,
                updated_at: MORNING,
                deleted_at: None,
            }),
            users,
            founded,
            drafts,
            books,
            known: RefCell::default(),
        }
    }

    fn book(&self, at: usize, crew: Option<usize>) -> &RoleBook {
        &self.books[at][crew.map_or(0, |draft| draft + 1)]
    }

    fn tenant(&self, at: usize, suspended: bool) -> Tenant {
        Tenant {
            status: if suspended {
                TenantStatus::Suspended
            } else {
                TenantStatus::Active
            },
            ..self.founded[at].tenant.clone()
        }
    }

    fn member(&self, at: usize, who: usize, seat: Seat) -> Member {
        let in_tenant = assignments(at, seat.roles, None);
        let on_project = assignments(at, seat.on_project, Some(self.projects[at].id));
        Member {
            id: member_id(at, who),
            user: self.users[who].id,
            status: if seat.suspended {
                MemberStatus::Suspended
            } else {
                MemberStatus::Active
            },
            assignments: [in_tenant, on_project].concat(),
            ..self.founded[at].owner.clone()
        }
    }

    /// The other way round. What a store could not keep is a fault.
    fn seat(&self, at: usize, member: &Member) -> Seat {
        let mut seat = Seat {
            suspended: member.status == MemberStatus::Suspended,
            roles: NONE,
            on_project: NONE,
        };
        for one in &member.assignments {
            let roles = match one.project {
                None => &mut seat.roles,
                Some(project) => {
                    assert_eq!(project, self.projects[at].id);
                    &mut seat.on_project
                }
            };
            let role = role_of(at, one.role);
            let role = if one.expires_at.is_some() {
                role.till_noon()
            } else {
                role
            };
            assert!(roles.0 & role.0 == 0, "{member:?}");
            *roles = roles.and(role);
        }
        seat
    }

    fn facts(world: &World, who: usize) -> [Option<Facts>; 2] {
        world.houses.map(|house| {
            house.seats[who].map(|seat| Facts {
                tenant_suspended: house.suspended,
                late: world.late,
                crew: house.crew,
                seat,
            })
        })
    }

    /// Somebody, with what follows from the facts about them.
    fn known(&self, who: usize, facts: [Option<Facts>; 2]) -> Rc<Known> {
        let mut known = self.known.borrow_mut();
        let known = known.entry(key(who, facts)).or_insert_with(|| {
            let mut principal = Principal::new(self.users[who].id);
            for (at, facts) in facts.iter().enumerate() {
                let Some(facts) = facts else { continue };
                let member = self.member(at, who, facts.seat);
                let tenant = self.tenant(at, facts.tenant_suspended);
                let standing = member.standing(&tenant, self.book(at, facts.crew).clone());
                principal = principal.standing(&standing, time(facts.late));
            }
            Rc::new(Known {
                held: [0, 1].map(|at| self.held(&principal, at)),
                principal,
            })
        });
        Rc::clone(known)
    }

    fn held(&self, principal: &Principal, at: usize) -> Held {
        let may = |permission, target: Target| {
            u64::from(decide(principal, permission, target) == Decision::Permit)
        };
        let thing = |project, owner| {
            Target::Object(Object {
                tenant: place(at),
                project,
                owner,
            })
        };
        let mut held = Held::default();
        for permission in Permission::ALL.iter().copied() {
            let bit = 2 * permission.index();
            let on_thing = |project| {
                may(permission, thing(project, None)) << bit
                    | may(permission, thing(project, principal.actor().user())) << (bit + 1)
            };
            match permission.reach().level {
                Level::Platform => {}
                Level::Tenant => held.tenant |= may(permission, place(at).into()) << bit,
                Level::Object => {
                    held.tenant |= on_thing(None);
                    held.project |= on_thing(Some(self.projects[at].id));
                }
            }
        }
        held
    }
}

fn id<T>(number: usize, of: fn(Uuid) -> T) -> T {
    of(Uuid::from_u128(number as u128 + 1))
}

fn place(at: usize) -> TenantId {
    id(at, TenantId::from_uuid)
}

fn member_id(at: usize, who: usize) -> MemberId {
    id(10 * at + who, MemberId::from_uuid)
}

fn role_id(at: usize, role: Roles) -> RoleId {
    id(10 * at + usize::from(role.0), RoleId::from_uuid)
}

fn role_of(at: usize, id: RoleId) -> Roles {
    let each = EACH.into_iter().map(|(role, _)| role);
    let mut found = each.filter(|role| role_id(at, *role) == id);
    found.next().unwrap()
}

fn role_ids(at: usize, roles: Roles) -> Vec<RoleId> {
    let each = EACH.into_iter().filter(|(role, _)| roles.have(*role));
    each.map(|(role, _)| role_id(at, role)).collect()
}

fn drafted(at: usize, (grants, includes): (&str, Roles)) -> RoleDraft {
    RoleDraft {
        name: name("crew"),
        grants: Grants::stored(grants).unwrap(),
        includes: role_ids(at, includes),
    }
}

fn assignments(at: usize, roles: Roles, project: Option<ProjectId>) -> Vec<Assignment> {
    let mut all = Vec::new();
    for (role, _) in EACH {
        for (given, expires_at) in [(role, None), (role.till_noon(), Some(NOON))] {
            if roles.0 & given.0 != 0 {
                all.push(Assignment {
                    role: role_id(at, role),
                    project,
                    expires_at,
                });
            }
        }
    }
    all
}

fn name(text: &str) -> Name {
    text.parse().unwrap()
}

fn user(who: usize) -> User {
    let called = ["Ada", "Ben", "Cleo"][who];
    let email = format!("{called}@example.com").parse().unwrap();
    User::new(id(who, UserId::from_uuid), email, name(called), MORNING)
}

// What the use cases do

/// One step, as a use case meets it.
struct Scene<'a> {
    ground: &'a Ground,
    service: Service,
    world: &'a World,
    at: usize,
    who: usize,
    known: &'a Known,
}

impl Scene<'_> {
    fn house(&self) -> &House {
        &self.world.houses[self.at]
    }

    fn book(&self) -> &RoleBook {
        self.ground.book(self.at, self.house().crew)
    }

    fn tenant(&self) -> Tenant {
        self.ground.tenant(self.at, self.house().suspended)
    }

    fn now(&self) -> Timestamp {
        time(self.world.late)
    }

    fn asked_in(&self) -> TenantId {
        place(if self.service.asks_where_it_acts {
            self.at
        } else {
            1 - self.at
        })
    }

    fn leave<A>(&self) -> Result<Permit<A>, Refusal>
    where
        A: Action<Catalogue = Permission, Scope = TenantScope<Write>>,
    {
        Ok(authorize(&self.known.principal, self.asked_in())?)
    }

    fn as_member(&self) -> Result<MemberScope, Refusal> {
        Ok(membership(&self.known.principal, self.asked_in())?)
    }

    fn member(&self, who: usize) -> Result<Member, Refusal> {
        let seat = self.house().seats[who].ok_or(Refusal::Impossible)?;
        Ok(self.ground.member(self.at, who, seat))
    }

    fn owners(&self) -> Owners {
        let owner = |who: &usize| {
            self.house().seats[*who].is_some_and(|seat| {
                let counts = !seat.suspended || !self.service.counts_active_owners;
                counts && seat.roles.have(OWNER)
            })
        };
        let owners = PEOPLE.into_iter().filter(owner);
        Owners(owners.map(|who| member_id(self.at, who)).collect())
    }

    /// The world with another house in this place.
    fn with(&self, change: impl FnOnce(&mut House)) -> World {
        let mut world = *self.world;
        change(&mut world.houses[self.at]);
        world
    }

    fn with_member(&self, who: usize, member: &Member) -> World {
        let seat = self.ground.seat(self.at, member);
        self.with(|house| house.seats[who] = Some(seat))
    }

    fn play(&self, deed: Deed) -> Result<World, Refusal> {
        match deed {
            Deed::ChangeRoles(whom, roles) => {
                let permit = self.leave::<AssignRoles>()?;
                let mut member = self.member(whom)?;
                let roles = assignments(self.at, roles, None);
                let (book, owners) = (self.book(), self.owners());
                member.change_roles(&permit, book, &owners, roles, self.now())?;
                Ok(self.with_member(whom, &member))
            }
            Deed::Share(whom, roles) => {
                let project = &self.ground.projects[self.at];
                let claim = claim::<ShareProject>(&self.known.principal, self.asked_in())?;
                let permit = claim.on(project.object())?;
                let mut member = self.member(whom)?;
                let roles = assignments(self.at, roles, None);
                member.share(&permit, self.book(), project, roles, self.now())?;
                Ok(self.with_member(whom, &member))
            }
            Deed::Suspend(whom) => {
                let permit = self.leave::<SuspendMember>()?;
                let mut member = self.member(whom)?;
                member.suspend(&permit, self.book(), &self.owners())?;
                Ok(self.with_member(whom, &member))
            }
            Deed::Resume(whom) => {
                let permit = self.leave::<SuspendMember>()?;
                let mut member = self.member(whom)?;
                member.resume(&permit, self.book())?;
                Ok(self.with_member(whom, &member))
            }
            Deed::Remove(whom) => {
                let permit = self.leave::<RemoveMember>()?;
                self.member(whom)?
                    .removable(&permit, self.book(), &self.owners())?;
                Ok(self.with(|house| house.seats[whom] = None))
            }
            Deed::Leave => {
                let scope = self.as_member()?;
                self.member(self.who)?.may_leave(&scope, &self.owners())?;
                Ok(self.with(|house| house.seats[self.who] = None))
            }
            Deed::Add(whom, roles) => {
                let permit = self.leave::<InviteMember>()?;
                self.is_no_member(whom)?;
                let user = self.ground.users[whom].id;
                let roles = assignments(self.at, roles, None);
                let id = member_id(self.at, whom);
                let member = Member::add(&permit, self.book(), id, user, roles, self.now())?;
                Ok(self.with_member(whom, &member))
            }
            Deed::Invite(whom, roles) => self.invite(whom, roles),
            Deed::Resend => {
                let permit = self.leave::<InviteMember>()?;
                let mut invitation = self.invitation()?;
                invitation.resend(&permit, self.book(), &self.tenant(), self.now())?;
                Ok(self.with_invitation(&invitation))
            }
            Deed::Revoke => {
                let permit = self.leave::<RevokeInvitation>()?;
                let mut invitation = self.invitation()?;
                invitation.revoke(&permit)?;
                Ok(self.with_invitation(&invitation))
            }
            Deed::Accept => self.accept(),
            Deed::Decline => {
                let mut invitation = self.invitation()?;
                let answer = self.answer(&invitation)?;
                invitation.decline(&answer, self.now())?;
                Ok(self.with_invitation(&invitation))
            }
            Deed::Draft(draft) => self.draft(draft),
            Deed::Drop(replacement) => self.drop_crew(replacement),
            Deed::Offer(whom) => {
                let permit = self.leave::<OwnOrganization>()?;
                let [from, to] = [self.member(self.who)?, self.member(whom)?];
                let offer = Offer::make(&permit, self.book(), &from, &to, self.now())?;
                Ok(self.with(|house| house.offer = Some(self.offered(&offer))))
            }
            Deed::TakeOver => self.take_over(),
            Deed::TurnDown => {
                let scope = self.as_member()?;
                match self.house().offer {
                    Some(offer) if member_id(self.at, offer.to) == scope.member() => {
                        Ok(self.with(|house| house.offer = None))
                    }
                    Some(_) | None => Err(Refusal::Impossible),
                }
            }
            Deed::SuspendTenant => {
                let permit = self.leave::<OwnOrganization>()?;
                self.tenant().suspend(&permit, self.now())?;
                Ok(self.with(|house| house.suspended = true))
            }
            Deed::ResumeTenant => {
                let permit = self.leave::<OwnOrganization>()?;
                self.tenant().resume(&permit, self.now())?;
                Ok(self.with(|house| house.suspended = false))
            }
            Deed::Wait => Ok(World {
                late: true,
                ..*self.world
            }),
        }
    }

    fn is_no_member(&self, whom: usize) -> Result<(), Refusal> {
        match self.house().seats[whom] {
            None => Ok(()),
            Some(_) => Err(Refusal::Impossible),
        }
    }

    fn invite(&self, whom: usize, roles: Roles) -> Result<World, Refusal> {
        let permit = self.leave::<InviteMember>()?;
        self.is_no_member(whom)?;
        if self.house().invitation.is_some() {
            return Err(Refusal::Impossible);
        }
        let (id, email) = (
            invitation_id(self.at),
            self.ground.users[whom].email.clone(),
        );
        let (tenant, roles) = (self.tenant(), role_ids(self.at, roles));
        let invitation =
            Invitation::issue(&permit, self.book(), &tenant, id, email, roles, self.now())?;
        Ok(self.with_invitation(&invitation))
    }

    fn accept(&self) -> Result<World, Refusal> {
        let mut invitation = self.invitation()?;
        let answer = self.answer(&invitation)?;
        self.is_no_member(self.who)?;
        let by = self.ground.person(invitation.invited_by.answerable());
        let facts = Ground::facts(self.world, by);
        let inviter = match (facts[self.at], self.service.looks_up_inviter) {
            (Some(_), true) => Some(self.ground.known(by, facts).principal.clone()),
            (None, true) => None,
            (_, false) => {
                let nobody = Principal::new(invitation.invited_by.answerable());
                Some(nobody.granted(place(self.at), BuiltIn::Owner.grants()))
            }
        };
        let (tenant, id) = (self.tenant(), member_id(self.at, self.who));
        let inviter = inviter.as_ref();
        let member = invitation.accept(&answer, self.book(), &tenant, inviter, id, self.now())?;
        let mut world = self.with_invitation(&invitation);
        world.houses[self.at].seats[self.who] = Some(self.ground.seat(self.at, &member));
        Ok(world)
    }

    /// The invitation that waits.
    fn invitation(&self) -> Result<Invitation, Refusal> {
        let Invited { whom, by, roles } = self.house().invitation.ok_or(Refusal::Impossible)?;
        Ok(Invitation {
            id: invitation_id(self.at),
            tenant: place(self.at),
            email: self.ground.users[whom].email.clone(),
            roles: role_ids(self.at, roles),
            status: InvitationStatus::Pending,
            invited_by: self.ground.users[by].id.into(),
            created_at: MORNING,
            expires_at: MORNING.plus(Invitation::LIFETIME),
        })
    }

    fn answer(&self, invitation: &Invitation) -> Result<Redemption, Refusal> {
        let user = &self.ground.users[self.who];
        Ok(invitation.redeem(user, Shown::Address, self.now())?)
    }

    /// The world with the invitation as it is now; once it waits no more, it is out of the world.
    fn with_invitation(&self, invitation: &Invitation) -> World {
        let mut users = self.ground.users.iter();
        let whom = users.position(|user| user.email == invitation.email);
        let roles = invitation.roles.iter().map(|role| role_of(self.at, *role));
        let invited = Invited {
            whom: whom.unwrap(),
            by: self.ground.person(invitation.invited_by.answerable()),
            roles: roles.fold(NONE, Roles::and),
        };
        let waits = invitation.status == InvitationStatus::Pending;
        self.with(|house| house.invitation = waits.then_some(invited))
    }

    fn draft(&self, number: usize) -> Result<World, Refusal> {
        let drafts = &self.ground.drafts[self.at];
        let (id, draft) = (role_id(self.at, CREW), drafts[number].clone());
        let role = match self.house().crew {
            None => {
                let permit = self.leave::<CreateRole>()?;
                self.book().clone().add(&permit, id, draft)?
            }
            Some(_) => {
                let permit = self.leave::<UpdateRole>()?;
                self.book().clone().change(&permit, id, draft)?
            }
        };
        // What is reserved may have been left out of it.
        let same =
            |draft: &RoleDraft| draft.grants == role.grants && draft.includes == role.includes;
        let number = drafts.iter().position(same).unwrap();
        Ok(self.with(|house| house.crew = Some(number)))
    }

    /// The role goes. Whoever has it, or would get it, has what takes its place, for as long.
    fn drop_crew(&self, replacement: Option<Roles>) -> Result<World, Refusal> {
        let permit = self.leave::<DeleteRole>()?;
        let mut seats = self.house().seats.iter().flatten();
        let usage = Usage {
            assigned: seats.any(|seat| seat.roles.have(CREW) || seat.on_project.have(CREW)),
            invited: self
                .house()
                .invitation
                .is_some_and(|one| one.roles.have(CREW)),
            default: false,
        };
        let by = replacement.map(|role| role_id(self.at, role));
        self.book()
            .clone()
            .remove(&permit, role_id(self.at, CREW), usage, by)?;
        let replaced = |roles: Roles| roles.replaced(CREW, replacement.unwrap_or(NONE));
        Ok(self.with(|house| {
            house.crew = None;
            for seat in house.seats.iter_mut().flatten() {
                seat.roles = replaced(seat.roles);
                seat.on_project = replaced(seat.on_project);
            }
            if let Some(invitation) = &mut house.invitation {
                invitation.roles = replaced(invitation.roles);
            }
        }))
    }

    fn take_over(&self) -> Result<World, Refusal> {
        let scope = self.as_member()?;
        let Offered { from, to } = self.house().offer.ok_or(Refusal::Impossible)?;
        let offer = Offer {
            tenant: place(self.at),
            from: member_id(self.at, from),
            to: member_id(self.at, to),
            created_at: MORNING,
            expires_at: MORNING.plus(Offer::LIFETIME),
        };
        let (mut giver, mut taker) = (self.member(from)?, self.member(self.who)?);
        offer.accept(&scope, self.book(), &mut giver, &mut taker, self.now())?;
        let mut world = self.with_member(from, &giver);
        world.houses[self.at].seats[self.who] = Some(self.ground.seat(self.at, &taker));
        world.houses[self.at].offer = None;
        Ok(world)
    }

    fn offered(&self, offer: &Offer) -> Offered {
        let who = |id| {
            PEOPLE
                .into_iter()
                .find(|who| member_id(self.at, *who) == id)
        };
        Offered {
            from: who(offer.from).unwrap(),
            to: who(offer.to).unwrap(),
        }
    }
}

fn invitation_id(at: usize) -> InvitationId {
    id(at, InvitationId::from_uuid)
}

impl From<Denied> for Refusal {
    fn from(_: Denied) -> Self {
        Self::Denied
    }
}

impl From<LastOwner> for Refusal {
    fn from(_: LastOwner) -> Self {
        Self::LastOwner
    }
}

impl From<MemberError> for Refusal {
    fn from(error: MemberError) -> Self {
        match error {
            MemberError::LastOwner(_) => Self::LastOwner,
            MemberError::Escalation(_) => Self::Escalation,
            MemberError::UnknownRole
            | MemberError::OtherObject(_)
            | MemberError::OwnershipIsWhole
            | MemberError::EndsInThePast => Self::Impossible,
        }
    }
}

impl From<RoleError> for Refusal {
    fn from(error: RoleError) -> Self {
        match error {
            RoleError::Escalation(_) => Self::Escalation,
            RoleError::Unknown
            | RoleError::BuiltIn
            | RoleError::NameTaken
            | RoleError::Cycle
            | RoleError::IncludesOwner
            | RoleError::TooMany
            | RoleError::InUse
            | RoleError::Stale(_) => Self::Impossible,
        }
    }
}

impl From<InviteError> for Refusal {
    fn from(error: InviteError) -> Self {
        match error {
            InviteError::Escalation(_) => Self::Escalation,
            InviteError::UnknownRole | InviteError::DomainRefused(_) | InviteError::Over => {
                Self::Impossible
            }
        }
    }
}

impl From<RedeemInvitationError> for Refusal {
    fn from(error: RedeemInvitationError) -> Self {
        match error {
            RedeemInvitationError::Void => Self::Escalation,
            RedeemInvitationError::Over
            | RedeemInvitationError::AnotherAddress
            | RedeemInvitationError::DomainRefused(_) => Self::Impossible,
        }
    }
}

impl From<OfferError> for Refusal {
    fn from(error: OfferError) -> Self {
        match error {
            OfferError::Escalation(_) => Self::Escalation,
            OfferError::NotEligible | OfferError::Void => Self::Impossible,
        }
    }
}

impl From<TenantError> for Refusal {
    fn from(error: TenantError) -> Self {
        match error {
            TenantError::Escalation(_) => Self::Escalation,
            TenantError::OwnerByDefault
            | TenantError::WrongState
            | TenantError::GraceOver
            | TenantError::UnknownRole
            | TenantError::SecondFactorMissing
            | TenantError::TooManyDomains => Self::Impossible,
        }
    }
}

// What holds after every step

/// What somebody holds in each tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Views {
    /// At this moment: this is what they may.
    now: [Held; 2],
    /// If no tenant were suspended: whoever resumes one gives nobody anything that was not theirs.
    resumed: [Held; 2],
    /// If no member were suspended either, and no role had ended.
    whatever: [Held; 2],
}

impl Ground {
    fn views(&self, world: &World, who: usize) -> Views {
        let now = Self::facts(world, who);
        let resumed = now.map(|facts| {
            facts.map(|facts| Facts {
                tenant_suspended: false,
                ..facts
            })
        });
        let whatever = resumed.map(|facts| {
            facts.map(|facts| Facts {
                late: false,
                seat: Seat {
                    suspended: false,
                    ..facts.seat
                },
                ..facts
            })
        });
        let held = |facts| self.known(who, facts).held;
        Views {
            now: held(now),
            resumed: held(resumed),
            whatever: held(whatever),
        }
    }

    fn person(&self, user: UserId) -> usize {
        self.users.iter().position(|one| one.id == user).unwrap()
    }

    /// What somebody holds by their roles on the project alone.
    fn on_project_alone(&self, world: &World, at: usize, who: usize) -> Held {
        let facts = Self::facts(world, who).map(|facts| {
            facts.map(|facts| Facts {
                tenant_suspended: false,
                late: false,
                seat: Seat {
                    suspended: false,
                    roles: NONE,
                    ..facts.seat
                },
                ..facts
            })
        });
        self.known(who, facts).held[at]
    }

    /// Who answers for what comes of a step: whoever takes it, and when something is accepted, whoever offered it.
    fn giver(before: &World, step: Step) -> Option<usize> {
        let house = &before.houses[step.at];
        match step.deed {
            Deed::Wait => None,
            Deed::Accept => house.invitation.map(|invitation| invitation.by),
            Deed::TakeOver => house.offer.map(|offer| offer.from),
            Deed::ChangeRoles(..)
            | Deed::Share(..)
            | Deed::Suspend(_)
            | Deed::Resume(_)
            | Deed::Remove(_)
            | Deed::Leave
            | Deed::Add(..)
            | Deed::Invite(..)
            | Deed::Resend
            | Deed::Revoke
            | Deed::Decline
            | Deed::Draft(_)
            | Deed::Drop(_)
            | Deed::Offer(_)
            | Deed::TurnDown
            | Deed::SuspendTenant
            | Deed::ResumeTenant => Some(step.who),
        }
    }

    /// The member whom a step is about, as a whole.
    const fn about(step: Step) -> Option<usize> {
        match step.deed {
            Deed::ChangeRoles(whom, _)
            | Deed::Suspend(whom)
            | Deed::Resume(whom)
            | Deed::Remove(whom) => Some(whom),
            Deed::Share(..)
            | Deed::Leave
            | Deed::Add(..)
            | Deed::Invite(..)
            | Deed::Resend
            | Deed::Revoke
            | Deed::Accept
            | Deed::Decline
            | Deed::Draft(_)
            | Deed::Drop(_)
            | Deed::Offer(_)
            | Deed::TakeOver
            | Deed::TurnDown
            | Deed::SuspendTenant
            | Deed::ResumeTenant
            | Deed::Wait => None,
        }
    }

    /// Does what is promised hold over the step? `views`: of everybody, before.
    fn promises(
        &self,
        (before, views): (&World, &[Views; 3]),
        after: &World,
        step: Step,
    ) -> Result<(), &'static str> {
        let (at, elsewhere) = (step.at, 1 - step.at);
        let giver = Self::giver(before, step);
        let power = giver.map_or_else(Held::default, |who| views[who].now[at]);
        for who in PEOPLE {
            let [was, is] = [before, after].map(|world| key(who, Self::facts(world, who)));
            if was == is {
                continue;
            }
            let (was, is) = (views[who], self.views(after, who));
            for (was, is) in [(was.resumed, is.resumed), (was.whatever, is.whatever)] {
                if !is[at].less(was[at]).is_within(power) {
                    return Err(NOBODY_GAINS);
                }
            }
            let lost = was.whatever[at].less(is.whatever[at]);
            if step.who != who && !lost.is_within(power) {
                return Err(NOBODY_LOSES);
            }
            if step.deed != Deed::Wait && was.now[elsewhere] != is.now[elsewhere] {
                return Err(NOTHING_ELSEWHERE);
            }
        }
        if let Some(whom) = Self::about(step)
            && !views[whom].whatever[at].is_within(power)
        {
            return Err(NOBODY_STRONGER);
        }
        if let Deed::Share(whom, _) = step.deed {
            let theirs = self.on_project_alone(before, at, whom);
            if !theirs.is_within(power) {
                return Err(NOBODY_STRONGER);
            }
        }
        for house in &after.houses {
            let owns = |seat: &Seat| !seat.suspended && seat.roles.count(OWNER, after.late);
            if !house.seats.iter().flatten().any(owns) {
                return Err(AN_OWNER);
            }
            if house.crew.is_some_and(|draft| draft >= OWNS) {
                return Err(NOTHING_RESERVED);
            }
        }
        let moves = !matches!(step.deed, Deed::ResumeTenant | Deed::Decline | Deed::Wait);
        if before.houses[at].suspended && moves {
            return Err(STANDS_STILL);
        }
        Ok(())
    }
}

const NOBODY_GAINS: &str = "nobody gains what the one who gives does not hold";
const NOBODY_LOSES: &str = "nobody loses by another what that one does not hold";
const NOBODY_STRONGER: &str = "nobody changes a member who holds more than they";
const NOTHING_ELSEWHERE: &str = "nothing changes in another tenant";
const AN_OWNER: &str = "every tenant has an active owner";
const NOTHING_RESERVED: &str = "no role of a tenant's own holds what is reserved";
const STANDS_STILL: &str = "in a suspended tenant nothing moves until an owner resumes it";

// The walk

/// A world to walk through: what can be done in it, from where, and how often in a row.
struct Setting {
    name: &'static str,
    starts: Vec<World>,
    steps: Vec<Step>,
    /// Which steps lead nowhere, whoever is what.
    hopeless: fn(Step) -> bool,
    /// How many steps in a row; without a number, until there is nothing new.
    longest: Option<usize>,
    service: Service,
}

/// A promise that was broken, and how it came to that.
struct Broken {
    promise: &'static str,
    story: Vec<(Step, World)>,
}

impl fmt::Debug for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.promise)?;
        for (step, before) in &self.story {
            writeln!(f, "{before:?}\n  {step:?}")?;
        }
        Ok(())
    }
}

/// What was met on the way.
#[derive(Debug, Default)]
struct Seen {
    states: usize,
    /// Steps that led somewhere.
    steps: usize,
    /// How often each of them did.
    taken: Vec<usize>,
    /// How often each refusal was met.
    refusals: [usize; 4],
    /// The most steps that it takes to get anywhere.
    depth: usize,
}

impl Setting {
    /// Every state that can be reached, each once.
    fn explore(&self, ground: &Ground) -> Result<Seen, Broken> {
        let mut seen = Seen {
            taken: vec![0; self.steps.len()],
            ..Seen::default()
        };
        let first = |start: &World| (*start, None::<(usize, Step)>, 0_usize);
        let mut states: Vec<_> = self.starts.iter().map(first).collect();
        let mut met: HashSet<_> = self.starts.iter().map(World::packed).collect();
        let mut next = 0;
        while let Some((before, came_by, depth)) = states.get(next).copied() {
            seen.depth = depth;
            if self.longest.is_some_and(|longest| depth == longest) {
                break;
            }
            let earlier = came_by.map_or(before, |(parent, _)| states[parent].0);
            let asked_about = if self.service.asks_anew {
                &before
            } else {
                &earlier
            };
            let known = PEOPLE.map(|who| ground.known(who, Ground::facts(asked_about, who)));
            let views = PEOPLE.map(|who| ground.views(&before, who));
            for (number, step) in self.steps.iter().copied().enumerate() {
                let scene = Scene {
                    ground,
                    service: self.service,
                    world: &before,
                    at: step.at,
                    who: step.who,
                    known: &known[step.who],
                };
                let after = match scene.play(step.deed) {
                    Ok(after) => after,
                    Err(refusal) => {
                        seen.refusals[refusal as usize] += 1;
                        continue;
                    }
                };
                if after == before {
                    continue;
                }
                seen.steps += 1;
                seen.taken[number] += 1;
                if let Err(promise) = ground.promises((&before, &views), &after, step) {
                    let mut story = vec![(step, before)];
                    let mut came_by = came_by;
                    while let Some((parent, step)) = came_by {
                        story.push((step, states[parent].0));
                        came_by = states[parent].1;
                    }
                    story.reverse();
                    return Err(Broken { promise, story });
                }
                if met.insert(after.packed()) {
                    states.push((after, Some((next, step)), depth + 1));
                }
            }
            next += 1;
        }
        seen.states = states.len();
        Ok(seen)
    }
}

impl Seen {
    const fn refused(&self, refusal: Refusal) -> usize {
        self.refusals[refusal as usize]
    }
}

/// Each of these done by everybody in these tenants, to everybody.
fn steps(tenants: &[usize], to_each: &[fn(usize) -> Deed], deeds: &[Deed]) -> Vec<Step> {
    let mut steps = Vec::new();
    for at in tenants.iter().copied() {
        for who in PEOPLE {
            let each = PEOPLE
                .iter()
                .flat_map(|whom| to_each.iter().map(|deed| deed(*whom)));
            let all = each.chain(deeds.iter().copied());
            steps.extend(all.map(|deed| Step { who, at, deed }));
        }
    }
    steps
}

const fn sits(roles: Roles) -> Option<Seat> {
    Some(Seat {
        suspended: false,
        roles,
        on_project: NONE,
    })
}

const fn house(seats: [Option<Seat>; 3], crew: Option<usize>) -> House {
    House {
        suspended: false,
        seats,
        crew,
        invitation: None,
        offer: None,
    }
}

/// The first tenant is new, and Ada's. In the second those rule who are nobody in the first.
const FOUNDED: World = World {
    late: false,
    houses: [
        house([sits(OWNER), None, None], None),
        house([sits(CREW), sits(ADMIN), sits(OWNER)], Some(GUARDS)),
    ],
};

/// Whoever is in the first tenant can be made and unmade, and what `crew` holds changes under them.
fn members_and_roles() -> Setting {
    Setting {
        hopeless: is_hopeless_where_owners_own,
        ..walk(
            "members and roles",
            steps(
                &[0],
                &[
                    |whom| Deed::ChangeRoles(whom, NONE),
                    |whom| Deed::ChangeRoles(whom, OWNER),
                    |whom| Deed::ChangeRoles(whom, ADMIN),
                    |whom| Deed::ChangeRoles(whom, CREW),
                    |whom| Deed::ChangeRoles(whom, ADMIN.and(CREW)),
                    |whom| Deed::ChangeRoles(whom, CREW_TILL_NOON),
                    Deed::Suspend,
                    Deed::Resume,
                    Deed::Remove,
                    |whom| Deed::Add(whom, ADMIN),
                    |whom| Deed::Add(whom, CREW),
                ],
                &[
                    Deed::Leave,
                    Deed::Draft(INVITES),
                    Deed::Draft(ASSIGNS),
                    Deed::Draft(GUARDS),
                    Deed::Draft(MAKES_ROLES),
                    Deed::Draft(INCLUDES_ADMIN),
                    Deed::Draft(OWNS),
                    Deed::Draft(INCLUDES_OWNER),
                    Deed::Drop(None),
                    Deed::Drop(Some(ADMIN)),
                    Deed::Drop(Some(OWNER)),
                    Deed::Wait,
                ],
            ),
        )
    }
}

/// Between an invitation and its answer everything can change.
fn invitations() -> Setting {
    Setting {
        hopeless: is_hopeless_where_owners_own,
        ..walk(
            "invitations",
            steps(
                &[0],
                &[
                    |whom| Deed::Invite(whom, OWNER),
                    |whom| Deed::Invite(whom, ADMIN),
                    |whom| Deed::Invite(whom, CREW),
                    |whom| Deed::ChangeRoles(whom, NONE),
                    |whom| Deed::ChangeRoles(whom, OWNER),
                    |whom| Deed::ChangeRoles(whom, ADMIN),
                    |whom| Deed::ChangeRoles(whom, CREW),
                    |whom| Deed::ChangeRoles(whom, ADMIN.and(CREW)),
                    |whom| Deed::ChangeRoles(whom, CREW_TILL_NOON),
                    Deed::Suspend,
                    Deed::Resume,
                    Deed::Remove,
                ],
                &[
                    Deed::Leave,
                    Deed::Resend,
                    Deed::Revoke,
                    Deed::Accept,
                    Deed::Decline,
                    Deed::Draft(INVITES),
                    Deed::Draft(ASSIGNS),
                    Deed::Draft(MAKES_ROLES),
                    Deed::Draft(INCLUDES_ADMIN),
                    Deed::Drop(None),
                    Deed::Drop(Some(ADMIN)),
                    Deed::Drop(Some(OWNER)),
                    Deed::Wait,
                ],
            ),
        )
    }
}

/// Owners come and go, and the tenant stands still in between.
fn ownership() -> Setting {
    walk(
        "ownership",
        steps(
            &[0],
            &[
                Deed::Offer,
                |whom| Deed::ChangeRoles(whom, NONE),
                |whom| Deed::ChangeRoles(whom, OWNER),
                |whom| Deed::ChangeRoles(whom, ADMIN),
                |whom| Deed::ChangeRoles(whom, CREW_TILL_NOON),
                Deed::Suspend,
                Deed::Resume,
                Deed::Remove,
                |whom| Deed::Add(whom, OWNER),
                |whom| Deed::Add(whom, ADMIN),
            ],
            &[
                Deed::Draft(OWNS),
                Deed::Drop(Some(OWNER)),
                Deed::Wait,
                Deed::TakeOver,
                Deed::TurnDown,
                Deed::Leave,
                Deed::SuspendTenant,
                Deed::ResumeTenant,
            ],
        ),
    )
}

/// Ben's project is shared.
fn projects() -> Setting {
    let mut start = FOUNDED;
    start.houses[0].seats = [sits(OWNER), sits(NONE), sits(NONE)];
    Setting {
        starts: vec![start],
        // Ada is the last owner throughout.
        hopeless: |step| matches!(step.deed, Deed::ChangeRoles(ADA, _)),
        ..walk(
            "projects",
            steps(
                &[0],
                &[
                    |whom| Deed::Share(whom, NONE),
                    |whom| Deed::Share(whom, ADMIN),
                    |whom| Deed::Share(whom, CREW),
                    |whom| Deed::Share(whom, CREW_TILL_NOON),
                    |whom| Deed::ChangeRoles(whom, NONE),
                    |whom| Deed::ChangeRoles(whom, ADMIN),
                    |whom| Deed::ChangeRoles(whom, CREW),
                ],
                &[
                    Deed::Draft(EMPTY),
                    Deed::Draft(SHARES),
                    Deed::Draft(SHARES_OWN),
                    Deed::Draft(INCLUDES_ADMIN),
                    Deed::Drop(Some(ADMIN)),
                    Deed::Wait,
                ],
            ),
        )
    }
}

/// Both tenants move, and everybody is somebody in both.
fn two_tenants() -> Setting {
    Setting {
        hopeless: is_hopeless_where_owners_own,
        ..walk(
            "two tenants",
            steps(
                &[0, 1],
                &[
                    |whom| Deed::ChangeRoles(whom, NONE),
                    |whom| Deed::ChangeRoles(whom, OWNER),
                    |whom| Deed::ChangeRoles(whom, ADMIN),
                    Deed::Suspend,
                    Deed::Resume,
                    Deed::Remove,
                    |whom| Deed::Add(whom, ADMIN),
                ],
                &[Deed::Leave],
            ),
        )
    }
}

/// All that can be done, in a row that has an end: in the first tenant, and something of it in the second.
fn everything() -> Setting {
    let in_first = steps(
        &[0],
        &[
            |whom| Deed::ChangeRoles(whom, OWNER),
            |whom| Deed::ChangeRoles(whom, ADMIN),
            |whom| Deed::ChangeRoles(whom, CREW),
            |whom| Deed::Share(whom, CREW),
            Deed::Suspend,
            Deed::Resume,
            Deed::Remove,
            |whom| Deed::Add(whom, CREW),
            |whom| Deed::Invite(whom, OWNER),
            |whom| Deed::Invite(whom, CREW),
            Deed::Offer,
        ],
        &[
            Deed::Leave,
            Deed::Resend,
            Deed::Revoke,
            Deed::Accept,
            Deed::Decline,
            Deed::Draft(INVITES),
            Deed::Draft(ASSIGNS),
            Deed::Draft(SHARES_OWN),
            Deed::Draft(INCLUDES_ADMIN),
            Deed::Drop(Some(ADMIN)),
            Deed::TakeOver,
            Deed::TurnDown,
            Deed::SuspendTenant,
            Deed::ResumeTenant,
            Deed::Wait,
        ],
    );
    let in_second = steps(
        &[1],
        &[|whom| Deed::ChangeRoles(whom, ADMIN), Deed::Remove],
        &[Deed::Leave, Deed::Draft(INCLUDES_ADMIN)],
    );
    Setting {
        starts: vec![FOUNDED, SETTLED],
        // In the second tenant Cleo is the last owner throughout, and Ben is an admin already.
        hopeless: |step| {
            let in_second = matches!(
                (step.who, step.deed),
                (_, Deed::ChangeRoles(BEN | CLEO, _) | Deed::Remove(CLEO)) | (CLEO, Deed::Leave)
            );
            is_hopeless(step) || step.at == 1 && in_second
        },
        longest: Some(5),
        ..walk("everything", [in_first, in_second].concat())
    }
}

/// In the first tenant everybody is somebody, on the way to somebody else.
const SETTLED: World = World {
    late: false,
    houses: [
        House {
            offer: Some(Offered {
                from: ADA,
                to: CLEO,
            }),
            ..house([sits(OWNER), sits(ADMIN), sits(CREW)], Some(MAKES_ROLES))
        },
        FOUNDED.houses[1],
    ],
};

/// Nobody does these to themselves, and to no role of a tenant's own these are done.
fn is_hopeless(Step { who, deed, .. }: Step) -> bool {
    match deed {
        Deed::Resume(whom) | Deed::Add(whom, _) | Deed::Invite(whom, _) | Deed::Offer(whom) => {
            whom == who
        }
        Deed::Draft(draft) => draft == INCLUDES_OWNER,
        Deed::Drop(replacement) => replacement == Some(OWNER),
        Deed::ChangeRoles(..)
        | Deed::Share(..)
        | Deed::Suspend(_)
        | Deed::Remove(_)
        | Deed::Leave
        | Deed::Resend
        | Deed::Revoke
        | Deed::Accept
        | Deed::Decline
        | Deed::TakeOver
        | Deed::TurnDown
        | Deed::SuspendTenant
        | Deed::ResumeTenant
        | Deed::Wait => false,
    }
}

/// And nobody makes themselves an owner, where an owner is nothing besides.
fn is_hopeless_where_owners_own(step: Step) -> bool {
    is_hopeless(step) || step.deed == Deed::ChangeRoles(step.who, OWNER)
}

/// A walk from where the first tenant has just been founded, until there is nothing new.
fn walk(name: &'static str, steps: Vec<Step>) -> Setting {
    Setting {
        name,
        starts: vec![FOUNDED],
        steps,
        hopeless: is_hopeless,
        longest: None,
        service: AS_IT_IS,
    }
}

/// The row of a walk in the table of the page.
fn row(setting: &Setting, seen: &Seen) -> String {
    let depth = match setting.longest {
        None => format!("{}, then nothing new", seen.depth),
        Some(longest) => format!("{longest}, then it goes on"),
    };
    format!(
        "| {} | {} | {} | {} | {depth} |",
        setting.name,
        grouped(seen.states),
        grouped(seen.steps),
        grouped(seen.refusals.iter().sum()),
    )
}

fn page() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/no-escalation.md");
    fs::read_to_string(path).unwrap_or_default()
}

/// A number with commas, as people read it.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// Walks to the end, and holds the page to what was seen on the way.
fn walk_through(setting: &Setting) -> Seen {
    let seen = setting.explore(&Ground::new()).unwrap();
    for (step, taken) in setting.steps.iter().zip(&seen.taken) {
        let hopeless = (setting.hopeless)(*step);
        assert!(hopeless == (*taken == 0), "{step:?}: {taken}");
    }
    let row = row(setting, &seen);
    assert!(
        page().lines().any(|line| line == row),
        "docs/no-escalation.md does not tell what was walked through:\n{row}"
    );
    seen
}

#[test]
fn nobody_comes_by_more_by_members_and_roles() {
    let seen = walk_through(&members_and_roles());

    assert!(seen.refused(Refusal::Escalation) > 0 && seen.refused(Refusal::LastOwner) > 0);
}

#[test]
fn nobody_comes_by_more_by_invitations() {
    let seen = walk_through(&invitations());

    assert!(seen.refused(Refusal::Escalation) > 0 && seen.refused(Refusal::LastOwner) > 0);
}

#[test]
fn nobody_comes_by_more_by_ownership_and_no_tenant_is_without() {
    let seen = walk_through(&ownership());

    assert!(seen.refused(Refusal::Escalation) > 0 && seen.refused(Refusal::LastOwner) > 0);
}

#[test]
fn nobody_comes_by_more_by_shared_projects() {
    let seen = walk_through(&projects());

    assert!(seen.refused(Refusal::Escalation) > 0);
}

#[test]
fn nobody_comes_by_more_in_one_tenant_by_what_they_are_in_another() {
    let seen = walk_through(&two_tenants());

    assert!(seen.refused(Refusal::Escalation) > 0 && seen.refused(Refusal::LastOwner) > 0);
}

#[test]
fn nobody_comes_by_more_by_anything_in_a_row() {
    let seen = walk_through(&everything());

    assert!(seen.refused(Refusal::Escalation) > 0 && seen.refused(Refusal::LastOwner) > 0);
}

#[test]
fn the_page_adds_up() {
    let page = page();
    let walks = [
        members_and_roles(),
        invitations(),
        ownership(),
        projects(),
        two_tenants(),
        everything(),
    ];
    let mut sums = [0; 3];
    for walk in &walks {
        let named = format!("| {} |", walk.name);
        let row = page.lines().find(|line| line.starts_with(&named)).unwrap();
        let columns = row
            .split(" | ")
            .skip(1)
            .map(|number| number.replace(',', ""));
        for (sum, number) in sums.iter_mut().zip(columns) {
            *sum += number.parse::<usize>().unwrap();
        }
    }

    let [states, steps, refused] = sums.map(grouped);
    let said = page.split_whitespace().collect::<Vec<_>>().join(" ");
    let sentence = format!(
        "Together that is {states} states, {steps} steps that led somewhere and {refused} that were refused"
    );
    assert!(said.contains(&sentence), "{sentence}");
    let rows = page
        .lines()
        .filter(|line| line.ends_with("nothing new |") || line.ends_with("goes on |"));
    assert_eq!(rows.count(), walks.len());
}

#[test]
fn each_mistake_that_the_use_cases_could_make_is_found() {
    #[rustfmt::skip]
    let mistakes = [
        (members_and_roles(), Service { asks_anew: false, ..AS_IT_IS },           NOBODY_GAINS),
        (two_tenants(),       Service { asks_where_it_acts: false, ..AS_IT_IS },  NOBODY_GAINS),
        (invitations(),       Service { looks_up_inviter: false, ..AS_IT_IS },    NOBODY_GAINS),
        (ownership(),         Service { counts_active_owners: false, ..AS_IT_IS }, AN_OWNER),
    ];

    for (setting, service, promise) in mistakes {
        let broken = Setting { service, ..setting }.explore(&Ground::new());

        let broken = broken.unwrap_err();
        assert_eq!(broken.promise, promise, "{service:?} {broken:?}");
    }
}
