//! What clients ask for, and what they expect.

use crate::{
    load::Client,
    site::{Identity, Issued},
};
use bytes::Bytes;
use http_body_util::Full;
use hyper::{
    Method, Request, StatusCode, Uri,
    header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderValue},
};
use serde_json::{Value, json};
use std::{fmt::Write as _, sync::Arc};
use uuid::Uuid;

/// Something to ask for that is answered alike each time.
pub(crate) struct Question {
    uri: Uri,
    authorization: Option<HeaderValue>,
    /// What the answer must be like, the first time.
    sound: fn(&Value, &Identity) -> bool,
    whose: Arc<Identity>,
    expected: Option<Bytes>,
}

/// Asks the same questions in turn, and expects the same answers.
pub(crate) struct Reader {
    questions: Vec<Question>,
    next: usize,
}

impl Reader {
    /// Where nobody has to say who they are.
    pub(crate) fn anonymous(path: &str, expected: Option<&Bytes>) -> Self {
        Self {
            questions: vec![Question {
                uri: path.parse().unwrap(),
                authorization: None,
                sound: |_, _| true,
                whose: Arc::default(),
                expected: expected.cloned(),
            }],
            next: 0,
        }
    }

    /// Who these people are.
    pub(crate) fn me(people: &[Issued]) -> Self {
        Self::of(
            people,
            |_| "/users/me".to_owned(),
            |body, who| body["id"] == who.user_id() && body["org_id"] == who.tenant_id(),
        )
    }

    /// The first 20 members of their organizations.
    pub(crate) fn members(people: &[Issued]) -> Self {
        Self::of(people, |_| MEMBERS.to_owned(), are_members)
    }

    /// The same of a limit.
    pub(crate) fn members_at_the_limit(form: &str, people: &[Issued]) -> Self {
        let path = |person: &Issued| format!("/{form}/members/{}", person.identity.tenant);
        Self::of(people, path, are_members)
    }

    fn of(
        people: &[Issued],
        path: impl Fn(&Issued) -> String,
        sound: fn(&Value, &Identity) -> bool,
    ) -> Self {
        let questions = people.iter().map(|person| Question {
            uri: path(person).parse().unwrap(),
            authorization: Some(bearer(&person.access)),
            sound,
            whose: Arc::clone(&person.identity),
            expected: None,
        });
        Self {
            questions: questions.collect(),
            next: 0,
        }
    }
}

const MEMBERS: &str = "/api/v1/members?limit=20";

fn are_members(body: &Value, who: &Identity) -> bool {
    let rows = body["data"].as_array();
    rows.is_some_and(|rows| rows.len() == 20 && rows.iter().all(|row| row["role"].is_string()))
        && body["next_cursor"].is_string()
        && !who.tenant.is_nil()
}

impl Client for Reader {
    fn next(&mut self) -> Request<Full<Bytes>> {
        self.next = (self.next + 1) % self.questions.len();
        let question = &self.questions[self.next];
        request(
            Method::GET,
            question.uri.clone(),
            question.authorization.clone(),
            None,
        )
    }

    fn check(&mut self, status: StatusCode, body: &Bytes) -> Result<(), String> {
        let question = &mut self.questions[self.next];
        if status != StatusCode::OK {
            return Err(told(status, body));
        }
        match &question.expected {
            Some(expected) if expected == body => Ok(()),
            Some(expected) => Err(format!("{body:?} instead of {expected:?}")),
            None => {
                let value = serde_json::from_slice(body).map_err(|error| error.to_string())?;
                if !(question.sound)(&value, &question.whose) {
                    return Err(told(status, body));
                }
                question.expected = Some(body.clone());
                Ok(())
            }
        }
    }
}

/// Creates projects.
pub(crate) struct Creator {
    places: Vec<(Uri, Option<HeaderValue>, String)>,
    made: usize,
    name: String,
}

impl Creator {
    pub(crate) fn of(people: &[Issued]) -> Self {
        let uri = Uri::from_static("/api/v1/projects");
        let place = |person: &Issued| (uri.clone(), Some(bearer(&person.access)), String::new());
        Self::at(people.iter().map(place).collect())
    }

