//! `kill -9` amid everything that writes: what was acknowledged is there, and what was not is whole or not there at all.

use crate::{
    api::{Api, Person, email},
    drill::{Figures, Site, panics},
    process::Service,
};
use serde_json::json;
use sqlx::{Connection, SqliteConnection};
use std::time::Duration;
use tokio::{task::JoinSet, time::sleep};

/// How many create projects at once, and how many of each of the others are at it.
const CREATORS: usize = 6;
const OTHERS: usize = 2;

/// Somebody who writes until the power is cut, and knows what they were told.
struct Writer {
    work: Work,
    person: Person,
    api: Api,
    number: usize,
    acknowledged: usize,
    /// Writes whose answer never came.
    unheard: usize,
}

/// What they do, and what they know of it.
enum Work {
    /// Create projects: these are there.
    Create(Vec<String>),
    /// Refresh: the newest token is with the person.
    Refresh,
    /// Found organizations: these are there.
    Found(Vec<String>),
    /// Invite somebody, who accepts and is removed; and where that stands, if it is known.
    Invite {
        guest: Person,
        stands: Option<Stands>,
    },
    /// Change somebody's role to and fro; and what it is, if it is known.
    Assign {
        member: String,
        role: Option<&'static str>,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stands {
    Outside,
    Inside,
}

pub(crate) async fn kills(mut site: Site) -> Figures {
    let (kills, wanted) = site.scale.pick((5, 0), (100, 10_000));
    let mut service = site.service(&[]);
    let api = Api::at(&service.address);
    let mut writers = writers(&api).await;
    let mut wrong = Vec::new();
    let mut cuts = 0;

    // Until there were enough of both: a fast machine has more writes to a cut than a slow one.
    while cuts < kills || acknowledged(&writers) < wanted && cuts < 3 * kills {
        let mut at_work = JoinSet::new();
        for writer in writers.drain(..) {
            at_work.spawn(writer.work());
        }
        sleep(Duration::from_millis(site.chance.u64(50..400))).await;
        service.kill();
        writers.extend(at_work.join_all().await);
        service.restart();
        cuts += 1;
        for writer in &mut writers {
            wrong.extend(writer.check().await);
        }
        wrong.extend(broken(&site, &service).await);
    }

    let mut figures = Figures::new(site.scale);
    figures.at_least("kills", cuts, kills);
    for (kind, of_kind) in kinds(&writers) {
        figures.note(
            &format!("{kind}: acknowledged, and cut off"),
            format!("{}, {}", of_kind.0, of_kind.1),
        );
    }
    figures.at_least("writes acknowledged", acknowledged(&writers), wanted.max(1));
    let lost = lost(&writers).await;
    figures.none("acknowledged writes lost", acknowledged(&writers), &lost);
    figures.none("invariants broken", cuts, &wrong);
    if site.database.is_none() {
        let file = service.folder.path().join("data/bailiwick.db");
        let sound = sound(&format!("sqlite:{}", file.display())).await;
        figures.holds("integrity_check", &sound, "ok", sound == "ok");
    }
    figures.holds("panics", panics(&service), "0", panics(&service) == 0);
    figures
}

async fn writers(api: &Api) -> Vec<Writer> {
    let mut writers = Vec::new();
    let mut add = |work, person| {
        writers.push(Writer {
            work,
            person,
            api: api.clone(),
            number: 0,
            acknowledged: 0,
            unheard: 0,
        });
    };
    for number in 0..CREATORS {
        let name = format!("creator{number}");
        add(Work::Create(Vec::new()), api.owner(&name, &name).await);
    }
    for number in 0..OTHERS {
        let name = |role: &str| format!("{role}{number}");
        add(Work::Refresh, api.person(&name("refresher")).await);
        add(Work::Found(Vec::new()), api.person(&name("founder")).await);
        let host = api.owner(&name("host"), &name("host")).await;
        let guest = api.person(&name("guest")).await;
        add(
            Work::Invite {
                guest,
                stands: Some(Stands::Outside),
            },
            host,
        );
        let boss = api.owner(&name("boss"), &name("boss")).await;
        let clerk = name("clerk");
        api.register(&clerk).await.unwrap().is(201);
        let body = json!({ "email": email(&clerk), "role": "member" });
        api.post("/organization/add_users", &boss.access, body)
            .await
            .unwrap()
            .is(201);
        let member = api.member(&boss, &clerk).await.unwrap().unwrap();
        add(
            Work::Assign {
                member,
                role: Some("member"),
            },
            boss,
        );
    }
    writers
}

impl Writer {
    /// Writes until nobody answers.
    async fn work(mut self) -> Self {
        while self.step().await.is_ok() {
            self.acknowledged += 1;
            self.number += 1;
        }
        self.unheard += 1;
        self.number += 1;
        self
    }

