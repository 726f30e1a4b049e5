//! The policy against a second one that was written from its documentation alone, in many small worlds.
//!
//! `BAILIWICK_ORACLE_SEED` says where to begin and `BAILIWICK_ORACLE_WORLDS` how far to go: each world is made of one
//! number. Numbers of worlds in which the two ever differed stand in `tests/corpus/oracle.txt`, and come first.

mod deeds;
mod policy;
mod real;
mod worlds;

use policy::{EVERYWHERE, Name, OBJECT, Oracle, Target};
use real::{Claimed, Pairs, Real, pairs};
use std::{
    collections::{BTreeMap, BTreeSet},
    env,
    fmt::{Debug, Write},
    thread,
};
use worlds::{Case, PEOPLE, Question, ROLES};

const MATRIX: &str = include_str!("../../docs/policy-matrix.md");
const CORPUS: &str = include_str!("../corpus/oracle.txt");
/// Where a run begins that does not say where, so that each run is like the one before.
const SEED: u64 = 20_261_126;
const WORLDS: u64 = 100_000;
/// So many differences are told: one mistake makes thousands.
const TOLD: usize = 3;

#[test]
fn the_policy_and_the_oracle_agree_in_worlds_where_they_did_not() {
    replay().assert_none();
}

#[test]
fn the_policy_and_the_oracle_agree_in_worlds_made_at_random() {
    let seed = given("BAILIWICK_ORACLE_SEED").unwrap_or(SEED);
    let worlds = given("BAILIWICK_ORACLE_WORLDS").unwrap_or(WORLDS);

    // First, also where tests run in another order: whoever brings an old mistake back hears of it at once.
    replay().assert_none();
    let found = walk(seed, worlds);

    found.assert_none();
    found.tell(worlds);
    // With few worlds not everything comes to pass.
    if worlds >= WORLDS {
        found.assert_that_all_was_seen();
    }
}

#[test]
fn the_oracle_says_what_the_tables_of_the_documents_say() {
    for (heading, status) in [
        ("## In their own organization", "active"),
        (
            "## While their organization is suspended by its owners",
            "suspended",
        ),
        ("## While their organization is deleted", "deleted"),
    ] {
        let (_, table) = MATRIX.split_once(heading).unwrap();
        let table = table.split("\n## ").next().unwrap();
        for (person, role) in PEOPLE.into_iter().zip(["owner", "admin", "member", "none"]) {
            let mut world = policy::World {
                organizations: vec![("acme", status)],
                members: vec![("acme", person, "active")],
                ..policy::World::default()
            };
            if role != "none" {
                let given = ("acme", person, role, EVERYWHERE, None);
                world.given.push(given);
            }
            let oracle = Oracle::of(&world);
            for permission in policy::ORGANIZATION.into_iter().chain(OBJECT) {
                let target = Target::Organization("acme");
                let answer = oracle.answer(person, &["acme"], permission, target);
                let column = PEOPLE.iter().position(|one| *one == person).unwrap();
                // What has no line is refused.
                let line = table.lines().find(|line| line.contains(permission));
                let cell = line.and_then(|line| line.split('|').nth(column + 2));
                let allowed = cell.is_some_and(|cell| cell.contains('✔'));
                assert_eq!(answer == "yes", allowed, "{status} {role} {permission}");
            }
        }
    }
}

/// What was compared, and where the two differ.
#[derive(Debug, Default)]
struct Found {
    /// How often something was answered so: `decide member:invite yes`.
    answers: BTreeMap<(Name, Name, Name), u64>,
    differences: Vec<String>,
    differing: u64,
}

impl Found {
    /// Both have answered, and the oracle has said this.
    fn compared(&mut self, kind: Name, what: Name, answer: Name) {
        *self.answers.entry((kind, what, answer)).or_default() += 1;
    }

    fn and(mut self, other: Self) -> Self {
        for (answer, times) in other.answers {
            *self.answers.entry(answer).or_default() += times;
        }
        self.differences.extend(other.differences);
        self.differing += other.differing;
        self
    }

