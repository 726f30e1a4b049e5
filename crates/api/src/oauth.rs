//! OAuth 2.0 over HTTP: tokens (RFC 6749), given back (RFC 7009), looked into (RFC 7662), and where all that is (RFC 8414).
//!
//! A third face over the same use cases. What is refused here is told as RFC 6749 §5.2 tells it, and parameters that nobody
//! knows are ignored, as its §3.2 wants it.

use crate::{
    access::{Public, bearer},
    address::client,
    answer::{Answers, Found, Json, insert},
    body::{Media, ascii_host, media_type, parsed, read},
    openapi::Description,
    problem::Problem,
    reads::Reads,
    schema::Text,
    sessions::{ByClient, ByMachine, device},
};
use actix_web::{
    FromRequest, HttpRequest, HttpResponse, Responder, ResponseError,
    body::BoxBody,
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
use bailiwick_domain::{
    ApiKeyId, TenantId, access::Actor, password::Password, tenant::TenantStatus,
};
use base64::{Engine, prelude::BASE64_STANDARD};
use futures_util::{FutureExt, future::LocalBoxFuture};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Map, json};
use std::sync::Arc;

/// What a deployment says of itself to OAuth clients.
#[derive(Debug, Clone)]
pub struct OAuth {
    /// Where it is found from outside.
    pub issuer: String,
    /// Are passwords taken for tokens (RFC 6749 §4.3)?
    pub password_grant: bool,
}

macro_rules! codes {
    ($($name:ident $status:ident $code:literal $title:literal;)+) => {
        /// What a client did wrong (RFC 6749 §5.2, RFC 7009 §2.2.1).
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Code { $($name),+ }

        impl Code {
            const ALL: &[Self] = &[$(Self::$name),+];

            /// The status that it is answered with.
            pub(crate) const fn status(self) -> StatusCode {
                match self { $(Self::$name => StatusCode::$status),+ }
            }

            /// What it is called there.
            pub(crate) const fn name(self) -> &'static str {
                match self { $(Self::$name => $code),+ }
            }

            /// What it means.
            pub(crate) const fn title(self) -> &'static str {
                match self { $(Self::$name => $title),+ }
            }
        }
    };
}

#[rustfmt::skip]
codes! {
    // code                status        name                      title
    InvalidRequest         BAD_REQUEST   "invalid_request"         "A parameter is missing, stands there twice, or cannot be understood";
    InvalidClient          UNAUTHORIZED  "invalid_client"          "The client is unknown, or its secret is good no more";
    InvalidGrant           BAD_REQUEST   "invalid_grant"           "The password or the token is not valid, or the organization cannot be entered";
    UnauthorizedClient     BAD_REQUEST   "unauthorized_client"     "The client has no use for this grant";
    UnsupportedGrantType   BAD_REQUEST   "unsupported_grant_type"  "This server has no such grant";
    UnsupportedTokenType   BAD_REQUEST   "unsupported_token_type"  "Tokens of machines are good as long as their keys";
}

/// What a client did wrong (RFC 6749 §5.2).
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "OAuthError")]
pub(crate) struct ErrorBody {
    /// What it is, for programs.
    #[schemars(extend("enum" = Code::ALL.iter().map(|code| code.name()).collect::<Vec<_>>()))]
    error: &'static str,
    /// What it is, for people.
    error_description: &'static str,
}

/// Why a client did not get what it asked for.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    /// In the words of RFC 6749 §5.2.
    #[error("{}: {description}", code.name())]
    OAuth {
        /// The code.
        code: Code,
        /// For people.
        description: &'static str,
    },
    /// What those words know nothing of: too many, too large, or our own fault.
    #[error(transparent)]
    Problem(Problem),
}

impl Refusal {
    const fn of(code: Code, description: &'static str) -> Self {
        Self::OAuth { code, description }
    }

    /// Nobody learns whether it is the id or the secret.
    const fn client() -> Self {
        Self::of(
            Code::InvalidClient,
            "the client is unknown, or its secret is good no more",
        )
    }

