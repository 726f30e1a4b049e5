//! Projects: whoever may see one finds it in the list, and what one may not see is not there.

use crate::{
    acts::PROJECTS,
    company::{Company, FAR, Member, Plan, Project, SHORT, SOON},
    world::{Answer, Ask, Client, Person, World, unknown},
};
use serde_json::{Value, json};
use std::time::Duration;

both!(
    a_list_shows_what_one_may_read_and_nothing_else,
    what_one_may_not_read_is_not_there_to_change,
    a_project_is_seen_from_its_sharing_to_its_taking_back,
    a_project_shared_for_a_time_is_seen_until_then,
    a_role_that_changes_shows_and_hides_at_once,
    ones_own_projects_are_those_that_one_created,
    a_deleted_project_is_seen_by_nobody_it_was_shared_with,
    nobody_sees_projects_of_another_organization,
    the_members_of_a_project_are_seen_by_whoever_sees_it,
);

/// What roles hold here: enough of everything that is about projects, and one thing that is not.
const PERMISSIONS: [&str; 9] = [
    "project:read",
    "project:read:own",
    "project:update",
    "project:update:own",
    "project:delete",
    "project:delete:own",
    "project:share",
    "project:share:own",
    "role:list",
];

const PLAN: Plan<'_> = Plan {
    members: 32,
    projects: 21,
    roles: 10,
    permissions: &PERMISSIONS,
};

/// Smaller: everything is tried on everything.
const SMALL: Plan<'_> = Plan {
    members: 16,
    projects: 10,
    ..PLAN
};

async fn a_list_shows_what_one_may_read_and_nothing_else(world: World) {
    let mut company = Company::by_chance(&world, 1, &PLAN).await;
    let Seen {
        refused,
        some,
        all: everything,
    } = compared(&company).await;
    assert!(refused > 0 && some > 0 && everything > 0);

    company.short_roles_end(&world);
    let later = compared(&company).await;

    assert!(later.some > 0 && later.refused > refused);
}

/// To whoever may not see a project, it is what an unknown one is; whoever sees it is told what they may not do.
async fn what_one_may_not_read_is_not_there_to_change(world: World) {
    let mut company = Company::by_chance(&world, 2, &SMALL).await;
    company.short_roles_end(&world);
    let mut met = [0; 4];

    for member in &company.members {
        for act in ACTS {
            let never_was = act.of(member, &company.owner, &unknown("proj"), "x").await;
            assert_eq!(never_was.status, unseen(member, act.permission));
            for project in &company.projects {
                let answer = act.of(member, &company.owner, &project.id, &project.name);
                let answer = answer.await;
                let may = member.may(act.permission, Some(project));
                let sees = member.may("project:read", Some(project));

                let case = format!("{} {} {}", member.name, act.permission, project.name);
                match (may, sees) {
                    (true, _) => assert_eq!(answer.status, act.done, "{case}"),
                    (false, true) => assert_eq!(answer.status, 403, "{case}"),
                    (false, false) => assert_eq!(answer.bytes(), never_was.bytes(), "{case}"),
                }
                met[usize::from(may) * 2 + usize::from(sees)] += 1;
                if answer.status == 204 && act.permission == "project:delete" {
                    company.projects_are_back(&world).await;
                }
            }
        }
    }
    assert!(met.iter().all(|met| *met > 20), "{met:?}");
}

async fn a_project_is_seen_from_its_sharing_to_its_taking_back(world: World) {
    let (owner, bob) = owner_and_one_without_roles(&world).await;
    let apollo = owner.project("Apollo").await;
    owner.project("Gemini").await;
    let path = format!("{PROJECTS}/{apollo}");
    bob.get(PROJECTS).await.problem(403, "forbidden");

    let body = json!({ "member_id": bob.id });
    let shared = owner.post(&format!("{path}/members"), body).await.is(201);
    let seen = all_pages(&bob, "asc", 1).await;
    let read = bob.get(&path).await;
    owner
        .delete(&format!("{path}/members/{}", bob.id))
        .await
        .is(204);

    assert_eq!(shared.json()["roles"][0]["role"], "member");
    assert_eq!(seen, [apollo]);
    read.is(200);
    bob.get(PROJECTS).await.problem(403, "forbidden");
    bob.get(&path).await.problem(403, "forbidden");
}

async fn a_project_shared_for_a_time_is_seen_until_then(world: World) {
    let (owner, bob) = owner_and_one_without_roles(&world).await;
    let apollo = owner.project("Apollo").await;
    let gemini = owner.project("Gemini").await;
    let until = json!([{ "role": "member", "expires_at": SOON }]);
    let longer = json!([{ "role": "member", "expires_at": FAR }]);
    owner.share_with(&apollo, &bob.id, until).await.is(201);
    owner.share_with(&gemini, &bob.id, longer).await.is(201);

    world.advance(SHORT - Duration::from_micros(1));
    let before = all_pages(&bob, "asc", 1).await;
    world.advance(Duration::from_micros(1));
    let after = all_pages(&bob, "asc", 1).await;

    assert_eq!(before, [apollo.as_str(), &gemini]);
    assert_eq!(after, [gemini]);
    let path = format!("{PROJECTS}/{apollo}");
    bob.get(&path).await.problem(404, "not_found");
}

