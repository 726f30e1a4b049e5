//! OAuth 2.0 over HTTP: tokens (RFC 6749), given back (RFC 7009), looked into (RFC 7662), and where all that is (RFC 8414).
//!
//! A third face over the same use cases. What is refused here is told as RFC 6749 §5.2 tells it, and parameters that nobody
//! knows are ignored, as its §3.2 wants it.

use crate::{
    access::{Public, bearer},
    address::client,
    body::{Media, ascii_host, media_type, parsed, read},
    problem::Problem,
    reads::Reads,
    sessions::device,
};
use actix_web::{
    FromRequest, HttpRequest, HttpResponse, ResponseError,
    dev::Payload,
    http::{StatusCode, header},
    web::Data,
};
use bailiwick_application::{
    machines::MachineCaller,
    oauth::{GivenBack, Live},
    ports::FIRST_PARTY,
    sessions::{Asker, SessionError, Sessions, SignIn, Tokens},
};
use bailiwick_domain::{TenantId, Timestamp, password::Password, tenant::TenantStatus};
use base64::{Engine, prelude::BASE64_STANDARD};
use futures_util::{FutureExt, future::LocalBoxFuture};
use serde_json::{Value, json};
use std::{collections::BTreeMap, sync::Arc};

/// What a deployment says of itself to OAuth clients.
#[derive(Debug, Clone)]
pub struct OAuth {
    /// Where it is found from outside.
    pub issuer: String,
    /// Are passwords taken for tokens (RFC 6749 §4.3)?
    pub password_grant: bool,
}

/// Why a client did not get what it asked for.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    /// In the words of RFC 6749 §5.2.
    #[error("{error}: {description}")]
    OAuth {
        /// The code.
        error: &'static str,
        /// For people.
        description: &'static str,
        /// 400, or 401 for whoever did not show who they are.
        status: StatusCode,
    },
    /// What those words know nothing of: too many, too large, or our own fault.
    #[error(transparent)]
    Problem(Problem),
}

impl Refusal {
    const fn of(error: &'static str, description: &'static str) -> Self {
        Self::OAuth {
            error,
            description,
            status: StatusCode::BAD_REQUEST,
        }
    }

    /// Nobody learns whether it is the id or the secret.
    const fn client() -> Self {
        Self::OAuth {
            error: "invalid_client",
            description: "the client is unknown, or its secret is good no more",
            status: StatusCode::UNAUTHORIZED,
        }
    }

    const fn grant() -> Self {
        Self::of(
            "invalid_grant",
            "the password or the token is not valid, or the organization cannot be entered",
        )
    }

    /// A refusal of a session, where it means this.
    fn from_session(error: SessionError, meaning: Self) -> Self {
        match error {
            SessionError::Refused | SessionError::NotYours => meaning,
            error @ (SessionError::TooMany(_)
            | SessionError::Hashing(_)
            | SessionError::Keys(_)
            | SessionError::Store(_)) => Self::Problem(error.into()),
        }
    }

    /// The answer that says so; what is a problem, the edge says.
    pub(crate) fn answer(&self) -> Result<HttpResponse, &Problem> {
        match self {
            Self::OAuth {
                error, description, ..
            } => Ok(self.error_response_head().json(json!({
                "error": error,
                "error_description": description,
            }))),
            Self::Problem(problem) => Err(problem),
        }
    }

    fn error_response_head(&self) -> actix_web::HttpResponseBuilder {
        let mut head = HttpResponse::build(self.status_code());
        if self.status_code() == StatusCode::UNAUTHORIZED {
            head.insert_header((header::WWW_AUTHENTICATE, r#"Basic realm="bailiwick""#));
        }
        head
    }
}

impl ResponseError for Refusal {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::OAuth { status, .. } => *status,
            Self::Problem(problem) => problem.status_code(),
        }
    }

    /// Only the head: the edge writes the body.
    fn error_response(&self) -> HttpResponse {
        match self {
            Self::OAuth { .. } => self.error_response_head().finish(),
            Self::Problem(problem) => problem.error_response(),
        }
    }
}

/// The parameters of a form, each at most once; one without a value is none (RFC 6749 §3.2).
#[derive(Debug)]
pub(crate) struct Form(BTreeMap<String, String>);