    const fn grant() -> Self {
        Self::of(
            Code::InvalidGrant,
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
            Self::OAuth { code, description } => Ok(self.error_response_head().json(ErrorBody {
                error: code.name(),
                error_description: description,
            })),
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
            Self::OAuth { code, .. } => code.status(),
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

impl<T: Answers> Answers for Result<T, Refusal> {
    fn answers(description: &mut Description<'_>) {
        T::answers(description);
    }
}

/// A form: each parameter at most once; one without a value is none (RFC 6749 §3.2).
#[derive(Debug)]
pub(crate) struct Form<T>(T);

/// The parameters of a form.
pub(crate) trait Fields: DeserializeOwned + JsonSchema + 'static {
    /// How it can be refused, beyond what every form of a client can be refused for.
    const REFUSALS: &[Code];
}

impl<T: Fields> FromRequest for Form<T> {
    type Error = Refusal;
    type Future = LocalBoxFuture<'static, Result<Self, Refusal>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let media = media_type(request);
        let bytes = read(request, payload);
        async move {
            let Ok(Media::Form) = media else {
                return Err(Refusal::of(
                    Code::InvalidRequest,
                    "the body has to be application/x-www-form-urlencoded",
                ));
            };
            fields(&bytes.await.map_err(Refusal::Problem)?).map(Self)
        }
        .boxed_local()
    }
}

impl<T: Fields> Reads for Form<T> {
    fn describe(description: &mut Description<'_>) {
        let looks = description.read::<T>();
        description.form(looks);
        description.refuses_as_oauth(&[Code::InvalidRequest, Code::InvalidClient]);
        description.refuses_as_oauth(T::REFUSALS);
    }
}

fn fields<T: Fields>(bytes: &[u8]) -> Result<T, Refusal> {
    let mut found = Map::new();
    for (name, value) in form_urlencoded::parse(bytes) {
        if found.contains_key(&*name) {
            return Err(Refusal::of(
                Code::InvalidRequest,
                "a parameter stands there twice",
            ));
        }
        found.insert(name.into_owned(), value.into_owned().into());
    }
    found.retain(|_, value| *value != "");
    serde_json::from_value(found.into())
        .map_err(|_| Refusal::of(Code::InvalidRequest, "the form cannot be read"))
}

fn required(parameter: Option<&str>) -> Result<&str, Refusal> {
    parameter.ok_or(Refusal::of(Code::InvalidRequest, "a parameter is missing"))
}

/// Who the client says that it is (`client_secret_post` of RFC 6749 §2.3.1).
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct ClientFields {
    /// A service account, one of its API keys, or the built-in client of people.
    #[serde(default)]
    #[schemars(with = "String")]
    client_id: Option<String>,
    /// The API key of a machine, if it does not stand in the header.
    #[serde(default)]
    #[schemars(with = "String")]
    client_secret: Option<String>,
}

/// What a token is asked for with (RFC 6749 §4.3.2, §4.4.2, §6).
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(rename = "TokenForm")]
pub(crate) struct TokenForm {
    #[schemars(with = "String", extend("enum" = ["client_credentials", "password", "refresh_token"]))]
    grant_type: Option<String>,
    /// The address, with `password`.
    #[serde(default)]
    #[schemars(with = "String")]
    username: Option<String>,
    /// With `password`.
    #[serde(default)]
    #[schemars(with = "String", extend("format" = "password"))]
    password: Option<String>,
    /// With `refresh_token`.
    #[serde(default)]
    #[schemars(with = "String")]
    refresh_token: Option<String>,
    /// The organization to enter, which is no parameter of OAuth's own; not with `client_credentials`.
    #[serde(default)]
    #[schemars(with = "Text<TenantId>")]
    organization_id: Option<String>,
    /// It is ignored: a token of a machine goes as far as its key.
    #[serde(default, rename = "scope")]
    #[schemars(with = "String")]
    _scope: Option<String>,
    #[serde(flatten)]
    client: ClientFields,
}

impl Fields for TokenForm {
    const REFUSALS: &[Code] = &[
        Code::InvalidGrant,
        Code::UnauthorizedClient,
        Code::UnsupportedGrantType,
    ];
}

impl TokenForm {
    fn organization(&self) -> Result<Option<TenantId>, Refusal> {
        let wanted = self.organization_id.as_deref().map(parsed).transpose();
        wanted.map_err(|_: Problem| {
            Refusal::of(
                Code::InvalidRequest,
                "`organization_id` is no organization's",
            )
        })
    }
}

/// Which token is given back (RFC 7009 §2.1).
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(rename = "RevocationForm")]
pub(crate) struct RevocationForm {
    /// A refresh token or an access token.
    #[schemars(with = "String")]
    token: Option<String>,
    /// It is not needed.
    #[serde(default, rename = "token_type_hint")]
    #[schemars(with = "String")]
    _hint: Option<String>,
    #[serde(flatten)]
    client: ClientFields,
}