    fn assert_none(&self) {
        let told: Vec<_> = self.differences.iter().take(TOLD).cloned().collect();
        let told = told.join("\n\n");
        assert!(
            self.differing == 0,
            "the policy and the oracle differ {} times, first:\n\n{told}\n\nRead the documentation to see which one is \
             wrong, and add the number of the world to `tests/corpus/oracle.txt`.",
            self.differing,
        );
    }

    fn share(&self, kind: Name) -> (u64, u64) {
        let of_kind = self.answers.iter().filter(|((its, _, _), _)| *its == kind);
        of_kind.fold((0, 0), |(all, yes), ((_, _, answer), times)| {
            (all + times, yes + if *answer == "yes" { *times } else { 0 })
        })
    }

    #[expect(
        clippy::print_stderr,
        reason = "the figures of a run are for whoever runs it"
    )]
    fn tell(&self, worlds: u64) {
        let mut told = format!("{worlds} worlds");
        for kind in KINDS {
            let (all, yes) = self.share(kind);
            write!(told, "; {kind}: {all}, {yes} of them yes").unwrap();
        }
        eprintln!("{told}");
        for ((kind, what, answer), times) in &self.answers {
            eprintln!("{kind} {what} {answer} {times}");
        }
    }

    /// A run in which something is never permitted, or never refused, shows nothing about it.
    fn assert_that_all_was_seen(&self) {
        let seen = |kind, what, is: &dyn Fn(Name) -> bool| {
            self.answers
                .keys()
                .any(|(its, of, answer)| (*its, *of) == (kind, what) && is(answer))
        };
        for kind in KINDS {
            let whats = self.answers.keys().filter(|(its, _, _)| *its == kind);
            for (_, what, _) in whats {
                // Operators hold nothing inside of organizations, which is where one asks for explanations.
                let nobodys = kind == "explain" && policy::PLATFORM.contains(what);
                let yes = seen(kind, what, &|answer| answer == "yes");
                let no = seen(kind, what, &|answer| answer != "yes");
                assert!(no && (yes || nobodys), "{kind} {what}: yes {yes}, no {no}");
            }
        }
        for reason in REASONS {
            let told = self
                .answers
                .keys()
                .any(|(its, _, answer)| (*its, *answer) == ("explain", reason));
            assert!(told, "nothing was ever refused for `{reason}`");
        }
    }
}

/// What the two are compared in.
const KINDS: [Name; 6] = ["decide", "claim", "explain", "enter", "hand_on", "deed"];

/// Why things are refused.
const REASONS: [Name; 10] = [
    "not_held",
    "held_on_another_project",
    "held_for_own_only",
    "role_expired",
    "account_suspended",
    "organization_locked",
    "member_suspended",
    "second_factor_missing",
    "organization_deleted",
    "organization_suspended",
];

/// Compares the worlds of the corpus.
fn replay() -> Found {
    let mut found = Found::default();
    for seed in CORPUS.lines().filter_map(seed_of) {
        compare(seed, &mut found);
    }
    found
}

/// Compares worlds from this one on, by as many threads as there are processors.
fn walk(seed: u64, worlds: u64) -> Found {
    let threads = thread::available_parallelism().map_or(1, |many| many.get() as u64);
    thread::scope(|scope| {
        let walkers: Vec<_> = (0..threads)
            .map(|first| {
                scope.spawn(move || {
                    let mut found = Found::default();
                    let mut number = first;
                    while number < worlds {
                        compare(seed.wrapping_add(number), &mut found);
                        number += threads;
                    }
                    found
                })
            })
            .collect();
        walkers
            .into_iter()
            .map(|walker| walker.join().unwrap())
            .fold(Found::default(), Found::and)
    })
}

