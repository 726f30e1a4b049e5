//! The examples in the document: what is asked and answered in the life of one organization, as it really was.
//!
//! `BAILIWICK_UPDATE_DOCS=1` writes them anew. Whatever differs from one run to the next stands there in a fixed form.

use crate::{
    acts::Key,
    world::{Answer, Ask, Client, PASSWORD, Person, World, email},
};
use bailiwick_api::routes::routes;
use reqwest::RequestBuilder;
use serde_json::{Map, Value, json};
use std::{env, fs, path::Path};

both!(the_examples_are_what_is_asked_and_answered);

/// What was asked and answered so far.
struct Story {
    document: Value,
    told: Map<String, Value>,
}

impl Story {
    /// Asks this of the operation, and keeps both.
    async fn ask(
        &mut self,
        who: &Client,
        operation: &str,
        ids: &[&str],
        body: Option<Value>,
    ) -> Answer {
        let request = self.request(who, operation, ids);
        let request = match &body {
            Some(body) => request.json(body),
            None => request,
        };
        let body = body.map(|body| ("request", body));
        self.tell(operation, request, body).await
    }

    /// The same of an operation that takes a form.
    async fn fill(&mut self, who: &Client, operation: &str, fields: &[(&str, &str)]) -> Answer {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(fields);
        let request = self
            .request(who, operation, &[])
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form.finish());
        let fields = fields
            .iter()
            .map(|(name, value)| ((*name).to_owned(), json!(value)));
        let form = Value::Object(fields.collect());
        self.tell(operation, request, Some(("form", form))).await
    }

    fn request(&self, who: &Client, operation: &str, ids: &[&str]) -> RequestBuilder {
        let (verb, path) = self.place(operation);
        let mut ids = ids.iter();
        let path: Vec<_> = path
            .split('/')
            .map(|part| {
                if part.starts_with('{') {
                    *ids.next().unwrap()
                } else {
                    part
                }
            })
            .collect();
        let request = who.request(&verb.to_uppercase(), &path.join("/"));
        let conditional = [
            "changeOrganization",
            "changeMemberRoles",
            "changeRole",
            "replaceRole",
        ]
        .contains(&operation);
        match conditional {
            true => request.header("if-match", "*"),
            false => request,
        }
    }

    async fn tell(
        &mut self,
        operation: &str,
        request: RequestBuilder,
        body: Option<(&str, Value)>,
    ) -> Answer {
        let answer = request.answer().await;
        assert!(
            answer.status < 300,
            "{operation}: {} {}",
            answer.status,
            answer.text
        );
        let mut told = json!({ "status": answer.status });
        if let Some((place, body)) = body {
            told[place] = fixed(body);
        }
        let is_json = answer.header("content-type") == Some("application/json");
        if is_json && operation != "getOpenApi" {
            told["answer"] = fixed(answer.json());
        }
        let before = self.told.insert(operation.to_owned(), told);
        assert_eq!(before, None, "{operation} has an example");
        answer
    }

    fn place(&self, operation: &str) -> (String, String) {
        for (path, item) in self.document["paths"].as_object().unwrap() {
            for (verb, found) in item.as_object().unwrap() {
                if found["operationId"] == operation {
                    return (verb.clone(), path.clone());
                }
            }
        }
        panic!("there is no {operation}")
    }
}

/// The same with a fixed form for whatever is by chance: ids, tokens, keys, addresses.
fn fixed(value: Value) -> Value {
    match value {
        Value::Object(fields) => fields
            .into_iter()
            .map(|(name, value)| {
                let value = match name.as_str() {
                    "access_token" | "refresh_token" => json!("eyJhbGciOiJFUzI1NiJ9.e30.c2ln"),
                    "key" | "client_secret" => {
                        json!(format!("bw_01h455vb4pex5vsknk084sn02q_{}", "x".repeat(59)))
                    }
                    "jti" => json!("018910bd-ac96-775b-bcce-750810cc8057"),
                    "token" => json!("c2VjcmV0LWZyb20tYS1tYWls"),
                    "kid" | "x" | "y" => json!("c29tZS1ieXRlcw"),
                    _ => fixed(value),
                };
                (name, value)
            })
            .collect(),
        Value::Array(items) => items.into_iter().map(fixed).collect(),
        Value::String(text) => {
            let id = text.split_once('_').filter(|(_, suffix)| {
                suffix.len() == 26 && suffix.bytes().all(|byte| byte.is_ascii_alphanumeric())
            });
            match id {
                Some((prefix, _)) => json!(crate::world::unknown(prefix)),
                None => json!(text),
            }
        }
        other => other,
    }
}