impl Fields for RevocationForm {
    const REFUSALS: &[Code] = &[Code::UnsupportedTokenType];
}

/// Which token is looked into (RFC 7662 §2.1).
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(rename = "IntrospectionForm")]
pub(crate) struct IntrospectionForm {
    /// A refresh token, an access token or an API key.
    #[schemars(with = "String")]
    token: Option<String>,
    /// It is not needed.
    #[serde(default, rename = "token_type_hint")]
    #[schemars(with = "String")]
    _hint: Option<String>,
    #[serde(flatten)]
    client: ClientFields,
}

impl Fields for IntrospectionForm {
    const REFUSALS: &[Code] = &[];
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
    form: &ClientFields,
    sessions: &Sessions,
) -> Result<Option<Client>, Refusal> {
    let header = basic(request)?;
    let (id, secret) = (form.client_id.as_deref(), form.client_secret.as_deref());
    let (id, secret) = match (&header, id, secret) {
        (Some(_), _, Some(_)) => {
            return Err(Refusal::of(
                Code::InvalidRequest,
                "the client shows who it is in two ways",
            ));
        }
        (Some((id, _)), Some(other), None) if id != other => {
            return Err(Refusal::of(
                Code::InvalidRequest,
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

/// Tokens (RFC 6749 §5.1).
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "GrantedToken")]
pub(crate) struct GrantedBody {
    access_token: String,
    #[schemars(extend("const" = "Bearer"))]
    token_type: &'static str,
    /// How long the access token is good, in seconds.
    expires_in: u64,
    /// For people.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    refresh_token: Option<String>,
    /// How long the refresh token is good, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "u64")]
    refresh_expires_in: Option<u64>,
    /// What the token of a machine holds, unless it is nothing (RFC 6749 §3.3 cannot spell that).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    scope: Option<String>,
    /// The organization that the tokens are for, if they are for one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Text<TenantId>")]
    organization_id: Option<String>,
}

/// A successful answer (RFC 6749 §5.1); that nothing keeps it is said of every answer.
#[derive(Debug)]
pub(crate) struct Granted(GrantedBody);

impl Responder for Granted {
    type Body = BoxBody;

    fn respond_to(self, request: &HttpRequest) -> HttpResponse {
        let mut answer = Json::<200, _>(self.0).respond_to(request);
        insert(&mut answer, header::PRAGMA, "no-cache");
        answer
    }
}

impl Answers for Granted {
    fn answers(description: &mut Description<'_>) {
        <Found<GrantedBody>>::answers(description);
        let what = "Nothing of old keeps the answer either.";
        let always = json!({ "type": "string", "const": "no-cache" });
        description.answers_header("Pragma", what, true, &always);
    }
}

pub(crate) async fn token(
    _: Public,
    request: ByClient,
    sessions: Data<Sessions>,
    oauth: Data<OAuth>,
    Form(form): Form<TokenForm>,
) -> Result<Granted, Refusal> {
    let grant = required(form.grant_type.as_deref())?;
    let client = shown(&request, &form.client, &sessions).await?;
    match (grant, client) {
        ("client_credentials", Some(Client::Machine(machine))) => {
            for_machine(&sessions, &machine).await
        }
        ("client_credentials", None) => Err(Refusal::client()),
        ("password", None | Some(Client::FirstParty)) if oauth.password_grant => {
            let tokens = with_password(&request, &sessions, &form).await?;
            Ok(pair(tokens))
        }
        ("refresh_token", None | Some(Client::FirstParty)) => {
            let token = required(form.refresh_token.as_deref())?;
            let tokens = sessions.refresh(token, form.organization()?).await;
            let tokens = tokens.map_err(|error| Refusal::from_session(error, Refusal::grant()))?;
            Ok(pair(tokens))
        }
        ("client_credentials" | "refresh_token", Some(_)) => Err(Refusal::of(
            Code::UnauthorizedClient,
            "the client has no use for this grant",
        )),
        ("password", Some(Client::Machine(_))) if oauth.password_grant => Err(Refusal::of(
            Code::UnauthorizedClient,
            "a machine signs nobody in",
        )),
        _ => Err(Refusal::of(
            Code::UnsupportedGrantType,
            "this server has no such grant",
        )),
    }
}

async fn with_password(
    request: &HttpRequest,
    sessions: &Sessions,
    form: &TokenForm,
) -> Result<Tokens, Refusal> {
    let attempt = SignIn {
        username: ascii_host(required(form.username.as_deref())?).into_owned(),
        password: Password::typed(required(form.password.as_deref())?.to_owned()),
        organization: form.organization()?,
        device: device(request),
        address: client(request),
        device_token: None,
    };
    let signed_in = sessions.sign_in(attempt).await;
    let signed_in = signed_in.map_err(|error| Refusal::from_session(error, Refusal::grant()))?;
    Ok(signed_in.tokens)
}

async fn for_machine(sessions: &Sessions, machine: &MachineCaller) -> Result<Granted, Refusal> {
    let token = sessions.token_for(machine).await;
    let token = token.map_err(|error| Refusal::from_session(error, Refusal::client()))?;
    let scope = token.grants.to_string();
    Ok(Granted(GrantedBody {
        access_token: token.access,
        token_type: "Bearer",
        expires_in: token.access_ttl.as_secs(),
        refresh_token: None,
        refresh_expires_in: None,
        scope: Some(scope).filter(|scope| !scope.is_empty()),
        organization_id: Some(token.tenant.to_string()),
    }))
}

fn pair(tokens: Tokens) -> Granted {
    Granted(GrantedBody {
        access_token: tokens.access,
        token_type: "Bearer",
        expires_in: tokens.access_ttl.as_secs(),
        refresh_token: Some(tokens.refresh),
        refresh_expires_in: Some(tokens.refresh_ttl.as_secs()),
        scope: None,
        organization_id: tokens.tenant.map(|tenant| tenant.to_string()),
    })
}

/// The token is good no more; there is nothing to say about it (RFC 7009 §2.2).
#[derive(Debug)]
pub(crate) struct Over;

impl Responder for Over {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        HttpResponse::Ok().finish()
    }
}

impl Answers for Over {
    fn answers(description: &mut Description<'_>) {
        description.answers_with(200, None);
    }
}

/// Whether there was a token or not (RFC 7009 §2.2).
pub(crate) async fn revoke(
    _: Public,
    request: ByClient,
    sessions: Data<Sessions>,
    Form(form): Form<RevocationForm>,
) -> Result<Over, Refusal> {
    let client = shown(&request, &form.client, &sessions).await?;
    let token = required(form.token.as_deref())?;
    if let Some(Client::Machine(_)) = client {
        // What machines are given dies with their keys, and what people are given is not theirs.
        return Err(Refusal::of(
            Code::UnsupportedTokenType,
            "tokens of machines are good as long as their keys: revoke the key",
        ));
    }
    let given_back = sessions.give_back(token).await;
    match given_back.map_err(|error| Refusal::Problem(error.into()))? {
        GivenBack::Over => Ok(Over),
        GivenBack::AsLongAsItsKey => Err(Refusal::of(
            Code::UnsupportedTokenType,
            "tokens of machines are good as long as their keys: revoke the key",
        )),
    }
}

/// What is known of a token (RFC 7662 §2.2): who and until when, and never what they may do.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Introspection")]
pub(crate) struct IntrospectionBody {
    /// Is it good, and of the organization of the machine that asks? If not, nothing else is said.
    active: bool,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    live: Option<LiveBody>,
}

#[derive(Serialize, JsonSchema)]
struct LiveBody {
    #[schemars(extend("enum" = ["access_token", "api_key", "refresh_token"]))]
    token_type: &'static str,
    /// The account or the service account.
    #[schemars(with = "Text<Actor>")]
    sub: String,
    /// The built-in client of people, or the service account.
    client_id: String,
    #[schemars(with = "Text<TenantId>")]
    #[serde(skip_serializing_if = "Option::is_none")]
    org_id: Option<String>,
    /// The id of an access token.
    #[schemars(with = "String")]
    #[serde(skip_serializing_if = "Option::is_none")]
    jti: Option<String>,
    /// With which key a machine came by it.
    #[schemars(with = "Text<ApiKeyId>")]
    #[serde(skip_serializing_if = "Option::is_none")]
    key_id: Option<String>,
    /// When it was issued, in seconds since 1970.
    iat: i64,
    /// When it ends, in seconds since 1970.
    exp: i64,
}

/// For machines, about tokens of their own organization.
pub(crate) async fn introspect(
    _: Public,
    request: ByMachine,
    sessions: Data<Sessions>,
    Form(form): Form<IntrospectionForm>,
) -> Result<Found<IntrospectionBody>, Refusal> {
    let machine = match shown(&request, &form.client, &sessions).await? {
        Some(Client::Machine(machine)) => Arc::new(*machine),
        Some(Client::FirstParty) => return Err(Refusal::client()),
        None => by_bearer(&request, &sessions).await?,
    };
    let found = sessions
        .look_into(&machine, required(form.token.as_deref())?)
        .await
        .map_err(|error| Refusal::Problem(error.into()))?;
    Ok(Json(IntrospectionBody {
        active: found.is_some(),
        live: found.map(|live| LiveBody::of(&live)),
    }))
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

impl LiveBody {
    fn of(live: &Live) -> Self {
        match live {
            Live::Person(claims) => Self {
                token_type: "access_token",
                sub: claims.user.to_string(),
                client_id: FIRST_PARTY.to_owned(),
                org_id: claims.tenant.map(|tenant| tenant.to_string()),
                jti: Some(claims.id.to_string()),
                key_id: None,
                iat: claims.issued_at.as_seconds(),
                exp: claims.expires_at.as_seconds(),
            },
            Live::Refresh(claims, tenant) => Self {
                token_type: "refresh_token",
                sub: claims.user.to_string(),
                client_id: FIRST_PARTY.to_owned(),
                org_id: Some(tenant.to_string()),
                jti: None,
                key_id: None,
                iat: claims.issued_at.as_seconds(),
                exp: claims.expires_at.as_seconds(),
            },
            Live::Machine(claims) => Self {
                token_type: "access_token",
                sub: claims.account.to_string(),
                client_id: claims.account.to_string(),
                org_id: Some(claims.tenant.to_string()),
                jti: Some(claims.id.to_string()),
                key_id: Some(claims.key.to_string()),
                iat: claims.issued_at.as_seconds(),
                exp: claims.expires_at.as_seconds(),
            },
            Live::Key(key) => Self {
                token_type: "api_key",
                sub: key.account.to_string(),
                client_id: key.account.to_string(),
                org_id: Some(key.tenant.to_string()),
                jti: None,
                key_id: Some(key.id.to_string()),
                iat: key.created_at.as_seconds(),
                exp: key.expires_at.as_seconds(),
            },
        }
    }
}

/// What RFC 8414 §2 calls metadata.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "OAuthMetadata")]
pub(crate) struct MetadataBody {
    issuer: String,
    #[schemars(extend("format" = "uri"))]
    token_endpoint: String,
    #[schemars(extend("format" = "uri"))]
    revocation_endpoint: String,
    #[schemars(extend("format" = "uri"))]
    introspection_endpoint: String,
    #[schemars(extend("format" = "uri"))]
    jwks_uri: String,
    grant_types_supported: Vec<&'static str>,
    /// None: there is no authorization endpoint.
    response_types_supported: [&'static str; 0],
    token_endpoint_auth_methods_supported: [&'static str; 3],
    revocation_endpoint_auth_methods_supported: [&'static str; 3],
    introspection_endpoint_auth_methods_supported: [&'static str; 2],
}

/// Where everything is, for clients that look for it themselves (RFC 8414 §2).
pub(crate) async fn metadata(_: Public, oauth: Data<OAuth>) -> Found<MetadataBody> {
    let OAuth {
        issuer,
        password_grant,
    } = &**oauth;
    let mut grants = vec!["refresh_token", "client_credentials"];
    if *password_grant {
        grants.push("password");
    }
    let base = issuer.trim_end_matches('/');
    let all = ["client_secret_basic", "client_secret_post", "none"];
    Json(MetadataBody {
        issuer: issuer.clone(),
        token_endpoint: format!("{base}/oauth/token"),
        revocation_endpoint: format!("{base}/oauth/revoke"),
        introspection_endpoint: format!("{base}/oauth/introspect"),
        jwks_uri: format!("{base}/.well-known/jwks.json"),
        grant_types_supported: grants,
        response_types_supported: [],
        token_endpoint_auth_methods_supported: all,
        revocation_endpoint_auth_methods_supported: all,
        introspection_endpoint_auth_methods_supported: [
            "client_secret_basic",
            "client_secret_post",
        ],
    })
}