/// Asks both all questions of one world.
fn compare(seed: u64, found: &mut Found) {
    let case = Case::of(seed);
    let oracle = Oracle::of(&case.world);
    let real = Real::of(&case.world);
    let mut comparison = Comparison {
        seed,
        case: &case,
        oracle,
        real,
        found,
    };
    for question in &case.questions {
        comparison.decided(question);
        comparison.claimed(question);
        comparison.explained(question);
    }
    comparison.entered();
    comparison.done();
}

struct Comparison<'a> {
    seed: u64,
    case: &'a Case,
    oracle: Oracle<'a>,
    real: Real<'a>,
    found: &'a mut Found,
}

impl Comparison<'_> {
    /// The two said this; here they have to have said the same.
    fn same<T: Debug + PartialEq>(&mut self, what: &dyn Debug, oracle: &T, policy: &T) {
        if oracle == policy {
            return;
        }
        self.found.differing += 1;
        if self.found.differences.len() < TOLD {
            self.found.differences.push(format!(
                "world {}: {what:?}\n  oracle: {oracle:?}\n  policy: {policy:?}\n{:#?}",
                self.seed,
                Facts(&self.case.world),
            ));
        }
    }

    /// `decide`, and the permit with what is held in its place.
    fn decided(&mut self, question: &Question) {
        let Question {
            person,
            entered,
            permission,
            target,
        } = question;
        let principal = self.real.principal(person, entered);

        let answer = self.oracle.answer(person, entered, permission, *target);
        let decided = self.real.decides(&principal, permission, *target);
        self.same(&("decide", question), &(answer == "yes"), &decided);

        if let Some(permit) = self.real.authorizes(&principal, permission, *target) {
            let (held, gifts) = match *target {
                _ if answer != "yes" => (None, None),
                Target::Platform => {
                    let held = policy::PLATFORM.map(|one| (one, "all")).into();
                    (Some(held), Some(BTreeSet::new()))
                }
                Target::Organization(its) => self.ceiling(person, its, EVERYWHERE),
                Target::Project(its, project) => self.ceiling(person, its, project),
            };
            let can_give = permit.map(|held| self.real.hands_on(&held, *target));
            self.same(&("authorize", question), &held, &permit.as_ref().map(pairs));
            self.same(&("hand on", question), &gifts, &can_give);
        }
        self.found.compared("decide", permission, answer);
    }

    /// What somebody holds in a place, and the roles that they can hand on there.
    fn ceiling(
        &mut self,
        person: Name,
        organization: Name,
        place: Name,
    ) -> (Option<Pairs>, Option<BTreeSet<Name>>) {
        let mut gifts = BTreeSet::new();
        for role in ROLES {
            let covered = self.oracle.covers_role(person, organization, role, place);
            if covered {
                gifts.insert(role);
            }
            self.found.compared("hand_on", role, yes(covered));
        }
        let held = self.oracle.all_held(person, organization, place);
        (Some(held), Some(gifts))
    }

    /// Leave to look, what may be listed, and what is permitted once it is found.
    fn claimed(&mut self, question: &Question) {
        let Question {
            person,
            entered,
            permission,
            target,
        } = question;
        let (Target::Organization(organization) | Target::Project(organization, _)) = *target
        else {
            return;
        };
        if !OBJECT.contains(permission) {
            return;
        }
        let principal = self.real.principal(person, entered);

        let might = self.oracle.might(person, entered, permission, organization);
        let claimed = self.real.claims(&principal, permission, organization);
        let mut projects = self.oracle.selection(person, entered, permission);
        projects.retain(|(its, _)| *its == organization);
        let selected = might.then(|| Claimed {
            listed: projects.clone(),
            queried: projects.clone(),
            permitted: projects,
        });
        self.same(&("claim", question), &selected, &claimed);
        self.found.compared("claim", permission, yes(might));
    }

    /// Why.
    fn explained(&mut self, question: &Question) {
        let Question {
            person,
            entered,
            permission,
            target,
        } = question;
        let [home] = entered.as_slice() else {
            return;
        };
        // Operators do not ask why in an organization.
        if *target == Target::Platform {
            return;
        }
        let Some(explained) = self.real.explains(person, home, permission, *target) else {
            return;
        };
        let answer = self.oracle.answer(person, entered, permission, *target);
        self.same(&("explain", question), &answer, &explained.answer);

        for (role, place, until, over, extent) in &explained.ways {
            let given = self
                .case
                .world
                .given
                .contains(&(home, person, role, place, *until));
            let way = given
                && over.first() == Some(role)
                && self.oracle.is_way(home, over, permission, extent);
            self.same(&("way", question, over), &true, &way);
        }
        if answer == "yes" {
            let ways = self.oracle.ways(person, entered, permission, *target);
            let told = explained.ways.iter();
            let told = told.map(|(role, place, until, _, _)| (*role, *place, *until));
            self.same(&("ways", question), &ways, &told.collect());
        }
        self.found.compared("explain", permission, answer);
    }

    /// Who can come in, and who can leave.
    fn entered(&mut self) {
        for (organization, person, _) in &self.case.world.members {
            let may = self.oracle.enters(person, organization);
            let does = self.real.enters(person, organization);
            self.same(&("enter", organization, person), &may, &does);
            self.found.compared("enter", "organization", yes(may));

            let entered = [*organization];
            let principal = self.real.principal(person, &entered);
            let order = self.oracle.in_order(person, &entered, organization);
            let member = self.real.in_order(&principal, organization);
            self.same(&("membership", organization, person), &order, &member);
            self.found.compared("enter", "membership", yes(order));
        }
    }

    /// Who hands on what.
    fn done(&mut self) {
        for (giver, organization, deed) in &self.case.deeds {
            let may = self.oracle.can(giver, organization, deed);
            let can = self.real.can(&self.oracle, giver, organization, deed);
            self.same(&("deed", giver, organization, deed), &may, &can);
            self.found.compared("deed", deed.name(), yes(may));
        }
    }
}

