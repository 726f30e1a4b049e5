//! One workload by chance in three organizations, whose outcome is on record: the same with both walls, with the first
//! alone (SQLite, and PostgreSQL by a role that row-level security does not bind), and with row-level security alone
//! (a build without the first: `just isolation`).

use crate::{
    acts::{INVITATIONS, MEMBERS, ORGANIZATION, PROJECTS, ROLES},
    company::Chance,
    world::{Answer, Ask, Client, World, email},
};
use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use std::{collections::BTreeMap, env, fmt::Write as _, fs, path::Path};

both!(the_workload_comes_out_as_it_is_on_record);

const STEPS: usize = 600;
const SEED: u64 = 5;

#[tokio::test]
async fn the_workload_comes_out_so_with_the_first_wall_alone() {
    if let Some(world) = World::postgres_without_row_security().await {
        the_workload_comes_out_as_it_is_on_record(world).await;
    }
}

async fn the_workload_comes_out_as_it_is_on_record(world: World) {
    let record = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/workload.txt");

    let outcome = workload(&world).await;

    if env::var_os("BAILIWICK_UPDATE_DOCS").is_some() {
        fs::write(&record, &outcome).unwrap();
    }
    let expected = fs::read_to_string(&record).unwrap();
    let lines = outcome.lines().zip(expected.lines()).enumerate();
    for (number, (outcome, expected)) in lines {
        assert_eq!(outcome, expected, "line {}", number + 1);
    }
    assert_eq!(outcome.lines().count(), expected.lines().count());
}

/// Somebody at work in an organization.
struct Hand {
    name: &'static str,
    organization: &'static str,
    client: Client,
}

/// What was seen of ids, in the order in which it was: the same in every run.
#[derive(Default)]
struct Seen {
    names: BTreeMap<String, String>,
    /// By prefix.
    ids: BTreeMap<String, Vec<String>>,
}

async fn workload(world: &World) -> String {
    let hands = hands(world).await;
    let mut chance = Chance(SEED);
    let mut seen = Seen::default();
    let mut record = String::new();
    for step in 0..STEPS {
        let hand = &hands[chance.below(hands.len())];
        let (what, answer) = act(hand, &mut chance, &seen, step).await;
        let said = seen.recorded(&answer);
        for other in ["alpha", "beta", "gamma"] {
            let leaks = other != hand.organization && said.contains(other);
            assert!(
                !leaks,
                "{} in {}: {what} tells {said}",
                hand.name, hand.organization
            );
        }
        let what = seen.named(&what);
        let digest = digest(&SHA256, said.as_bytes());
        let digest = BASE64_URL_SAFE_NO_PAD.encode(&digest.as_ref()[..9]);
        let (name, organization) = (hand.name, hand.organization);
        let _ = writeln!(
            record,
            "{name} in {organization}: {what} -> {} {} {digest}",
            answer.status,
            code(&answer)
        );
    }
    record
}

/// Six people in three organizations, two of them in two.
async fn hands(world: &World) -> Vec<Hand> {
    let mut hands = Vec::new();
    for (organization, owner, others) in [
        ("alpha", "ada", [("bea", "admin"), ("cy", "member")]),
        ("beta", "dan", [("bea", "member"), ("eve", "admin")]),
        ("gamma", "flo", [("cy", "admin"), ("dan", "member")]),
    ] {
        let founder = world.person_or_known(owner).await;
        let id = founder.found(organization).await;
        let founder = founder.enter(&id).await;
        for (name, role) in others {
            world.person_or_known(name).await;
            founder.add(name, role).await.is(201);
            let client = world.sign_in(name).await.enter(&id).await;
            hands.push(Hand {
                name,
                organization,
                client: (*client).clone(),
            });
        }
        hands.push(Hand {
            name: owner,
            organization,
            client: (*founder).clone(),
        });
    }
    hands
}