impl FromRequest for Form {
    type Error = Refusal;
    type Future = LocalBoxFuture<'static, Result<Self, Refusal>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let media = media_type(request);
        let bytes = read(request, payload);
        async move {
            let Ok(Media::Form) = media else {
                return Err(Refusal::of(
                    "invalid_request",
                    "the body has to be application/x-www-form-urlencoded",
                ));
            };
            Self::of(&bytes.await.map_err(Refusal::Problem)?)
        }
        .boxed_local()
    }
}

impl Reads for Form {}

impl Form {
    fn of(bytes: &[u8]) -> Result<Self, Refusal> {
        let mut found = BTreeMap::new();
        for (name, value) in form_urlencoded::parse(bytes) {
            if found.contains_key(&*name) {
                return Err(Refusal::of(
                    "invalid_request",
                    "a parameter stands there twice",
                ));
            }
            found.insert(name.into_owned(), value.into_owned());
        }
        found.retain(|_, value| !value.is_empty());
        Ok(Self(found))
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    fn required(&self, name: &str) -> Result<&str, Refusal> {
        self.get(name)
            .ok_or(Refusal::of("invalid_request", "a parameter is missing"))
    }

    /// The organization to enter, which is no parameter of OAuth's own.
    fn organization(&self) -> Result<Option<TenantId>, Refusal> {
        let wanted = self.get("organization_id").map(parsed).transpose();
        wanted.map_err(|_: Problem| {
            Refusal::of("invalid_request", "`organization_id` is no organization's")
        })
    }
}

/// Who asks for a token.
enum Client {
    /// The built-in client of people, or nobody who says otherwise.
    FirstParty,
    /// A machine that has shown its key.
    Machine(Box<MachineCaller>),
}

/// Who the client shows that it is: in the header (`client_secret_basic`) or in the form (`client_secret_post`), never in
/// both (RFC 6749 §2.3).
async fn shown(
    request: &HttpRequest,
    form: &Form,
    sessions: &Sessions,
) -> Result<Option<Client>, Refusal> {
    let header = basic(request)?;
    let (id, secret) = match (&header, form.get("client_id"), form.get("client_secret")) {
        (Some(_), _, Some(_)) => {
            return Err(Refusal::of(
                "invalid_request",
                "the client shows who it is in two ways",
            ));
        }
        (Some((id, _)), Some(other), None) if id != other => {
            return Err(Refusal::of(
                "invalid_request",
                "the client says that it is two",
            ));
        }
        (Some((id, secret)), _, None) => (Some(id.as_str()), Some(secret.as_str())),
        (None, id, secret) => (id, secret),
    };
    match (id, secret.filter(|secret| !secret.is_empty())) {
        (None, None) => Ok(None),
        // It is public: whoever brings a secret for it has mistaken it for another.
        (Some(FIRST_PARTY), None) => Ok(Some(Client::FirstParty)),
        (Some(id), Some(key)) if id != FIRST_PARTY => {
            let machine = sessions.client(id, key).await;
            let machine =
                machine.map_err(|error| Refusal::from_session(error, Refusal::client()))?;
            Ok(Some(Client::Machine(Box::new(machine))))
        }
        _ => Err(Refusal::client()),
    }
}

/// Id and secret of an `Authorization: Basic` header, each encoded like a form (RFC 6749 §2.3.1).
fn basic(request: &HttpRequest) -> Result<Option<(String, String)>, Refusal> {
    let Some(value) = request.headers().get(header::AUTHORIZATION) else {
        return Ok(None);
    };
    let Some((scheme, text)) = value.to_str().ok().and_then(|text| text.split_once(' ')) else {
        return Err(Refusal::client());
    };
    if !scheme.eq_ignore_ascii_case("basic") {
        return Ok(None);
    }
    let decoded = || {
        let bytes = BASE64_STANDARD.decode(text.trim()).ok()?;
        let text = String::from_utf8(bytes).ok()?;
        let (id, secret) = text.split_once(':')?;
        Some((plain(id), plain(secret)))
    };
    decoded().map(Some).ok_or(Refusal::client())
}

fn plain(encoded: &str) -> String {
    let mut pairs = form_urlencoded::parse(encoded.as_bytes());
    pairs
        .next()
        .map(|(text, _)| text.into_owned())
        .unwrap_or_default()
}

pub(crate) async fn token(
    _: Public,
    request: HttpRequest,
    sessions: Data<Sessions>,
    oauth: Data<OAuth>,
    form: Form,
) -> Result<HttpResponse, Refusal> {
    let grant = form.required("grant_type")?;
    let client = shown(&request, &form, &sessions).await?;
    match (grant, client) {
        ("client_credentials", Some(Client::Machine(machine))) => {
            for_machine(&sessions, &machine).await
        }
        ("client_credentials", None) => Err(Refusal::client()),
        ("password", None | Some(Client::FirstParty)) if oauth.password_grant => {
            let tokens = with_password(&request, &sessions, &form).await?;
            Ok(pair(&tokens))
        }
        ("refresh_token", None | Some(Client::FirstParty)) => {
            let token = form.required("refresh_token")?;
            let tokens = sessions.refresh(token, form.organization()?).await;
            let tokens = tokens.map_err(|error| Refusal::from_session(error, Refusal::grant()))?;
            Ok(pair(&tokens))
        }
        ("client_credentials" | "refresh_token", Some(_)) => Err(Refusal::of(
            "unauthorized_client",
            "the client has no use for this grant",
        )),
        ("password", Some(Client::Machine(_))) if oauth.password_grant => Err(Refusal::of(
            "unauthorized_client",
            "a machine signs nobody in",
        )),
        _ => Err(Refusal::of(
            "unsupported_grant_type",
            "this server has no such grant",
        )),
    }
}

async fn with_password(
    request: &HttpRequest,
    sessions: &Sessions,
    form: &Form,
) -> Result<Tokens, Refusal> {
    let attempt = SignIn {
        username: ascii_host(form.required("username")?).into_owned(),
        password: Password::typed(form.required("password")?.to_owned()),
        organization: form.organization()?,
        device: device(request),
        address: client(request),
        device_token: None,
    };
    let signed_in = sessions.sign_in(attempt).await;
    let signed_in = signed_in.map_err(|error| Refusal::from_session(error, Refusal::grant()))?;
    Ok(signed_in.tokens)
}

async fn for_machine(
    sessions: &Sessions,
    machine: &MachineCaller,
) -> Result<HttpResponse, Refusal> {
    let token = sessions.token_for(machine).await;
    let token = token.map_err(|error| Refusal::from_session(error, Refusal::client()))?;
    Ok(granted(json!({
        "access_token": token.access,
        "token_type": "Bearer",
        "expires_in": token.access_ttl.as_secs(),
        "scope": token.grants.to_string(),
        "organization_id": token.tenant.to_string(),
    })))
}

fn pair(tokens: &Tokens) -> HttpResponse {
    granted(json!({
        "access_token": tokens.access,
        "token_type": "Bearer",
        "expires_in": tokens.access_ttl.as_secs(),
        "refresh_token": tokens.refresh,
        "refresh_expires_in": tokens.refresh_ttl.as_secs(),
        "organization_id": tokens.tenant.map(|tenant| tenant.to_string()),
    }))
}

/// A successful answer (RFC 6749 §5.1).
fn granted(mut body: Value) -> HttpResponse {
    // A key that was given nothing has no scope that could be spelled (§3.3).
    if let Some(fields) = body.as_object_mut() {
        fields.retain(|_, value| !value.is_null() && value != "");
    }
    HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::PRAGMA, "no-cache"))
        .json(body)
}

