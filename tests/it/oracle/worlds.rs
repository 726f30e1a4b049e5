//! Small worlds, each made of one number, and what is asked in them.

use super::{
    deeds::Deed,
    policy::{EVERYWHERE, Name, OBJECT, ORGANIZATION, PLATFORM, Target, Until, World},
};

/// The permissions that worlds are made of: those that there were when the numbers in `oracle.txt` were found, so that each
/// stands for the world that it stood for. What came later is held by `owner` and `admin` there.
const DRAWN: usize = 18;
/// The organizations.
pub(super) const ORGANIZATIONS: [Name; 3] = ["acme", "bolt", "cook"];
/// The people.
pub(super) const PEOPLE: [Name; 4] = ["ada", "ben", "cleo", "dan"];
/// The roles. Those of all organizations are called alike, and so are their projects: whatever forgets to ask whose they
/// are is seen.
pub(super) const ROLES: [Name; 8] = [
    "owner", "admin", "member", "pilot", "queen", "rower", "scout", "tutor",
];
/// The first of the roles that are an organization's own.
const OWN: usize = 3;
/// The projects.
pub(super) const PROJECTS: [Name; 3] = ["apollo", "bison", "comet"];

const DAY: i64 = 24 * 60 * 60 * 1_000_000;

/// Names that roles hold more often than others, so that it matters how they are held.
const STORED: [Name; 19] = [
    "project:read",
    "project:update",
    "project:delete",
    "project:share",
    "project:read:own",
    "project:update:own",
    "project:delete:own",
    "project:share:own",
    "project:share",
    "member:invite",
    "member:assign",
    "member:suspend",
    "member:remove",
    "role:create",
    "role:update",
    "role:delete",
    "organization:update",
    // What another build may have written.
    "billing:read",
    "report:read:own",
];

/// What lets people hand on things, so that it matters what they have to hand on.
const POWERS: [Name; 8] = [
    "member:invite",
    "member:assign",
    "member:suspend",
    "member:remove",
    "role:create",
    "role:update",
    "role:delete",
    "project:share",
];

/// Names and patterns that stand in requests, not all of which are good.
const DRAFTED: [Name; 17] = [
    "project:*",
    "project:*:own",
    "member:*",
    "role:*",
    "organization:*",
    "*",
    "*:own",
    "project:update:own",
    "project:read",
    "member:list",
    "organization:own",
    "organization:own:own",
    "member:*:own",
    "member:list:own",
    "tenant:*",
    "user:list",
    "proj*",
];

/// A world, and what is asked in it.
#[derive(Debug)]
pub(super) struct Case {
    /// The facts.
    pub(super) world: World,
    /// What is asked.
    pub(super) questions: Vec<Question>,
    /// What is tried: by whom, in which organization.
    pub(super) deeds: Vec<(Name, Name, Deed)>,
}

/// Somebody who entered organizations asks for a permission on a target.
#[derive(Debug)]
pub(super) struct Question {
    pub(super) person: Name,
    pub(super) entered: Vec<Name>,
    pub(super) permission: Name,
    pub(super) target: Target,
}

impl Case {
    /// The world of this number.
    pub(super) fn of(seed: u64) -> Self {
        let mut dice = Dice(seed);
        let world = world(&mut dice);
        let questions = (0..8).map(|_| question(&mut dice, &world)).collect();
        let deeds = (0..6).map(|_| deed(&mut dice, &world)).collect();
        Self {
            world,
            questions,
            deeds,
        }
    }
}

fn world(dice: &mut Dice) -> World {
    let mut world = World {
        now: 1_700_000_000_000_000 + dice.below(1_000) as i64 * DAY / 10,
        ..World::default()
    };
    let people = &PEOPLE[..=dice.below(PEOPLE.len())];
    for person in people {
        // The session of an operator whose account is suspended ends at the door, before anybody asks the policy.
        if dice.percent(10) {
            world.operators.push(person);
        } else if dice.percent(5) {
            world.barred.push(person);
        }
        if dice.percent(60) {
            world.shown.push(person);
        }
    }
    for organization in &ORGANIZATIONS[..=dice.below(ORGANIZATIONS.len())] {
        let status = match dice.below(100) {
            0..76 => "active",
            76..84 => "suspended",
            84..90 => "locked",
            _ => "deleted",
        };
        world.organizations.push((organization, status));
        if dice.percent(20) {
            world.demanding.push(organization);
        }
        let roles = &ROLES[..OWN + dice.below(ROLES.len() - OWN + 1)];
        own_roles(dice, &mut world, organization, roles);
        for project in &PROJECTS[..dice.below(PROJECTS.len() + 1)] {
            let creator = dice.one_of(people);
            world.projects.push((organization, project, creator));
        }
        for person in people {
            if dice.percent(80) {
                member(dice, &mut world, organization, person, roles);
            }
        }
    }
    world
}