/// Does something, and says what.
async fn act(hand: &Hand, chance: &mut Chance, seen: &Seen, step: usize) -> (String, Answer) {
    let name = format!("{} {step}", hand.organization);
    let who = ["ada", "bea", "cy", "dan", "eve", "flo"][chance.below(6)];
    let role = ["member", "admin", "owner"][chance.below(3)];
    let id = |chance: &mut Chance, prefix: &str| match seen.ids.get(prefix) {
        Some(ids) if !ids.is_empty() => ids[chance.below(ids.len())].clone(),
        _ => crate::world::unknown(prefix),
    };
    let [member, project, custom, invitation] =
        ["member", "proj", "role", "inv"].map(|prefix| id(chance, prefix));
    let another = id(chance, "role");
    let permissions = [
        ["project:read", "member:list"],
        ["project:*", "role:list"],
        ["*", "project:update:own"],
    ];
    let permissions = permissions[chance.below(3)];
    let (method, path, body) = match chance.below(22) {
        0..=2 => ("POST", PROJECTS.to_owned(), Some(json!({ "name": name }))),
        3 => (
            "PATCH",
            format!("{PROJECTS}/{project}"),
            Some(json!({ "name": name })),
        ),
        4 => ("DELETE", format!("{PROJECTS}/{project}"), None),
        5 => ("GET", format!("{PROJECTS}/{project}"), None),
        6 => ("GET", PROJECTS.to_owned(), None),
        7 => (
            "POST",
            format!("{PROJECTS}/{project}/members"),
            Some(json!({ "member_id": member, "roles": [custom] })),
        ),
        8 => ("GET", format!("{PROJECTS}/{project}/members"), None),
        9 => ("GET", MEMBERS.to_owned(), None),
        10 => ("GET", format!("{MEMBERS}/{member}"), None),
        11 => (
            "PUT",
            format!("{MEMBERS}/{member}/roles"),
            Some(json!({ "roles": [role, custom] })),
        ),
        12 => (
            "POST",
            format!("{MEMBERS}/{member}/{}", ["suspend", "resume"][step % 2]),
            None,
        ),
        13 => (
            "POST",
            ROLES.to_owned(),
            Some(json!({ "name": name, "permissions": permissions })),
        ),
        14 => (
            "PATCH",
            format!("{ROLES}/{custom}"),
            Some(json!({ "permissions": permissions, "includes": [another] })),
        ),
        15 => (
            "DELETE",
            format!("{ROLES}/{custom}?reassign_to={another}"),
            None,
        ),
        16 => ("GET", ROLES.to_owned(), None),
        17 => (
            "POST",
            INVITATIONS.to_owned(),
            Some(json!({ "email": email(who), "role": role })),
        ),
        18 => ("DELETE", format!("{INVITATIONS}/{invitation}"), None),
        19 => (
            "POST",
            "/api/v1/access/explain".to_owned(),
            Some(
                json!({ "permission": permissions[0].replace('*', "read"), "member_id": member, "project_id": project }),
            ),
        ),
        20 => (
            "GET",
            format!("/api/v1/audit-events?outcome=permitted&target={project}"),
            None,
        ),
        _ => (
            "PATCH",
            ORGANIZATION.to_owned(),
            Some(json!({ "settings": { "default_role": custom } })),
        ),
    };
    let request = hand.client.request(method, &path).header("if-match", "*");
    let request = match &body {
        Some(body) => request.json(body),
        None => request,
    };
    let body = body.map(|body| format!(" {body}")).unwrap_or_default();
    (
        format!("{method} {path}{body}"),
        request.answer_by_name().await,
    )
}

/// The code of a problem, or nothing.
fn code(answer: &Answer) -> String {
    if answer.status < 400 {
        "-".to_owned()
    } else {
        answer.code()
    }
}

impl Seen {
    /// The answer, with names in the place of ids, and of what is another in every run.
    fn recorded(&mut self, answer: &Answer) -> String {
        let mut body: Value = serde_json::from_str(&answer.text).unwrap_or_default();
        if let Some(cursor) = body
            .get_mut("next_cursor")
            .filter(|cursor| !cursor.is_null())
        {
            *cursor = json!("more");
        }
        let text = body.to_string();
        for word in text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_') {
            self.learn(word);
        }
        format!("{} {}", answer.status, self.named(&text))
    }

    fn learn(&mut self, word: &str) {
        let Some((prefix, rest)) = word.rsplit_once('_') else {
            return;
        };
        if rest.len() != 26 || self.names.contains_key(word) {
            return;
        }
        let known = self.ids.entry(prefix.to_owned()).or_default();
        known.push(word.to_owned());
        let name = format!("{prefix}#{}", known.len());
        self.names.insert(word.to_owned(), name);
    }

    fn named(&self, text: &str) -> String {
        let mut named = text.to_owned();
        for (id, name) in &self.names {
            named = named.replace(id, name);
        }
        named
    }
}