    /// The same of a limit, which is told where and by whom.
    pub(crate) fn at_the_limit(people: &[Issued]) -> Self {
        let uri = Uri::from_static("/naive/projects");
        let place = |person: &Issued| {
            let Identity { tenant, user, .. } = &*person.identity;
            let body = format!(r#","tenant":"{tenant}","user":"{user}""#);
            (uri.clone(), None, body)
        };
        Self::at(people.iter().map(place).collect())
    }

    fn at(places: Vec<(Uri, Option<HeaderValue>, String)>) -> Self {
        Self {
            places,
            made: 0,
            name: String::new(),
        }
    }
}

impl Client for Creator {
    fn next(&mut self) -> Request<Full<Bytes>> {
        self.made += 1;
        self.name.clear();
        // A name is given once in an organization.
        let _ = write!(self.name, r#""name":"Apollo {}""#, Uuid::now_v7().simple());
        let (uri, authorization, more) = &self.places[self.made % self.places.len()];
        let body = format!("{{{}{more}}}", self.name);
        request(Method::POST, uri.clone(), authorization.clone(), Some(body))
    }

    fn check(&mut self, status: StatusCode, body: &Bytes) -> Result<(), String> {
        let named = body
            .windows(self.name.len())
            .any(|part| part == self.name.as_bytes());
        match status == StatusCode::CREATED && named {
            true => Ok(()),
            false => Err(told(status, body)),
        }
    }
}

/// Trades a refresh token for the next one, and that again.
pub(crate) struct Refresher {
    token: String,
}

impl Refresher {
    pub(crate) fn of(person: &Issued) -> Self {
        Self {
            token: person.refresh.clone(),
        }
    }
}

impl Client for Refresher {
    fn next(&mut self) -> Request<Full<Bytes>> {
        let body = format!(r#"{{"refresh_token":"{}"}}"#, self.token);
        let uri = Uri::from_static("/api/v1/auth/refresh");
        request(Method::POST, uri, None, Some(body))
    }

    fn check(&mut self, status: StatusCode, body: &Bytes) -> Result<(), String> {
        let next = token(body, "refresh_token").filter(|next| *next != self.token);
        match (status, next) {
            (StatusCode::OK, Some(next)) => {
                self.token = next;
                Ok(())
            }
            _ => Err(told(status, body)),
        }
    }
}

/// The same of a limit, which is told the chain and believes it.
pub(crate) struct Counter {
    body: String,
}

impl Counter {
    pub(crate) fn of(person: &Issued) -> Self {
        let body = json!({ "chain": person.chain, "user": person.identity.user });
        Self {
            body: body.to_string(),
        }
    }
}

impl Client for Counter {
    fn next(&mut self) -> Request<Full<Bytes>> {
        let uri = Uri::from_static("/naive/refresh");
        request(Method::POST, uri, None, Some(self.body.clone()))
    }

    fn check(&mut self, status: StatusCode, body: &Bytes) -> Result<(), String> {
        match (status, token(body, "refresh_token")) {
            (StatusCode::OK, Some(_)) => Ok(()),
            _ => Err(told(status, body)),
        }
    }
}

/// Signs in.
pub(crate) struct Login {
    body: String,
    /// May it be refused, with the advice to come back?
    crowd: bool,
    pub(crate) served: usize,
}

impl Login {
    pub(crate) fn of(person: &Issued, crowd: bool) -> Self {
        let body = json!({ "email": person.identity.email, "password": PASSWORD });
        Self {
            body: body.to_string(),
            crowd,
            served: 0,
        }
    }
}

/// What everybody has who was sown.
pub(crate) const PASSWORD: &str = "correct horse battery staple";

impl Client for Login {
    fn next(&mut self) -> Request<Full<Bytes>> {
        let uri = Uri::from_static("/api/v1/auth/login");
        request(Method::POST, uri, None, Some(self.body.clone()))
    }

    fn check(&mut self, status: StatusCode, body: &Bytes) -> Result<(), String> {
        match (status, token(body, "access_token")) {
            (StatusCode::OK, Some(_)) => {
                self.served += 1;
                Ok(())
            }
            (StatusCode::SERVICE_UNAVAILABLE, None) if self.crowd => Ok(()),
            _ => Err(told(status, body)),
        }
    }
}

/// Does what people do: mostly look, sometimes write, now and then refresh.
pub(crate) struct Mixed {
    chance: fastrand::Rng,
    me: Reader,
    members: Reader,
    creator: Creator,
    refresher: Refresher,
    asked: Asked,
}

#[derive(Clone, Copy)]
enum Asked {
    Me,
    Members,
    Creator,
    Refresher,
}

impl Mixed {
    pub(crate) fn of(people: &[Issued], seed: u64) -> Self {
        Self {
            chance: fastrand::Rng::with_seed(seed),
            me: Reader::me(people),
            members: Reader::members(people),
            creator: Creator::of(people),
            refresher: Refresher::of(&people[0]),
            asked: Asked::Me,
        }
    }

    fn client(&mut self) -> &mut dyn Client {
        match self.asked {
            Asked::Me => &mut self.me,
            Asked::Members => &mut self.members,
            Asked::Creator => &mut self.creator,
            Asked::Refresher => &mut self.refresher,
        }
    }
}

impl Client for Mixed {
    fn next(&mut self) -> Request<Full<Bytes>> {
        self.asked = match self.chance.u8(0..100) {
            0..40 => Asked::Me,
            40..80 => Asked::Members,
            80..95 => Asked::Creator,
            _ => Asked::Refresher,
        };
        self.client().next()
    }

    fn check(&mut self, status: StatusCode, body: &Bytes) -> Result<(), String> {
        self.client().check(status, body)
    }
}

fn request(
    method: Method,
    uri: Uri,
    authorization: Option<HeaderValue>,
    body: Option<String>,
) -> Request<Full<Bytes>> {
    let json = body.is_some();
    let body = Full::new(Bytes::from(body.unwrap_or_default()));
    let mut request = Request::new(body);
    *request.method_mut() = method;
    *request.uri_mut() = uri;
    let headers = request.headers_mut();
    headers.insert(HOST, HeaderValue::from_static("localhost"));
    if json {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    if let Some(authorization) = authorization {
        headers.insert(AUTHORIZATION, authorization);
    }
    request
}

fn bearer(token: &str) -> HeaderValue {
    format!("Bearer {token}").parse().unwrap()
}

/// The text of a field that has no quotes in it.
fn token(body: &Bytes, field: &str) -> Option<String> {
    let text = std::str::from_utf8(body).ok()?;
    let (_, rest) = text.split_once(&format!(r#""{field}":""#))?;
    Some(rest.split_once('"')?.0.to_owned())
}

fn told(status: StatusCode, body: &Bytes) -> String {
    format!("{status} {}", String::from_utf8_lossy(body))
}