async fn a_role_that_changes_shows_and_hides_at_once(world: World) {
    let (owner, bob) = owner_and_one_without_roles(&world).await;
    let inner = owner.role("inner", &[]).await;
    let outer = json!({ "name": "outer", "permissions": [], "includes": ["inner"] });
    owner.role_like(outer).await.is(201);
    let apollo = owner.project("Apollo").await;
    owner.assign(&bob.id, json!(["outer"])).await.is(200);
    let change = async |permissions: Value| {
        let change = json!({ "permissions": permissions });
        owner.change_role(&inner, change).await.is(200);
    };

    let nothing = bob.get(PROJECTS).await;
    change(json!(["project:read"])).await;
    let everything = all_pages(&bob, "asc", 50).await;
    change(json!(["project:read:own"])).await;
    let own = all_pages(&bob, "asc", 50).await;

    nothing.problem(403, "forbidden");
    assert_eq!(everything, [apollo]);
    assert_eq!(own, [""; 0]);
}

async fn ones_own_projects_are_those_that_one_created(world: World) {
    let (owner, bob) = owner_and_one_without_roles(&world).await;
    let own = ["project:create", "project:read:own", "project:update:own"];
    owner.role("maker", &own).await;
    owner.assign(&bob.id, json!(["maker"])).await.is(200);
    let foreign = owner.project("Apollo").await;
    let mine = bob.project("Gemini").await;
    let name = json!({ "name": "Mercury" });

    let listed = all_pages(&bob, "asc", 50).await;
    let changed = bob.patch(&format!("{PROJECTS}/{mine}"), name.clone()).await;
    let not_seen = bob.patch(&format!("{PROJECTS}/{foreign}"), name).await;
    let not_held = bob.delete(&format!("{PROJECTS}/{mine}")).await;

    assert_eq!(listed, [mine]);
    changed.is(200);
    not_seen.problem(404, "not_found");
    not_held.problem(403, "forbidden");
}

async fn a_deleted_project_is_seen_by_nobody_it_was_shared_with(world: World) {
    let (owner, bob) = owner_and_one_without_roles(&world).await;
    let apollo = owner.project("Apollo").await;
    let gemini = owner.project("Gemini").await;
    for project in [&apollo, &gemini] {
        let member = json!(["member"]);
        owner.share_with(project, &bob.id, member).await.is(201);
    }

    let path = format!("{PROJECTS}/{apollo}");
    owner.delete(&path).await.is(204);

    assert_eq!(all_pages(&bob, "asc", 50).await, [gemini]);
    for person in [&*owner, &bob] {
        person.get(&path).await.problem(404, "not_found");
        let members = format!("{path}/members");
        person.get(&members).await.problem(404, "not_found");
    }
}

async fn nobody_sees_projects_of_another_organization(world: World) {
    let ada = world.owner("ada", "Acme").await;
    let eve = world.owner("eve", "Eves").await;
    let apollo = ada.project("Apollo").await;
    let gemini = eve.project("Gemini").await;
    // Somebody who belongs to both, and sees everything here and one project there.
    world.register("bob").await;
    ada.add("bob", "admin").await.is(201);
    eve.add("bob", "member").await.is(201);
    let bob = world.sign_in("bob").await;
    let at_ada = bob.enter(ada.organization()).await;
    let bob_there = eve.member_id("bob").await;
    eve.assign(&bob_there, json!([])).await.is(200);
    let member = || json!(["member"]);
    eve.share_with(&gemini, &bob_there, member()).await.is(201);

    let eve_there = eve.member_id("eve").await;
    let path = format!("{PROJECTS}/{gemini}");

    let seen = all_pages(&at_ada, "asc", 50).await;
    let read = at_ada.get(&path).await;
    let shared_with_elsewhere = at_ada.share_with(&apollo, &eve_there, member()).await;

    assert_eq!(seen, [apollo]);
    read.problem(404, "not_found");
    shared_with_elsewhere.problem(404, "not_found");
    bob.enter(eve.organization()).await.get(&path).await.is(200);
}

