//! What people do in an organization, in a line each.

use crate::world::{Answer, Ask, Client, Person, World, email};
use serde_json::{Value, json};
use tokio::task::JoinSet;

/// The active organization.
pub(crate) const ORGANIZATION: &str = "/api/v1/organization";
/// Its members.
pub(crate) const MEMBERS: &str = "/api/v1/members";
/// Its roles.
pub(crate) const ROLES: &str = "/api/v1/roles";
/// Its invitations.
pub(crate) const INVITATIONS: &str = "/api/v1/invitations";
/// Its machines.
pub(crate) const SERVICE_ACCOUNTS: &str = "/api/v1/service-accounts";
/// Their keys.
pub(crate) const API_KEYS: &str = "/api/v1/api-keys";
/// Its projects.
pub(crate) const PROJECTS: &str = "/api/v1/projects";

/// A key as it was shown.
#[derive(Debug, Clone)]
pub(crate) struct Key {
    pub(crate) id: String,
    pub(crate) text: String,
}

impl Key {
    /// The key in an answer that shows one.
    pub(crate) fn shown(answer: &Answer) -> Self {
        let text = answer.json()["key"].as_str().unwrap().to_owned();
        let id = answer.id();
        Self { id, text }
    }
}

impl Client {
    /// Makes a service account with these roles, and says its id.
    pub(crate) async fn service_account(&self, name: &str, roles: &[&str]) -> String {
        let body = json!({ "name": name, "roles": roles });
        self.post(SERVICE_ACCOUNTS, body).await.is(201).id()
    }

    /// Makes a key that is to hold these.
    pub(crate) async fn make_key(&self, account: &str, permissions: &[&str]) -> Answer {
        let body =
            json!({ "service_account_id": account, "name": "key", "permissions": permissions });
        self.post(API_KEYS, body).await
    }

    /// The same, if it was made.
    pub(crate) async fn api_key(&self, account: &str, permissions: &[&str]) -> Key {
        Key::shown(&self.make_key(account, permissions).await.is(201))
    }

    /// A request without a body.
    pub(crate) async fn act(&self, path: &str) -> Answer {
        self.request("POST", path).answer().await
    }

    /// Accepts the invitation that was mailed with this token.
    pub(crate) async fn accept(&self, token: &str) -> Answer {
        let body = json!({ "token": token });
        self.post("/api/v1/invitations/accept", body).await
    }
}

impl Person {
    /// Changes the organization, whatever it is like.
    pub(crate) async fn reorganize(&self, change: Value) -> Answer {
        self.patch_if(ORGANIZATION, "*", change).await
    }

    /// Changes the settings of the organization, whatever they are.
    pub(crate) async fn settle(&self, settings: Value) -> Answer {
        self.reorganize(json!({ "settings": settings })).await
    }

    /// Creates a role, and says its id.
    pub(crate) async fn role(&self, name: &str, permissions: &[&str]) -> String {
        self.role_like(json!({ "name": name, "permissions": permissions }))
            .await
            .is(201)
            .id()
    }

    /// Creates a role.
    pub(crate) async fn role_like(&self, role: Value) -> Answer {
        self.post(ROLES, role).await
    }

    /// Changes a role, whatever it is like.
    pub(crate) async fn change_role(&self, id: &str, change: Value) -> Answer {
        self.patch_if(&format!("{ROLES}/{id}"), "*", change).await
    }

    /// The member of this name, as `self` sees them.
    pub(crate) async fn member(&self, name: &str) -> Value {
        let found = self.get(&format!("{MEMBERS}?search={}", email(name))).await;
        let mut rows = found.is(200).rows();
        assert_eq!(rows.len(), 1, "{name}");
        rows.remove(0)
    }

    /// The id of the member of this name.
    pub(crate) async fn member_id(&self, name: &str) -> String {
        self.member(name).await["id"].as_str().unwrap().to_owned()
    }

    /// Gives a member these roles in the whole organization, whatever they had.
    pub(crate) async fn assign(&self, member: &str, roles: Value) -> Answer {
        let path = format!("{MEMBERS}/{member}/roles");
        self.put_if(&path, "*", json!({ "roles": roles })).await
    }

    /// Gives a member these roles on a project.
    pub(crate) async fn share_with(&self, project: &str, member: &str, roles: Value) -> Answer {
        let body = json!({ "member_id": member, "roles": roles });
        self.post(&format!("{PROJECTS}/{project}/members"), body)
            .await
    }

    /// Suspends a member.
    pub(crate) async fn suspend(&self, member: &str) -> Answer {
        self.act(&format!("{MEMBERS}/{member}/suspend")).await
    }

    /// Resumes a member.
    pub(crate) async fn resume(&self, member: &str) -> Answer {
        self.act(&format!("{MEMBERS}/{member}/resume")).await
    }

    /// Removes a member.
    pub(crate) async fn remove(&self, member: &str) -> Answer {
        self.delete(&format!("{MEMBERS}/{member}")).await
    }

    /// Leaves the organization.
    pub(crate) async fn leave(&self) -> Answer {
        self.act("/api/v1/organization/leave").await
    }

    /// Invites somebody by name.
    pub(crate) async fn invite(&self, name: &str, roles: &[&str]) -> Answer {
        let body = json!({ "email": email(name), "roles": roles });
        self.post(INVITATIONS, body).await
    }

    /// Their sign-in to the organization that they are in, from another session.
    pub(crate) async fn again(&self, world: &World) -> Self {
        let session = world.sign_in(&self.name).await;
        session.enter(self.organization()).await
    }
}

/// What a list calls its rows.
pub(crate) fn names(list: &Answer) -> Vec<String> {
    texts(&list.rows(), "name")
}

/// What stands under a key in each of these.
pub(crate) fn texts(rows: &[Value], key: &str) -> Vec<String> {
    let texts = rows.iter().map(|row| row[key].as_str().unwrap().to_owned());
    texts.collect()
}

/// Sends all of them at once, and says what each was answered, in their order.
pub(crate) async fn at_once(requests: Vec<reqwest::RequestBuilder>) -> Vec<Answer> {
    let mut running = JoinSet::new();
    let count = requests.len();
    for (number, request) in requests.into_iter().enumerate() {
        running.spawn(async move { (number, request.answer().await) });
    }
    let mut answers = running.join_all().await;
    assert_eq!(answers.len(), count);
    answers.sort_by_key(|(number, _)| *number);
    answers.into_iter().map(|(_, answer)| answer).collect()
}

/// How often each status and code was answered.
pub(crate) fn counted(answers: &[Answer]) -> std::collections::BTreeMap<String, usize> {
    let mut counted = std::collections::BTreeMap::new();
    for answer in answers {
        let code = if answer.status < 400 {
            String::new()
        } else {
            format!(" {}", answer.code())
        };
        *counted
            .entry(format!("{}{code}", answer.status))
            .or_default() += 1;
    }
    counted
}