/// Whether there was a token or not (RFC 7009 §2.2).
pub(crate) async fn revoke(
    _: Public,
    request: HttpRequest,
    sessions: Data<Sessions>,
    form: Form,
) -> Result<HttpResponse, Refusal> {
    let client = shown(&request, &form, &sessions).await?;
    let token = form.required("token")?;
    if let Some(Client::Machine(_)) = client {
        // What machines are given dies with their keys, and what people are given is not theirs.
        return Err(Refusal::of(
            "unsupported_token_type",
            "tokens of machines are good as long as their keys: revoke the key",
        ));
    }
    let given_back = sessions.give_back(token).await;
    match given_back.map_err(|error| Refusal::Problem(error.into()))? {
        GivenBack::Over => Ok(HttpResponse::Ok().finish()),
        GivenBack::AsLongAsItsKey => Err(Refusal::of(
            "unsupported_token_type",
            "tokens of machines are good as long as their keys: revoke the key",
        )),
    }
}

/// For machines, about tokens of their own organization.
pub(crate) async fn introspect(
    _: Public,
    request: HttpRequest,
    sessions: Data<Sessions>,
    form: Form,
) -> Result<HttpResponse, Refusal> {
    let machine = match shown(&request, &form, &sessions).await? {
        Some(Client::Machine(machine)) => Arc::new(*machine),
        Some(Client::FirstParty) => return Err(Refusal::client()),
        None => by_bearer(&request, &sessions).await?,
    };
    let found = sessions
        .look_into(&machine, form.required("token")?)
        .await
        .map_err(|error| Refusal::Problem(error.into()))?;
    let body = found.map_or(json!({ "active": false }), |live| told(&live));
    Ok(HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .json(body))
}

