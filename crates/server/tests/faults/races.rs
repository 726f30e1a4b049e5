//! Many who want the one thing at the same moment.

use crate::{
    api::{Answer, Api, Person, email},
    drill::{Figures, Site},
    process::Service,
};
use serde_json::json;
use std::collections::BTreeSet;
use tokio::task::JoinSet;

/// How many want it.
const CROWD: usize = 50;

/// How often they do.
fn rounds(site: &Site) -> usize {
    site.scale.pick(3, 100)
}

/// The services of a race: its crowd is spread over them.
struct Field {
    services: Vec<Service>,
    apis: Vec<Api>,
}

impl Field {
    fn on(site: &Site) -> Self {
        let services = site.services(&[]);
        let apis = services
            .iter()
            .map(|service| Api::at(&service.address))
            .collect();
        Self { services, apis }
    }

    fn api(&self) -> &Api {
        &self.apis[0]
    }

    /// Everybody at once; what each was answered.
    async fn race<F>(&self, crowd: usize, ask: impl Fn(Api, usize) -> F) -> Vec<Answer>
    where
        F: Future<Output = reqwest::Result<Answer>> + Send + 'static,
    {
        let mut at_once = JoinSet::new();
        for number in 0..crowd {
            at_once.spawn(ask(self.apis[number % self.apis.len()].clone(), number));
        }
        at_once
            .join_all()
            .await
            .into_iter()
            .map(Result::unwrap)
            .collect()
    }
}

/// What is wrong where one, and only one, was to get it, and the others were to hear one of these.
fn one_of(answers: &[Answer], good: u16, others: &[u16]) -> Option<String> {
    let got = answers
        .iter()
        .filter(|answer| answer.status == good)
        .count();
    let odd = answers
        .iter()
        .find(|answer| answer.status != good && !others.contains(&answer.status));
    if got == 1 && odd.is_none() {
        return None;
    }
    Some(format!("{got} got it; {:?}", odd.map(Answer::told)))
}

/// One refresh token, presented by a hundred at once: one successor, the same for all, and the chain goes on.
pub(crate) async fn refreshes(site: Site) -> Figures {
    let field = Field::on(&site);
    let mut person = field.api().person("ada").await;
    let mut wrong = Vec::new();
    for _ in 0..rounds(&site) {
        let token = person.refresh.clone();
        let answers = field
            .race(100, |api, _| {
                let token = token.clone();
                async move { api.refresh(&token).await }
            })
            .await;
        let successors: BTreeSet<_> = answers
            .iter()
            .filter(|answer| answer.status == 200)
            .map(|answer| generation(&answer.text("refresh_token")))
            .collect();
        let odd = answers.iter().find(|answer| answer.status != 200);
        if successors.len() != 1 || odd.is_some() {
            wrong.push(format!(
                "successors {successors:?}, {:?}",
                odd.map(Answer::told)
            ));
        }
        let turned = answers.iter().find(|answer| answer.status == 200);
        person.refresh = turned.map_or(token, |answer| answer.text("refresh_token"));
    }
    let mut figures = Figures::new(site.scale);
    figures.none(
        "races of 100 without exactly one successor",
        rounds(&site),
        &wrong,
    );
    figures
}

fn generation(token: &str) -> String {
    use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
    let claims = BASE64_URL_SAFE_NO_PAD
        .decode(token.split('.').nth(1).unwrap())
        .unwrap();
    let claims: serde_json::Value = serde_json::from_slice(&claims).unwrap();
    format!("{}/{}", claims["chain"], claims["gen"])
}