    async fn step(&mut self) -> reqwest::Result<()> {
        let (api, token) = (&self.api, &self.person.access);
        match &mut self.work {
            Work::Create(there) => {
                let body = json!({ "name": format!("p{}", self.number) });
                let created = api.post("/api/v1/projects", token, body).await?.is(201);
                there.push(created.text("id"));
            }
            Work::Refresh => {
                let turned = api.refresh(&self.person.refresh).await?.is(200);
                self.person.refresh = turned.text("refresh_token");
            }
            Work::Found(there) => {
                let body = json!({ "name": format!("{} {}", self.person.name, self.number) });
                let founded = api
                    .post("/organization/register", token, body)
                    .await?
                    .is(201);
                there.push(founded.text("id"));
            }
            Work::Invite { guest, stands } => match stands.take() {
                Some(Stands::Inside) => {
                    let member = api.member(&self.person, &guest.name).await?.unwrap();
                    let path = format!("/api/v1/members/{member}");
                    api.ask("DELETE", &path, Some(token), None).await?.is(204);
                    *stands = Some(Stands::Outside);
                }
                _ => {
                    let body = json!({ "email": email(&guest.name), "role": "member" });
                    let invited = api.post("/api/v1/invitations", token, body).await?.is(201);
                    let body = json!({ "invitation_id": invited.text("id") });
                    api.post("/api/v1/invitations/accept", &guest.access, body)
                        .await?
                        .is(200);
                    *stands = Some(Stands::Inside);
                }
            },
            Work::Assign { member, role } => {
                let next = match role.take() {
                    Some("member") => "admin",
                    _ => "member",
                };
                let path = format!("/api/v1/members/{member}/roles");
                let body = json!({ "roles": [next] });
                api.ask("PUT", &path, Some(token), Some(body))
                    .await?
                    .is(200);
                *role = Some(next);
            }
        }
        Ok(())
    }