fn own_roles(dice: &mut Dice, world: &mut World, organization: Name, roles: &[Name]) {
    for (number, role) in roles.iter().enumerate().skip(OWN) {
        for _ in 0..dice.below(5) {
            let stored = if dice.percent(70) {
                dice.one_of(&STORED)
            } else {
                dice.one_of(&ORGANIZATION[..DRAWN])
            };
            // What is reserved no role of an organization's own holds, and the store has none.
            let row = (organization, *role, stored);
            if stored != "organization:own" && !world.stored.contains(&row) {
                world.stored.push(row);
            }
        }
        if dice.percent(25) {
            for power in POWERS {
                let row = (organization, *role, power);
                if !world.stored.contains(&row) {
                    world.stored.push(row);
                }
            }
        }
        for _ in 0..dice.below(3) {
            let included = match dice.below(100) {
                0..6 => "admin",
                6..16 => "member",
                // Now and then a circle: nothing should ever have made one, and nothing should hang in it.
                16..19 => dice.one_of(&roles[OWN..]),
                _ => roles[OWN + dice.below(number - OWN + 1)],
            };
            let row = (organization, *role, included);
            if included != *role && !world.includes.contains(&row) {
                world.includes.push(row);
            }
        }
    }
}

fn member(dice: &mut Dice, world: &mut World, organization: Name, person: Name, roles: &[Name]) {
    let status = if dice.percent(88) {
        "active"
    } else {
        "suspended"
    };
    world.members.push((organization, person, status));
    for _ in 0..dice.below(4) {
        let role = match dice.below(100) {
            0..14 => "owner",
            14..24 => "admin",
            24..34 => "member",
            _ => dice.one_of(roles),
        };
        let (place, until) = match role {
            // The role `owner` has no end and is held in the whole organization.
            "owner" => (EVERYWHERE, None),
            _ => (place(dice), until(dice, world.now)),
        };
        let row = (organization, person, role, place, until);
        if !world.given.contains(&row) {
            world.given.push(row);
        }
    }
}

fn place(dice: &mut Dice) -> Name {
    if dice.percent(60) {
        EVERYWHERE
    } else {
        dice.one_of(&PROJECTS)
    }
}

fn until(dice: &mut Dice, now: i64) -> Until {
    match dice.below(100) {
        0..55 => None,
        55..65 => Some(now - DAY),
        65..70 => Some(now - 1),
        70..77 => Some(now),
        77..85 => Some(now + 1),
        _ => Some(now + DAY),
    }
}

fn question(dice: &mut Dice, world: &World) -> Question {
    let (organizations, _): (Vec<_>, Vec<_>) = world.organizations.iter().copied().unzip();
    let entered = match dice.below(100) {
        0..5 => Vec::new(),
        5..85 => vec![dice.one_of(&organizations)],
        _ => organizations.clone(),
    };
    let organization = match entered.as_slice() {
        [home, ..] if dice.percent(85) => home,
        _ => dice.one_of(&organizations),
    };
    let mut projects: Vec<_> = world
        .projects
        .iter()
        .map(|(its, on, _)| (*its, *on))
        .collect();
    projects.retain(|(its, _)| *its == organization);
    let target = match (dice.below(100), projects.as_slice()) {
        (0..8, _) => Target::Platform,
        (_, []) | (8..50, _) => Target::Organization(organization),
        (_, projects) => {
            let (its, project) = dice.one_of(projects);
            Target::Project(its, project)
        }
    };
    let permission = match (target, dice.percent(92)) {
        (Target::Platform, true) => dice.one_of(&PLATFORM),
        (Target::Organization(_), true) => dice.one_of(&ORGANIZATION[..DRAWN]),
        (Target::Project(..), true) => dice.one_of(&OBJECT),
        (_, false) => {
            let all = [&ORGANIZATION[..DRAWN], &OBJECT, &PLATFORM].concat();
            dice.one_of(&all)
        }
    };
    Question {
        person: somebody(dice, world, organization),
        entered,
        permission,
        target,
    }
}

/// Mostly a member, of whom more is to be told.
fn somebody(dice: &mut Dice, world: &World, organization: Name) -> Name {
    let mut members = world.members.clone();
    members.retain(|(its, _, _)| *its == organization);
    if members.is_empty() || dice.percent(10) {
        return dice.one_of(&PEOPLE);
    }
    dice.one_of(&members).1
}

