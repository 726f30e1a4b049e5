//! The noticeboard from outside, on both databases.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed"
)]

use bailiwick_noticeboard::serve;
use bailiwick_server::Config;
use bailiwick_testkit::postgres;
use reqwest::{Client, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::sync::oneshot;

#[tokio::test]
async fn an_organization_sees_its_own_board_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = Config::default();
    let file = folder.path().join("board.db");
    config.database.url = format!("sqlite:{}", file.display());

    board(config, folder.path()).await;
}

#[tokio::test]
async fn an_organization_sees_its_own_board_on_postgres() {
    let Some(database) = postgres::database().await else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let mut config = Config::default();
    config.database.url = database.service_url().to_owned();
    config.database.owner_url = Some(database.url().to_owned());

    board(config, folder.path()).await;

    // Row-level security is on the table that the service does not know, and binds its owner.
    let forced = "SELECT relforcerowsecurity::text FROM pg_class WHERE relname = 'notices'";
    assert_eq!(database.column(forced).await, ["true"]);
    let policies = "SELECT count(*)::text FROM pg_policies WHERE tablename = 'notices'";
    assert_eq!(database.column(policies).await, ["5"]);
}

async fn board(mut config: Config, folder: &std::path::Path) {
    config.http.bind = "127.0.0.1:0".parse().unwrap();
    config.tokens.sealing_key_file = Some(folder.join("sealing.key"));
    config.mail.directory = Some(folder.join("mail"));
    config.limits.enabled = false;
    let (tell, told) = oneshot::channel();
    std::thread::spawn(move || {
        actix_web::rt::System::new().block_on(async {
            match serve(&config).await {
                Ok((address, server)) => {
                    tell.send(address).unwrap();
                    server.await.unwrap();
                }
                Err(error) => panic!("{error}"),
            }
        });
    });
    let host = Host {
        url: format!("http://{}", told.await.unwrap()),
        client: Client::builder().no_proxy().build().unwrap(),
    };

    // Beside the API: a route that asks nobody.
    let home = host.client.get(format!("{}/", host.url)).send();
    assert_eq!(home.await.unwrap().status(), StatusCode::OK);

    let acme = host.owner("ada@example.com", "Acme").await;
    let globex = host.owner("eve@example.com", "Globex").await;
    let bob = host.register("bob@example.com").await;
    let add = json!({ "email": "bob@example.com", "role": "member" });
    let added = host.post("/organization/add_users", &acme).json(&add);
    assert_eq!(status(added).await, StatusCode::CREATED);
    let bob = host.sign_in(&bob).await;

    // Whoever may change the organization posts; its members read; nobody else learns of it.
    let notice = json!({ "text": "The kitchen is closed" });
    let notices = |who| {
        host.client
            .get(format!("{}/notices", host.url))
            .bearer_auth(who)
    };
    let posted = host.post("/notices", &acme).json(&notice);
    assert_eq!(status(posted).await, StatusCode::CREATED);
    assert_eq!(
        status(host.post("/notices", &bob).json(&notice)).await,
        StatusCode::FORBIDDEN
    );
    assert_eq!(texts(notices(&acme)).await, ["The kitchen is closed"]);
    assert_eq!(texts(notices(&bob)).await, ["The kitchen is closed"]);
    assert_eq!(texts(notices(&globex)).await, [""; 0]);
    let nobody = host.client.get(format!("{}/notices", host.url));
    assert_eq!(status(nobody).await, StatusCode::UNAUTHORIZED);
    let wrong = host.client.put(format!("{}/notices", host.url));
    assert_eq!(status(wrong).await, StatusCode::METHOD_NOT_ALLOWED);

    // Both are in the trail of the organization: what was done, and, in its own time, what was refused.
    let trail = |outcome: &str| {
        let url = format!(
            "{}/api/v1/audit-events?outcome={outcome}&order=desc&limit=20",
            host.url
        );
        host.client.get(url).bearer_auth(&acme)
    };
    let done = items(trail("permitted")).await;
    assert!(
        done.iter().any(|event| event["action"] == "notice:post"),
        "{done:?}"
    );
    let refused = eventually(async || items(trail("denied")).await.into_iter().next()).await;
    assert_eq!(refused["action"], "organization:update");
}

/// What comes in its own time.
async fn eventually<T>(look: impl AsyncFn() -> Option<T>) -> T {
    let patience = Duration::from_secs(60);
    let found = async {
        loop {
            match look().await {
                Some(found) => return found,
                None => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        }
    };
    tokio::time::timeout(patience, found).await.unwrap()
}

struct Host {
    url: String,
    client: Client,
}

const PASSWORD: &str = "correct horse battery";

impl Host {
    fn post(&self, path: &str, token: &str) -> RequestBuilder {
        let url = format!("{}{path}", self.url);
        self.client.post(url).bearer_auth(token)
    }

    async fn register(&self, email: &str) -> String {
        let body = json!({ "name": email, "email": email, "password": PASSWORD });
        let made = self.post("/users/register", "").json(&body);
        assert_eq!(status(made).await, StatusCode::CREATED);
        email.to_owned()
    }

    async fn sign_in(&self, email: &str) -> String {
        let entry = [("username", email), ("password", PASSWORD)];
        let answer = self.client.post(format!("{}/login", self.url)).form(&entry);
        body(answer).await["access_token"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    /// Somebody new, who has founded an organization and entered it.
    async fn owner(&self, email: &str, name: &str) -> String {
        let email = self.register(email).await;
        let token = self.sign_in(&email).await;
        let founding = self.post("/organization/register", &token);
        assert_eq!(
            status(founding.json(&json!({ "name": name }))).await,
            StatusCode::CREATED
        );
        self.sign_in(&email).await
    }
}

async fn status(request: RequestBuilder) -> StatusCode {
    request.send().await.unwrap().status()
}

async fn body(request: RequestBuilder) -> Value {
    request.send().await.unwrap().json().await.unwrap()
}

async fn items(request: RequestBuilder) -> Vec<Value> {
    let answer = body(request).await;
    answer["data"].as_array().cloned().unwrap_or_default()
}

async fn texts(request: RequestBuilder) -> Vec<String> {
    let notices = body(request).await;
    let notices = notices.as_array().unwrap().iter();
    notices
        .map(|one| one["text"].as_str().unwrap().to_owned())
        .collect()
}
