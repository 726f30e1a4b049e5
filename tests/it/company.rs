//! Organizations with roles, members and projects: by hand, or by chance and the same for the same seed.

use crate::{
    acts::ROLES,
    world::{Person, World},
};
use serde_json::{Value, json};
use std::{collections::BTreeSet, ops::Deref, time::Duration};

/// How long a role lasts that is given for a short time. Access tokens last longer.
pub(crate) const SHORT: Duration = Duration::from_secs(60);
/// When it ends, by the clock of a world in which no time has passed.
pub(crate) const SOON: &str = "2027-01-15T08:01:00Z";
/// A time that no test gets to.
pub(crate) const FAR: &str = "2037-01-15T08:00:00Z";

/// What is held on projects: on all of them, on one, or on one's own.
pub(crate) const ON_PROJECTS: [&str; 4] = [
    "project:read",
    "project:update",
    "project:delete",
    "project:share",
];

/// One number after another, the same ones for the same seed (SplitMix64).
pub(crate) struct Chance(pub(crate) u64);

impl Chance {
    /// A number below this one.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        usize::try_from(mixed % u64::try_from(bound).unwrap()).unwrap()
    }

    /// So many of these, each at most once.
    pub(crate) fn some<'a, T>(&mut self, of: &'a [T], count: usize) -> Vec<&'a T> {
        let mut left: Vec<_> = of.iter().collect();
        let count = count.min(left.len());
        (0..count)
            .map(|_| left.swap_remove(self.below(left.len())))
            .collect()
    }
}

/// A member of an organization, signed in there.
pub(crate) struct Member {
    person: Person,
    pub(crate) id: String,
    /// What they were given, and what of it counts.
    given: Vec<Given>,
}

/// A role that somebody was given.
struct Given {
    /// The names of what it holds, by itself and by what it includes.
    holds: BTreeSet<String>,
    /// The one project that it was given on.
    project: Option<String>,
    short: bool,
}

/// A project, and who created it.
pub(crate) struct Project {
    pub(crate) id: String,
    pub(crate) name: String,
    creator: String,
}

/// An organization put together by chance.
pub(crate) struct Company {
    pub(crate) owner: Member,
    pub(crate) members: Vec<Member>,
    pub(crate) projects: Vec<Project>,
}

/// How large a company is to be, and what its roles hold.
pub(crate) struct Plan<'a> {
    pub(crate) members: usize,
    pub(crate) projects: usize,
    pub(crate) roles: usize,
    /// The permissions that its roles are made of.
    pub(crate) permissions: &'a [&'a str],
}

impl Deref for Member {
    type Target = Person;

    fn deref(&self) -> &Person {
        &self.person
    }
}

impl Member {
    /// Which member of the organization that `seer` works in the person is.
    pub(crate) async fn of(seer: &Person, person: Person) -> Self {
        let id = seer.member_id(&person.name).await;
        Self {
            person,
            id,
            given: Vec::new(),
        }
    }

    /// The same person, whoever they are in the organization.
    pub(crate) fn person(&self) -> Person {
        self.person.clone()
    }

    /// May they, on this project or in the whole organization? As the documentation tells it, from what they were given.
    pub(crate) fn may(&self, permission: &str, on: Option<&Project>) -> bool {
        let own = format!("{permission}:own");
        self.given.iter().any(|given| {
            let there = match (&given.project, on) {
                (None, _) => true,
                (Some(given), Some(on)) => *given == on.id && ON_PROJECTS.contains(&permission),
                (Some(_), None) => false,
            };
            let theirs = on.is_some_and(|on| on.creator == self.name);
            there && (given.holds.contains(permission) || theirs && given.holds.contains(&own))
        })
    }

    /// Might they, on some project?
    pub(crate) fn might(&self, permission: &str) -> bool {
        let own = format!("{permission}:own");
        let mut given = self.given.iter();
        given.any(|given| given.holds.contains(permission) || given.holds.contains(&own))
    }
}