/// A world, a line a fact.
struct Facts<'a>(&'a policy::World);

impl Debug for Facts<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let world = self.0;
        writeln!(f, "  now: {}", world.now)?;
        writeln!(
            f,
            "  operators: {:?}, second factor shown: {:?}, suspended accounts: {:?}",
            world.operators, world.shown, world.barred
        )?;
        for (organization, status) in &world.organizations {
            let demands = if world.demanding.contains(organization) {
                ", demands a second factor"
            } else {
                ""
            };
            writeln!(f, "  {organization} is {status}{demands}")?;
        }
        for (organization, role, stored) in &world.stored {
            writeln!(f, "  {organization}: {role} holds {stored}")?;
        }
        for (organization, role, included) in &world.includes {
            writeln!(f, "  {organization}: {role} includes {included}")?;
        }
        for (organization, project, creator) in &world.projects {
            writeln!(f, "  {organization}: {creator} created {project}")?;
        }
        for (organization, person, status) in &world.members {
            writeln!(f, "  {organization}: {person} is a member, {status}")?;
        }
        for (organization, person, role, place, until) in &world.given {
            let until = until.map_or("for good".to_owned(), |end| {
                format!("until {:+} from now", end - world.now)
            });
            writeln!(
                f,
                "  {organization}: {person} is {role} on {place}, {until}"
            )?;
        }
        Ok(())
    }
}

const fn yes(may: bool) -> Name {
    if may { "yes" } else { "no" }
}

fn given(variable: &str) -> Option<u64> {
    let value = env::var(variable).ok()?;
    let number = value.parse();
    Some(number.unwrap_or_else(|_| panic!("`{variable}` must be a number, and is `{value}`")))
}

/// The number at the beginning of a line, which goes on with how the two came to differ.
fn seed_of(line: &str) -> Option<u64> {
    let number = line.split('#').next()?.trim();
    (!number.is_empty()).then(|| number.parse().unwrap())
}