async fn the_examples_are_what_is_asked_and_answered(world: World) {
    let url = "https://id.example.com";
    let world = world
        .with(|config| config.http.public_url = Some(url.to_owned()))
        .await;
    let mut story = Story {
        document: routes().openapi(),
        told: Map::new(),
    };
    live(&mut story, &world).await;
    let made = format!("{:#}\n", Value::from(story.told.clone()));

    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/api/src/examples.json");
    if env::var_os("BAILIWICK_UPDATE_DOCS").is_some_and(|update| update == "1") {
        fs::write(&file, &made).unwrap();
    }
    let written = fs::read_to_string(&file).unwrap_or_default();
    assert!(
        written == made,
        "the examples are not what is answered: run `just docs`"
    );
    let all = routes();
    let without: Vec<_> = all
        .iter()
        .map(|row| row.operation.id())
        .filter(|id| !story.told.contains_key(*id))
        .collect();
    assert_eq!(without, [""; 0], "operations without an example");
}

/// The life of an organization.
async fn live(story: &mut Story, world: &World) {
    let nobody = world.nobody();
    for operation in [
        "getHealth",
        "getReadiness",
        "getJwks",
        "getOpenApi",
        "getDocs",
        "getDocsStyle",
        "getDocsScript",
        "getSwaggerUiStyle",
        "getSwaggerUi",
        "getPasswordPolicy",
        "getOAuthMetadata",
    ] {
        story.ask(&nobody, operation, &[], None).await;
    }
    let account = |name: &str| json!({ "name": name, "email": email(name), "password": PASSWORD });
    let entry = |name: &str| json!({ "email": email(name), "password": PASSWORD });

    story
        .ask(&nobody, "register", &[], Some(account("ada")))
        .await;
    story
        .ask(&nobody, "shortRegister", &[], Some(account("bob")))
        .await;
    for name in ["cleo", "dora", "eve"] {
        world.register(name).await;
    }
    story.ask(&nobody, "login", &[], Some(entry("ada"))).await;
    story
        .ask(&nobody, "shortLogin", &[], Some(entry("bob")))
        .await;
    let operator = "INSERT INTO operators (user_id, created_at)
                    SELECT id, 0 FROM users WHERE email = 'ada@example.com'";
    world.execute(operator).await;
    let ada = world.sign_in("ada").await;
    let acme = story
        .ask(
            &ada,
            "foundOrganization",
            &[],
            Some(json!({ "name": "Acme, Inc." })),
        )
        .await
        .id();
    let other = story
        .ask(
            &ada,
            "shortFoundOrganization",
            &[],
            Some(json!({ "name": "Other" })),
        )
        .await
        .id();
    story.ask(&ada, "selectOrganization", &[&acme], None).await;
    story
        .ask(
            &ada,
            "shortSelectOrganization",
            &[],
            Some(json!({ "org_id": acme })),
        )
        .await;
    let owner = ada.enter(&acme).await;
    for operation in [
        "getMe",
        "shortMe",
        "listMyOrganizations",
        "listOrganizations",
        "shortListOrganizations",
        "listSessions",
        "listPermissions",
    ] {
        story.ask(&owner, operation, &[], None).await;
    }

    // People.
    story
        .ask(
            &owner,
            "addMember",
            &[],
            Some(json!({ "email": email("bob"), "role": "member" })),
        )
        .await;
    story
        .ask(
            &owner,
            "shortAddMember",
            &[],
            Some(json!({ "email": email("cleo"), "role": "admin" })),
        )
        .await;
    story.ask(&owner, "listMembers", &[], None).await;
    story.ask(&owner, "shortListMembers", &[], None).await;
    let bob = owner.member_id_of(&email("bob")).await;
    let cleo = owner.member_id_of(&email("cleo")).await;
    story.ask(&owner, "getMember", &[&bob], None).await;
    story.ask(&owner, "getMemberRoles", &[&bob], None).await;
    story.ask(&owner, "suspendMember", &[&bob], None).await;
    story.ask(&owner, "resumeMember", &[&bob], None).await;

    // Roles.
    let maker = json!({ "name": "Maker", "permissions": ["project:create", "project:*:own"], "includes": ["member"] });
    let role = story.ask(&owner, "createRole", &[], Some(maker)).await.id();
    story.ask(&owner, "listRoles", &[], None).await;
    story.ask(&owner, "getRole", &[&role], None).await;
    story
        .ask(
            &owner,
            "changeRole",
            &[&role],
            Some(json!({ "name": "Creator" })),
        )
        .await;
    let all = json!({ "name": "Maker", "permissions": ["project:create"], "includes": ["member"] });
    story.ask(&owner, "replaceRole", &[&role], Some(all)).await;
    let roles =
        json!({ "roles": ["Maker", { "role": "admin", "expires_at": "2030-01-31T12:00:00Z" }] });
    story
        .ask(&owner, "changeMemberRoles", &[&bob], Some(roles))
        .await;

    // Machines.
    let robot = json!({ "name": "Deploys", "roles": ["member"] });
    let robot = story
        .ask(&owner, "createServiceAccount", &[], Some(robot))
        .await
        .id();
    story.ask(&owner, "listServiceAccounts", &[], None).await;
    story
        .ask(&owner, "getServiceAccount", &[&robot], None)
        .await;
    let renamed = json!({ "name": "Deployments" });
    story
        .ask(&owner, "changeServiceAccount", &[&robot], Some(renamed))
        .await;
    let key = json!({
        "service_account_id": robot,
        "name": "ci",
        "permissions": ["project:read"],
        "expires_at": "2027-06-30T12:00:00Z",
    });
    let made = story.ask(&owner, "createApiKey", &[], Some(key)).await;
    let key = made.id();
    story.ask(&owner, "listApiKeys", &[], None).await;
    story.ask(&owner, "getApiKey", &[&key], None).await;
    let until = json!({ "previous_valid_until": "2027-01-31T12:00:00Z" });
    let rotated = story
        .ask(&owner, "rotateApiKey", &[&key], Some(until))
        .await;
    let secret = Key::shown(&rotated).text;
    story
        .ask(&owner, "revokePreviousApiKey", &[&key], None)
        .await;
    let client = [
        ("client_id", robot.as_str()),
        ("client_secret", secret.as_str()),
    ];
    let grant = ("grant_type", "client_credentials");
    let fields = [grant, client[0], client[1]];
    let granted = story.fill(&nobody, "getOAuthToken", &fields).await.json();
    let token = granted["access_token"].as_str().unwrap();
    let fields = [("token", token), client[0], client[1]];
    story.fill(&nobody, "introspectOAuthToken", &fields).await;
    let given_back = world.sign_in("bob").await;
    let fields = [("token", given_back.refresh.as_str())];
    story.fill(&nobody, "revokeOAuthToken", &fields).await;
    story.ask(&owner, "revokeApiKey", &[&key], None).await;
    story
        .ask(&owner, "deleteServiceAccount", &[&robot], None)
        .await;

    // Projects.
    let project = story
        .ask(
            &owner,
            "createProject",
            &[],
            Some(json!({ "name": "Apollo" })),
        )
        .await
        .id();
    story
        .ask(
            &owner,
            "shortCreateProject",
            &[],
            Some(json!({ "name": "Gemini" })),
        )
        .await;
    story.ask(&owner, "listProjects", &[], None).await;
    story.ask(&owner, "getProject", &[&project], None).await;
    story
        .ask(
            &owner,
            "renameProject",
            &[&project],
            Some(json!({ "name": "Apollo 11" })),
        )
        .await;
    let share = json!({ "member_id": bob, "roles": ["member"] });
    story
        .ask(&owner, "shareProject", &[&project], Some(share))
        .await;
    story
        .ask(&owner, "listProjectMembers", &[&project], None)
        .await;
    story
        .ask(&owner, "unshareProject", &[&project, &bob], None)
        .await;
    let question =
        json!({ "permission": "project:delete", "member_id": bob, "project_id": project });
    story
        .ask(&owner, "explainAccess", &[], Some(question))
        .await;
    story.ask(&owner, "deleteProject", &[&project], None).await;
    story
        .ask(
            &owner,
            "deleteRole",
            &[&format!("{role}?reassign_to=member")],
            None,
        )
        .await;

    // Invitations.
    let invite = |name: &str| json!({ "email": email(name), "roles": ["member"] });
    let invitation = story
        .ask(&owner, "invite", &[], Some(invite("dora")))
        .await
        .id();
    story.ask(&owner, "listInvitations", &[], None).await;
    story
        .ask(&owner, "getInvitation", &[&invitation], None)
        .await;
    world.mailed_token("dora", "invitation").await;
    world.forget_mails();
    story
        .ask(&owner, "resendInvitation", &[&invitation], None)
        .await;
    let token = world.mailed_token("dora", "invitation").await;
    story
        .ask(
            &nobody,
            "previewInvitation",
            &[],
            Some(json!({ "token": token })),
        )
        .await;
    let dora = world.sign_in("dora").await;
    story.ask(&dora, "listMyInvitations", &[], None).await;
    story
        .ask(
            &dora,
            "acceptInvitation",
            &[],
            Some(json!({ "token": token })),
        )
        .await;
    owner.invite("eve", &["member"]).await.is(201);
    let token = world.mailed_token("eve", "invitation").await;
    story
        .ask(
            &nobody,
            "declineInvitation",
            &[],
            Some(json!({ "token": token })),
        )
        .await;
    let again = owner.invite("eve", &["member"]).await.is(201).id();
    story.ask(&owner, "revokeInvitation", &[&again], None).await;

    // The organization itself.
    story.ask(&owner, "getOrganization", &[], None).await;
    let change = json!({ "name": "Acme", "settings": { "allowed_domains": ["example.com"] } });
    story
        .ask(&owner, "changeOrganization", &[], Some(change))
        .await;
    for operation in [
        "getOverview",
        "listAttention",
        "listRefusals",
        "listAuditEvents",
        "exportAuditEvents",
    ] {
        story.ask(&owner, operation, &[], None).await;
    }
    story.ask(&owner, "suspendOrganization", &[], None).await;
    story.ask(&owner, "resumeOrganization", &[], None).await;
    let to = json!({ "member_id": cleo });
    story
        .ask(&owner, "offerTransfer", &[], Some(to.clone()))
        .await;
    story.ask(&owner, "getTransfer", &[], None).await;
    story.ask(&owner, "withdrawTransfer", &[], None).await;
    let cleo_there = world.sign_in("cleo").await.enter(&acme).await;
    owner
        .post("/api/v1/organization/transfer", to.clone())
        .await
        .is(201);
    story.ask(&cleo_there, "declineTransfer", &[], None).await;
    owner
        .post("/api/v1/organization/transfer", to)
        .await
        .is(201);
    story.ask(&cleo_there, "acceptTransfer", &[], None).await;
    story.ask(&cleo_there, "removeMember", &[&bob], None).await;
    let dora = dora.enter(&acme).await;
    story.ask(&dora, "leaveOrganization", &[], None).await;
    let other_owner = ada.enter(&other).await;
    story
        .ask(&other_owner, "deleteOrganization", &[], None)
        .await;
    let again = world.sign_in("ada").await.enter(&other).await;
    story.ask(&again, "restoreOrganization", &[], None).await;

    // The platform.
    story.ask(&ada, "listTenants", &[], None).await;
    story.ask(&ada, "getTenant", &[&other], None).await;
    let reason = || Some(json!({ "reason": "An unpaid bill" }));
    story.ask(&ada, "suspendTenant", &[&other], reason()).await;
    story.ask(&ada, "resumeTenant", &[&other], reason()).await;
    story.ask(&ada, "listUsers", &[], None).await;
    let eve = ada
        .get(&format!("/api/v1/platform/users?email={}", email("eve")))
        .await
        .rows();
    let eve = eve[0]["id"].as_str().unwrap().to_owned();
    story.ask(&ada, "getUser", &[&eve], None).await;
    story.ask(&ada, "suspendUser", &[&eve], reason()).await;
    story.ask(&ada, "resumeUser", &[&eve], reason()).await;

    // Sessions, and how they end.
    let change =
        json!({ "current_password": PASSWORD, "new_password": "another horse, another battery" });
    let eve = world.sign_in("eve").await;
    story.ask(&eve, "changePassword", &[], Some(change)).await;
    let spend = |person: &Person| json!({ "refresh_token": person.refresh });
    let next = world.sign_in("bob").await;
    story.ask(&nobody, "refresh", &[], Some(spend(&next))).await;
    let next = world.sign_in("bob").await;
    story
        .ask(&nobody, "shortRefresh", &[], Some(spend(&next)))
        .await;
    let next = world.sign_in("bob").await;
    story.ask(&nobody, "logout", &[], Some(spend(&next))).await;
    let next = world.sign_in("bob").await;
    story
        .ask(&nobody, "shortLogout", &[], Some(spend(&next)))
        .await;
    let next = world.sign_in("bob").await;
    let rows = next.get("/api/v1/me/sessions").await.rows();
    let session = rows.iter().find(|row| row["current"] == false).unwrap()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    story.ask(&next, "endSession", &[&session], None).await;
    story.ask(&next, "endOtherSessions", &[], None).await;
    story.ask(&next, "endSessions", &[], None).await;

    // Mails.
    world.forget_mails();
    story
        .ask(
            &nobody,
            "forgotPassword",
            &[],
            Some(json!({ "email": email("bob") })),
        )
        .await;
    let token = world.mailed_token("bob", "reset-password").await;
    let reset = json!({ "token": token, "password": "a third horse, a third battery" });
    story.ask(&nobody, "resetPassword", &[], Some(reset)).await;
    story
        .ask(
            &nobody,
            "resendVerification",
            &[],
            Some(json!({ "email": email("cleo") })),
        )
        .await;
    let token = world.mailed_token("cleo", "verify-email").await;
    story
        .ask(&nobody, "verifyEmail", &[], Some(json!({ "token": token })))
        .await;
}