impl Company {
    /// Puts one together: roles that include each other, held in the whole organization or on projects, for good, for
    /// long or for a short time; projects by different people.
    pub(crate) async fn by_chance(world: &World, seed: u64, plan: &Plan<'_>) -> Self {
        let mut chance = Chance(seed);
        let owner = world.owner("ada", "Acme").await;
        let owner = Member::of(&owner.clone(), owner).await;
        let roles = roles_by_chance(&owner, &mut chance, plan).await;

        owner.role("creator", &["project:create"]).await;
        let mut members = Vec::new();
        for number in 0..plan.members {
            let name = format!("m{number:02}");
            let person = world.member(&owner, &name, "creator").await;
            members.push(Member::of(&owner, person).await);
        }
        let mut projects = Vec::new();
        for number in 0..plan.projects {
            let creator = &members[chance.below(members.len())];
            let name = format!("Project {number}");
            projects.push(Project {
                id: creator.project(&name).await,
                name,
                creator: creator.name.clone(),
            });
        }

        for member in &mut members {
            let count = chance.below(4);
            let whole = given_by_chance(&mut chance, &roles, count, None);
            let wanted: Vec<_> = whole.iter().map(|(wanted, _)| wanted.clone()).collect();
            owner.assign(&member.id, json!(wanted)).await.is(200);
            member
                .given
                .extend(whole.into_iter().map(|(_, given)| given));
            let count = chance.below(4);
            for project in chance.some(&projects, count) {
                let count = 1 + chance.below(2);
                let here = given_by_chance(&mut chance, &roles, count, Some(&project.id));
                let wanted: Vec<_> = here.iter().map(|(wanted, _)| wanted.clone()).collect();
                owner
                    .share_with(&project.id, &member.id, json!(wanted))
                    .await
                    .is(201);
                member
                    .given
                    .extend(here.into_iter().map(|(_, given)| given));
            }
        }
        world
            .execute("CREATE TABLE given AS SELECT * FROM project_roles")
            .await;
        Self {
            owner,
            members,
            projects,
        }
    }

    /// Every project is there again, with the roles that were given on it.
    pub(crate) async fn projects_are_back(&self, world: &World) {
        world
            .execute(
                "UPDATE projects SET deleted_at = NULL; DELETE FROM project_roles;
                 INSERT INTO project_roles SELECT * FROM given",
            )
            .await;
    }

    /// What was given for a short time ends.
    pub(crate) fn short_roles_end(&mut self, world: &World) {
        world.advance(SHORT);
        for member in &mut self.members {
            member.given.retain(|given| !given.short);
        }
    }
}

/// Roles with a few of the permissions each, that include earlier ones; and two that every organization has.
async fn roles_by_chance(
    owner: &Member,
    chance: &mut Chance,
    plan: &Plan<'_>,
) -> Vec<(String, BTreeSet<String>)> {
    let mut roles: Vec<(String, BTreeSet<String>)> = Vec::new();
    for number in 0..plan.roles {
        let name = format!("role {number}");
        let count = 1 + chance.below(3);
        let holds = chance.some(plan.permissions, count);
        let mut holds: BTreeSet<_> = holds.into_iter().map(|name| (*name).to_owned()).collect();
        let wanted: Vec<_> = holds.iter().cloned().collect();
        let count = chance.below(3);
        let includes = chance.some(&roles, count);
        holds.extend(includes.iter().flat_map(|(_, holds)| holds.clone()));
        let includes: Vec<_> = includes.iter().map(|(name, _)| name).collect();
        let role = json!({ "name": name, "permissions": wanted, "includes": includes });
        owner.role_like(role).await.is(201);
        roles.push((name, holds));
    }
    for name in ["admin", "member"] {
        let all = owner.get(ROLES).await.is(200).rows();
        let row = all.iter().find(|row| row["name"] == name).unwrap();
        let holds = row["permissions"].as_array().unwrap().iter();
        let holds = holds.map(|name| name.as_str().unwrap().to_owned());
        roles.push((name.to_owned(), holds.collect()));
    }
    roles
}

fn given_by_chance(
    chance: &mut Chance,
    roles: &[(String, BTreeSet<String>)],
    count: usize,
    project: Option<&str>,
) -> Vec<(Value, Given)> {
    let picked = chance.some(roles, count);
    let given = picked.into_iter().map(|(name, holds)| {
        let end = chance.below(4);
        let wanted = match end {
            0 => json!({ "role": name, "expires_at": SOON }),
            1 => json!({ "role": name, "expires_at": FAR }),
            _ => json!(name),
        };
        let given = Given {
            holds: holds.clone(),
            project: project.map(str::to_owned),
            short: end == 0,
        };
        (wanted, given)
    });
    given.collect()
}