fn deed(dice: &mut Dice, world: &World) -> (Name, Name, Deed) {
    let (organization, _) = dice.one_of(&world.organizations);
    let giver = somebody(dice, world, organization);
    let mut roles = ROLES[..OWN].to_vec();
    for (its, role, _) in world.stored.iter().chain(&world.includes) {
        if *its == organization && !roles.contains(role) {
            roles.push(role);
        }
    }
    let mut projects = world.projects.clone();
    projects.retain(|(its, _, _)| *its == organization);
    let members: Vec<_> = world
        .members
        .iter()
        .filter(|(its, _, _)| *its == organization)
        .map(|(_, person, _)| *person)
        .collect();
    // What givers have they can give, and with anything else too much would be refused to tell why.
    let mut theirs: Vec<Name> = Vec::new();
    for (its, person, role, _, _) in &world.given {
        if *its == organization && *person == giver {
            theirs.push(role);
        }
    }
    let mut held: Vec<Name> = vec!["member:invite"];
    for (its, role, stored) in &world.stored {
        if *its == organization && theirs.contains(role) {
            held.push(stored);
        }
    }
    let some = |dice: &mut Dice| -> Vec<Name> {
        let many = 1 + dice.below(2);
        (0..many)
            .map(|_| match theirs.as_slice() {
                [_, ..] if dice.percent(50) => dice.one_of(&theirs),
                _ => dice.one_of(&roles),
            })
            .collect()
    };
    let dated = |dice: &mut Dice| -> Vec<(Name, Until)> {
        let roles = some(dice);
        let mut dated = Vec::new();
        for role in roles {
            let end = if dice.percent(70) {
                None
            } else {
                until(dice, world.now)
            };
            dated.push((role, end));
        }
        dated
    };
    let drafted = |dice: &mut Dice| -> (Vec<Name>, Vec<Name>) {
        let mut names = Vec::new();
        for _ in 0..1 + dice.below(2) {
            names.push(match dice.below(100) {
                0..30 => dice.one_of(&DRAFTED),
                30..50 => dice.one_of(&STORED),
                _ => dice.one_of(&held),
            });
        }
        let includes = if dice.percent(30) {
            some(dice)
        } else {
            Vec::new()
        };
        (names, includes)
    };
    let [member, ..] = members.as_slice() else {
        return (giver, organization, Deed::Leave);
    };
    let member = if dice.percent(20) {
        *member
    } else {
        dice.one_of(&members)
    };
    let deed = match dice.below(14) {
        0 => Deed::Add { roles: dated(dice) },
        1 => Deed::Invite { roles: some(dice) },
        2 => Deed::HaveInvited { roles: some(dice) },
        3 => Deed::ChangeRoles {
            member,
            roles: dated(dice),
        },
        4 | 5 if !projects.is_empty() => {
            let project = dice.one_of(&projects).1;
            let mut sharing = Vec::new();
            for (its, person, _, place, _) in &world.given {
                if *its == organization && *place == project {
                    sharing.push(*person);
                }
            }
            let member = match sharing.as_slice() {
                [_, ..] if dice.percent(70) => dice.one_of(&sharing),
                _ => member,
            };
            Deed::Share {
                project,
                member,
                roles: dated(dice),
            }
        }
        6 => Deed::Suspend { member },
        7 => Deed::Resume { member },
        8 => Deed::Remove { member },
        9 => {
            let (names, includes) = drafted(dice);
            Deed::CreateRole { names, includes }
        }
        10 => {
            let (names, includes) = drafted(dice);
            Deed::ChangeRole {
                role: dice.one_of(&roles),
                names,
                includes,
            }
        }
        11 => Deed::DeleteRole {
            role: dice.one_of(&roles),
            replacement: dice.percent(60).then(|| dice.one_of(&roles)),
        },
        12 => Deed::DefaultRole {
            // None that stands was ever `owner`.
            before: dice.percent(50).then(|| dice.one_of(&roles[1..])),
            after: dice.percent(80).then(|| dice.one_of(&roles)),
        },
        13 => Deed::OfferOwnership { member },
        _ => Deed::Leave,
    };
    (giver, organization, deed)
}

/// Chance that comes out alike wherever it is thrown (SplitMix64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.roll() % bound as u64).unwrap()
    }

    fn percent(&mut self, share: usize) -> bool {
        self.below(100) < share
    }

    fn one_of<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }
}