/// A machine that brings its key, or a token that was made with it, as a bearer token (RFC 7662 §2.1).
async fn by_bearer(
    request: &HttpRequest,
    sessions: &Sessions,
) -> Result<Arc<MachineCaller>, Refusal> {
    let token = bearer(request.headers()).ok_or(Refusal::client())?;
    let asker = sessions.authenticate(token).await;
    match asker.map_err(|error| Refusal::from_session(error, Refusal::client()))? {
        Asker::Machine(machine) if machine.tenant_status == TenantStatus::Active => Ok(machine),
        Asker::Machine(_) | Asker::Person(_) => Err(Refusal::client()),
    }
}

/// Who and until when, and never what they may do.
fn told(live: &Live) -> Value {
    let told = |kind: &str, subject: String, client: &str, tenant: Option<TenantId>| {
        json!({
            "active": true,
            "token_type": kind,
            "sub": subject,
            "client_id": client,
            "org_id": tenant.map(|tenant| tenant.to_string()),
        })
    };
    let (mut body, issued_at, expires_at): (Value, Timestamp, Timestamp) = match live {
        Live::Person(claims) => {
            let subject = claims.user.to_string();
            let mut body = told("access_token", subject, FIRST_PARTY, claims.tenant);
            with(&mut body, "jti", claims.id.to_string());
            (body, claims.issued_at, claims.expires_at)
        }
        Live::Refresh(claims, tenant) => {
            let subject = claims.user.to_string();
            let body = told("refresh_token", subject, FIRST_PARTY, Some(*tenant));
            (body, claims.issued_at, claims.expires_at)
        }
        Live::Machine(claims) => {
            let subject = claims.account.to_string();
            let mut body = told(
                "access_token",
                subject.clone(),
                &subject,
                Some(claims.tenant),
            );
            with(&mut body, "jti", claims.id.to_string());
            with(&mut body, "key_id", claims.key.to_string());
            (body, claims.issued_at, claims.expires_at)
        }
        Live::Key(key) => {
            let subject = key.account.to_string();
            let mut body = told("api_key", subject.clone(), &subject, Some(key.tenant));
            with(&mut body, "key_id", key.id.to_string());
            (body, key.created_at, key.expires_at)
        }
    };
    with(&mut body, "iat", issued_at.as_seconds());
    with(&mut body, "exp", expires_at.as_seconds());
    body
}

fn with(body: &mut Value, name: &str, value: impl Into<Value>) {
    if let Some(fields) = body.as_object_mut() {
        fields.insert(name.to_owned(), value.into());
    }
}

/// Where everything is, for clients that look for it themselves (RFC 8414 §2).
pub(crate) async fn metadata(_: Public, oauth: Data<OAuth>) -> HttpResponse {
    let OAuth {
        issuer,
        password_grant,
    } = &**oauth;
    let mut grants = vec!["refresh_token", "client_credentials"];
    if *password_grant {
        grants.push("password");
    }
    let base = issuer.trim_end_matches('/');
    let confidential = ["client_secret_basic", "client_secret_post"];
    let all = ["client_secret_basic", "client_secret_post", "none"];
    HttpResponse::Ok().json(json!({
        "issuer": issuer,
        "token_endpoint": format!("{base}/oauth/token"),
        "revocation_endpoint": format!("{base}/oauth/revoke"),
        "introspection_endpoint": format!("{base}/oauth/introspect"),
        "jwks_uri": format!("{base}/.well-known/jwks.json"),
        "grant_types_supported": grants,
        "response_types_supported": [],
        "token_endpoint_auth_methods_supported": all,
        "revocation_endpoint_auth_methods_supported": all,
        "introspection_endpoint_auth_methods_supported": confidential,
    }))
}