async fn the_members_of_a_project_are_seen_by_whoever_sees_it(world: World) {
    let (owner, bob) = owner_and_one_without_roles(&world).await;
    let apollo = owner.project("Apollo").await;
    let gemini = owner.project("Gemini").await;
    let cleo = world.member(&owner, "cleo", "member").await;
    let cleo = Member::of(&owner, cleo).await;
    let editing = ["project:update", "project:read"];
    owner.role("editor", &editing).await;
    let until = json!([{ "role": "editor", "expires_at": SOON }, "member"]);
    owner.share_with(&apollo, &bob.id, until).await.is(201);
    for project in [&apollo, &gemini] {
        let member = json!(["member"]);
        owner.share_with(project, &cleo.id, member).await.is(201);
    }
    world.advance(SHORT);

    let path = format!("{PROJECTS}/{apollo}/members");
    let first = bob.get(&format!("{path}?limit=1")).await.is(200);
    let next = first.json()["next_cursor"].as_str().unwrap().to_owned();
    let second = bob.get(&format!("{path}?limit=1&cursor={next}")).await;

    let [bob_row, cleo_row] = [first.rows().remove(0), second.is(200).rows().remove(0)];
    assert_eq!(bob_row["member_id"], bob.id);
    assert_eq!(cleo_row["member_id"], cleo.id);
    let roles = bob_row["roles"].as_array().unwrap();
    let expired = |name: &str| {
        let role = roles.iter().find(|role| role["role"] == name).unwrap();
        assert_eq!(role["project_id"], apollo);
        role["expired"].as_bool().unwrap()
    };
    assert_eq!((expired("editor"), expired("member")), (true, false));
    assert_eq!(cleo_row["roles"].as_array().unwrap().len(), 1);
    bob.get(&format!("{PROJECTS}/{gemini}/members"))
        .await
        .problem(404, "not_found");
}

/// What a project is answered with that there is not, for them: what they could do to no project, they are refused.
fn unseen(member: &Member, permission: &str) -> u16 {
    if member.might(permission) { 404 } else { 403 }
}

/// How many members saw no project, some projects, and all of them.
struct Seen {
    refused: usize,
    some: usize,
    all: usize,
}

/// The list of everybody is what they may read one by one, which is what they were given.
async fn compared(company: &Company) -> Seen {
    let mut seen = Seen {
        refused: 0,
        some: 0,
        all: 0,
    };
    for member in &company.members {
        let mut readable = Vec::new();
        for Project { id, .. } in &company.projects {
            let answer = member.get(&format!("{PROJECTS}/{id}")).await;
            match answer.status {
                200 => readable.push(id.clone()),
                status => assert_eq!(status, unseen(member, "project:read")),
            }
        }
        let given = company.projects.iter();
        let given = given.filter(|project| member.may("project:read", Some(project)));
        let given: Vec<_> = given.map(|project| &project.id).collect();
        assert_eq!(
            readable.iter().collect::<Vec<_>>(),
            given,
            "{}",
            member.name
        );

        if !member.might("project:read") {
            let list = member.get(PROJECTS).await;
            list.problem(403, "forbidden");
            seen.refused += 1;
            continue;
        }
        let listed = all_pages(member, "asc", 4).await;
        assert_eq!(listed, readable, "{}", member.name);
        let mut backwards = all_pages(member, "desc", 3).await;
        backwards.reverse();
        assert_eq!(backwards, readable, "{}", member.name);
        if readable.len() == company.projects.len() {
            seen.all += 1;
        } else if !readable.is_empty() {
            seen.some += 1;
        }
    }
    seen
}

/// Something that is done with a project.
struct Act {
    permission: &'static str,
    method: &'static str,
    /// Below the project's own path.
    path: &'static str,
    /// What it is answered when it is done; to share is asked with a role that there is not, which comes to light last.
    done: u16,
}

const ACTS: [Act; 5] = [
    Act {
        permission: "project:update",
        method: "PATCH",
        path: "",
        done: 200,
    },
    Act {
        permission: "project:delete",
        method: "DELETE",
        path: "",
        done: 204,
    },
    Act {
        permission: "project:share",
        method: "POST",
        path: "/members",
        done: 400,
    },
    Act {
        permission: "project:share",
        method: "DELETE",
        path: "/members/{member_id}",
        done: 204,
    },
    Act {
        permission: "project:read",
        method: "GET",
        path: "/members",
        done: 200,
    },
];

impl Act {
    /// Does it, in a way that leaves everything but a deletion as it was; `with` has no roles on projects.
    async fn of(&self, who: &Client, with: &Member, project: &str, name: &str) -> Answer {
        let path = self.path.replace("{member_id}", &with.id);
        let path = format!("{PROJECTS}/{project}{path}");
        let request = who.request(self.method, &path);
        let request = match self.method {
            "PATCH" => request.json(&json!({ "name": name })),
            "POST" => request.json(&json!({ "member_id": with.id, "roles": ["no such role"] })),
            _ => request,
        };
        request.answer_by_name().await
    }
}

async fn owner_and_one_without_roles(world: &World) -> (Person, Member) {
    let owner = world.owner("ada", "Acme").await;
    let bob = world.member(&owner, "bob", "member").await;
    let bob = Member::of(&owner, bob).await;
    owner.assign(&bob.id, json!([])).await.is(200);
    (owner, bob)
}

/// The ids of all projects that somebody sees, so many at once.
async fn all_pages(client: &Client, order: &str, limit: usize) -> Vec<String> {
    let list = format!("{PROJECTS}?order={order}&limit={limit}");
    let mut found = Vec::new();
    let mut path = list.clone();
    loop {
        let page = client.get(&path).await.is(200);
        let rows = page.rows();
        assert!(rows.len() <= limit);
        found.extend(
            rows.iter()
                .map(|row| row["id"].as_str().unwrap().to_owned()),
        );
        match page.json()["next_cursor"].as_str() {
            Some(cursor) => path = format!("{list}&cursor={cursor}"),
            None => return found,
        }
    }
}
