//! The API as its clients use it.

use reqwest::{Client, Method};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// What everybody signs in with.
const PASSWORD: &str = "correct horse battery staple";

/// An address to send requests to.
#[derive(Clone)]
pub(crate) struct Api {
    http: Client,
    base: String,
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) retry_after: bool,
    pub(crate) body: Value,
    pub(crate) took: Duration,
}

impl Answer {
    /// What is to be said of an answer that should not have come.
    pub(crate) fn told(&self) -> String {
        format!("{} {}", self.status, self.body)
    }

    /// Done, or to be done again later.
    pub(crate) fn is_done_or_later(&self) -> bool {
        self.status < 300 || self.status == 503 && self.retry_after
    }

    #[track_caller]
    pub(crate) fn is(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.body);
        self
    }

    #[track_caller]
    pub(crate) fn text(&self, field: &str) -> String {
        let text = self.body[field].as_str();
        text.unwrap_or_else(|| panic!("no {field} in {}", self.body))
            .to_owned()
    }
}

/// Somebody who is signed in.
#[derive(Debug, Clone)]
pub(crate) struct Person {
    pub(crate) name: String,
    pub(crate) access: String,
    pub(crate) refresh: String,
}

impl Api {
    pub(crate) fn at(address: impl ToString) -> Self {
        let http = Client::builder()
            .no_proxy()
            .timeout(Duration::from_secs(60));
        Self {
            http: http.build().unwrap(),
            base: format!("http://{}", address.to_string()),
        }
    }

    /// Whether and what it answers.
    pub(crate) async fn ask(
        &self,
        verb: &str,
        path: &str,
        token: Option<&str>,
        body: Option<Value>,
    ) -> reqwest::Result<Answer> {
        let method: Method = verb.parse().unwrap();
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        if matches!(verb, "PATCH" | "PUT") {
            request = request.header("if-match", "*");
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        let began = Instant::now();
        let response = request.send().await?;
        let status = response.status().as_u16();
        let retry_after = response.headers().contains_key("retry-after");
        let text = response.text().await?;
        Ok(Answer {
            status,
            retry_after,
            took: began.elapsed(),
            body: serde_json::from_str(&text).unwrap_or(Value::String(text)),
        })
    }

    pub(crate) async fn get(&self, path: &str, token: &str) -> reqwest::Result<Answer> {
        self.ask("GET", path, Some(token), None).await
    }

    pub(crate) async fn post(
        &self,
        path: &str,
        token: &str,
        body: Value,
    ) -> reqwest::Result<Answer> {
        self.ask("POST", path, Some(token), Some(body)).await
    }

    pub(crate) async fn refresh(&self, token: &str) -> reqwest::Result<Answer> {
        let body = json!({ "refresh_token": token });
        self.ask("POST", "/refresh_token", None, Some(body)).await
    }

    pub(crate) async fn login(&self, name: &str) -> reqwest::Result<Answer> {
        let body = json!({ "email": email(name), "password": PASSWORD });
        self.ask("POST", "/login", None, Some(body)).await
    }

    /// Whether it is ready, within as long as whoever balances would wait.
    pub(crate) async fn is_ready(&self) -> bool {
        let answer = self.ask("GET", "/health/ready", None, None).await;
        answer.is_ok_and(|answer| answer.status == 200)
    }

    pub(crate) async fn register(&self, name: &str) -> reqwest::Result<Answer> {
        let body = json!({ "name": name, "email": email(name), "password": PASSWORD });
        self.ask("POST", "/users/register", None, Some(body)).await
    }

    pub(crate) async fn sign_in(&self, name: &str) -> Person {
        let answer = self.login(name).await.unwrap().is(200);
        Person::of(name, &answer)
    }

    /// Somebody new, signed in.
    pub(crate) async fn person(&self, name: &str) -> Person {
        self.register(name).await.unwrap().is(201);
        self.sign_in(name).await
    }

    /// Somebody new who has founded an organization, signed in there.
    pub(crate) async fn owner(&self, name: &str, organization: &str) -> Person {
        let founder = self.person(name).await;
        let body = json!({ "name": organization });
        let answer = self
            .post("/organization/register", &founder.access, body)
            .await;
        self.enter(&founder, &answer.unwrap().is(201).text("id"))
            .await
    }

    /// The same person in an organization.
    pub(crate) async fn enter(&self, person: &Person, organization: &str) -> Person {
        let body = json!({ "org_id": organization });
        let answer = self
            .post("/organization/select", &person.access, body)
            .await;
        Person::of(&person.name, &answer.unwrap().is(202))
    }

    /// The id of the member of this name.
    pub(crate) async fn member(
        &self,
        owner: &Person,
        name: &str,
    ) -> reqwest::Result<Option<String>> {
        let path = format!("/api/v1/members?search={}", email(name));
        let found = self.get(&path, &owner.access).await?;
        let id = found.body["data"][0]["id"].as_str();
        Ok(id.map(str::to_owned))
    }
}

impl Person {
    fn of(name: &str, answer: &Answer) -> Self {
        Self {
            name: name.to_owned(),
            access: answer.text("access_token"),
            refresh: answer.text("refresh_token"),
        }
    }
}

/// Where this person receives mail.
pub(crate) fn email(name: &str) -> String {
    format!("{name}@example.com")
}