/// Two owners demote, remove, or leave each other at once: one is left.
pub(crate) async fn last_owners(site: Site) -> Figures {
    let field = Field::on(&site);
    let api = field.api();
    let (ada, bob) = (api.person("ada").await, api.person("bob").await);
    let mut wrong = Vec::new();
    for round in 0..rounds(&site) {
        let body = json!({ "name": format!("Acme {round}") });
        let founded = api
            .post("/organization/register", &ada.access, body)
            .await
            .unwrap()
            .is(201);
        let organization = founded.text("id");
        let one = api.enter(&ada, &organization).await;
        let body = json!({ "email": email("bob"), "role": "owner" });
        api.post("/organization/add_users", &one.access, body)
            .await
            .unwrap()
            .is(201);
        let other = api.enter(&bob, &organization).await;
        let members = [
            api.member(&one, "ada").await.unwrap().unwrap(),
            api.member(&one, "bob").await.unwrap().unwrap(),
        ];
        let owners = [one, other];
        let answers = field
            .race(2, |api, number| {
                let token = owners[number].access.clone();
                // Each at the other, in two rounds of three; in the third both leave.
                let victim = members[1 - number].clone();
                async move {
                    match round % 3 {
                        0 => {
                            let path = format!("/api/v1/members/{victim}/roles");
                            api.ask(
                                "PUT",
                                &path,
                                Some(&token),
                                Some(json!({ "roles": ["member"] })),
                            )
                            .await
                        }
                        1 => {
                            api.ask(
                                "DELETE",
                                &format!("/api/v1/members/{victim}"),
                                Some(&token),
                                None,
                            )
                            .await
                        }
                        _ => {
                            api.ask("POST", "/api/v1/organization/leave", Some(&token), None)
                                .await
                        }
                    }
                }
            })
            .await;
        let done = answers.iter().filter(|answer| answer.status < 300).count();
        let broke = answers.iter().any(|answer| answer.status >= 500);
        if done != 1 || broke {
            let told: Vec<_> = answers.iter().map(Answer::told).collect();
            wrong.push(format!("{done} of two went through: {told:?}"));
        }
    }
    let without = "SELECT count(*) FROM tenants t WHERE NOT EXISTS (
        SELECT 1 FROM members m
        JOIN member_roles mr ON mr.tenant_id = m.tenant_id AND mr.member_id = m.id
        JOIN roles r ON r.tenant_id = mr.tenant_id AND r.id = mr.role_id
        WHERE m.tenant_id = t.id AND m.status = 'active' AND r.name = 'owner')";
    let ownerless = site.count(&field.services[0], without).await;
    wrong.extend((0..ownerless).map(|_| "an organization without an owner".to_owned()));
    let mut figures = Figures::new(site.scale);
    figures.none("races of two owners not won by one", rounds(&site), &wrong);
    figures
}

/// One invitation, accepted by fifty at once.
pub(crate) async fn invitations(site: Site) -> Figures {
    let field = Field::on(&site);
    let api = field.api();
    let owner = api.owner("ada", "Acme").await;
    let guest = api.person("bob").await;
    let mut wrong = Vec::new();
    for _ in 0..rounds(&site) {
        let body = json!({ "email": email("bob"), "role": "member" });
        let invited = api
            .post("/api/v1/invitations", &owner.access, body)
            .await
            .unwrap()
            .is(201);
        let id = invited.text("id");
        let answers = field
            .race(CROWD, |api, _| {
                let (token, body) = (guest.access.clone(), json!({ "invitation_id": id }));
                async move { api.post("/api/v1/invitations/accept", &token, body).await }
            })
            .await;
        wrong.extend(one_of(&answers, 200, &[400, 404]));
        let member = api.member(&owner, "bob").await.unwrap().unwrap();
        let path = format!("/api/v1/members/{member}");
        api.ask("DELETE", &path, Some(&owner.access), None)
            .await
            .unwrap()
            .is(204);
    }
    let mut figures = Figures::new(site.scale);
    figures.none(
        "invitations not accepted exactly once",
        rounds(&site),
        &wrong,
    );
    figures
}

/// One address, registered by fifty at once.
pub(crate) async fn emails(site: Site) -> Figures {
    let field = Field::on(&site);
    let mut wrong = Vec::new();
    for round in 0..rounds(&site) {
        let name = format!("p{round}");
        let answers = field
            .race(CROWD, |api, _| {
                let name = name.clone();
                async move { api.register(&name).await }
            })
            .await;
        // As many hashes at once may be more than can be made in time.
        wrong.extend(one_of(&answers, 201, &[400, 503]));
    }
    let mut figures = Figures::new(site.scale);
    figures.none(
        "addresses not registered exactly once",
        rounds(&site),
        &wrong,
    );
    figures
}

/// One slug, and one name of a project, taken by fifty at once.
pub(crate) async fn names(site: Site) -> Figures {
    let field = Field::on(&site);
    let owner = field.api().owner("ada", "Acme").await;
    let (mut slugs, mut projects) = (Vec::new(), Vec::new());
    for round in 0..rounds(&site) {
        let found = |path: &'static str, body: serde_json::Value| {
            let owner: &Person = &owner;
            move |api: Api, _: usize| {
                let (token, body) = (owner.access.clone(), body.clone());
                async move { api.post(path, &token, body).await }
            }
        };
        // An organization's slug is made of its name.
        let slug = json!({ "name": format!("Firm {round}") });
        slugs.extend(one_of(
            &field
                .race(CROWD, found("/api/v1/organizations", slug))
                .await,
            201,
            &[400],
        ));
        let project = json!({ "name": format!("p{round}") });
        projects.extend(one_of(
            &field.race(CROWD, found("/api/v1/projects", project)).await,
            201,
            &[400],
        ));
    }
    let mut figures = Figures::new(site.scale);
    figures.none("slugs not taken exactly once", rounds(&site), &slugs);
    figures.none(
        "project names not taken exactly once",
        rounds(&site),
        &projects,
    );
    figures
}