    /// What is not as it was said to be, after the power has come back. What was not heard may be either way; from here on
    /// it is known.
    async fn check(&mut self) -> Option<String> {
        let (api, token) = (&self.api, &self.person.access);
        match &mut self.work {
            Work::Create(there) => {
                let id = there.last()?;
                let found = api
                    .get(&format!("/api/v1/projects/{id}"), token)
                    .await
                    .unwrap();
                (found.status != 200).then(|| format!("project {id}: {}", found.told()))
            }
            // The answer that was lost with the power is given again.
            Work::Refresh => {
                let turned = api.refresh(&self.person.refresh).await.unwrap();
                if turned.status != 200 {
                    return Some(format!(
                        "{} was thrown out: {}",
                        self.person.name,
                        turned.told()
                    ));
                }
                self.person.refresh = turned.text("refresh_token");
                None
            }
            // They are looked for at the end.
            Work::Found(_) => None,
            Work::Invite { guest, stands } => {
                let found = api.member(&self.person, &guest.name).await.unwrap();
                let now = if found.is_some() {
                    Stands::Inside
                } else {
                    Stands::Outside
                };
                let known = stands.replace(now);
                // An invitation that was made and not accepted stands in the way of the next.
                let pending = api
                    .get("/api/v1/invitations?status=pending", token)
                    .await
                    .unwrap();
                for invitation in pending.body["data"].as_array().unwrap() {
                    let path =
                        format!("/api/v1/invitations/{}", invitation["id"].as_str().unwrap());
                    api.ask("DELETE", &path, Some(token), None)
                        .await
                        .unwrap()
                        .is(204);
                }
                (known.is_some_and(|known| known != now))
                    .then(|| format!("{} was {known:?} and is {now:?}", guest.name))
            }
            Work::Assign { member, role } => {
                let path = format!("/api/v1/members/{member}/roles");
                let found = api
                    .get(&path, token)
                    .await
                    .unwrap()
                    .is(200)
                    .body
                    .to_string();
                let now = if found.contains("admin") {
                    "admin"
                } else {
                    "member"
                };
                let known = role.replace(now);
                (known.is_some_and(|known| known != now))
                    .then(|| format!("{member} was made {known:?} and is {now}"))
            }
        }
    }
}

fn acknowledged(writers: &[Writer]) -> usize {
    writers.iter().map(|writer| writer.acknowledged).sum()
}

/// For each kind of work: how often it was acknowledged, and how often cut off.
fn kinds(writers: &[Writer]) -> Vec<(&'static str, (usize, usize))> {
    let kinds = [
        "projects",
        "refreshes",
        "foundings",
        "acceptances and removals",
        "role changes",
    ];
    let of = |writer: &Writer| match writer.work {
        Work::Create(_) => 0,
        Work::Refresh => 1,
        Work::Found(_) => 2,
        Work::Invite { .. } => 3,
        Work::Assign { .. } => 4,
    };
    let sum = |kind| {
        writers
            .iter()
            .filter(|writer| of(writer) == kind)
            .fold((0, 0), |sum, writer| {
                (sum.0 + writer.acknowledged, sum.1 + writer.unheard)
            })
    };
    kinds
        .iter()
        .enumerate()
        .map(|(kind, name)| (*name, sum(kind)))
        .collect()
}

/// Of what was acknowledged as made, what is not there.
async fn lost(writers: &[Writer]) -> Vec<String> {
    let mut lost = Vec::new();
    for Writer {
        work, api, person, ..
    } in writers
    {
        let (Work::Create(there) | Work::Found(there)) = work else {
            continue;
        };
        for id in there {
            let found = match work {
                Work::Found(_) => {
                    let body = json!({ "org_id": id });
                    api.post("/organization/select", &person.access, body).await
                }
                _ => {
                    api.get(&format!("/api/v1/projects/{id}"), &person.access)
                        .await
                }
            };
            let found = found.unwrap();
            if found.status >= 300 {
                lost.push(format!("{id}: {}", found.told()));
            }
        }
    }
    lost
}

/// What each must be as many as, whatever was cut off.
const AS_MANY: [(&str, &str); 5] = [
    (
        "SELECT count(*) FROM projects",
        "SELECT count(*) FROM audit_events WHERE action = 'project:create'",
    ),
    (
        "SELECT count(*) FROM tenants",
        "SELECT count(*) FROM audit_events WHERE action = 'organization:found'",
    ),
    ("SELECT count(*) FROM tenants", "SELECT count(*) FROM slugs"),
    (
        "SELECT count(*) FROM tenants",
        "SELECT count(DISTINCT m.tenant_id) FROM members m
         JOIN member_roles mr ON mr.tenant_id = m.tenant_id AND mr.member_id = m.id
         JOIN roles r ON r.tenant_id = mr.tenant_id AND r.id = mr.role_id
         WHERE r.name = 'owner' AND m.status = 'active'",
    ),
    (
        "SELECT count(*) FROM invitations WHERE status = 'accepted'",
        "SELECT count(*) FROM audit_events WHERE action = 'invitation:accept'",
    ),
];

async fn broken(site: &Site, service: &Service) -> Vec<String> {
    let mut broken = Vec::new();
    for (one, other) in AS_MANY {
        let counted = (
            site.count(service, one).await,
            site.count(service, other).await,
        );
        if counted.0 != counted.1 {
            broken.push(format!("{counted:?}: {one} / {other}"));
        }
    }
    broken
}

/// What SQLite says of its file.
pub(crate) async fn sound(url: &str) -> String {
    let mut outside = SqliteConnection::connect(url).await.unwrap();
    let check = sqlx::query_scalar("PRAGMA integrity_check");
    check.fetch_one(&mut outside).await.unwrap()
}
