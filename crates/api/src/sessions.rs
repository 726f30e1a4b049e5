//! Sessions over HTTP: passwords and tokens in, token pairs out.

use crate::{
    access::{Public, SignedIn, bearer},
    address::client,
    answer::{Found, Json, NoContent, WithCookies},
    body::{Either, Optional, Valid, ascii_host, parsed, parses, parses_if_any},
    list::{Listed, Part},
    openapi::Description,
    organizations::MembershipBody,
    path::Id,
    problem::{Kind, Problem},
    reads::Reads,
    schema::Text,
    time::rfc3339,
};
use actix_web::{
    FromRequest, HttpRequest,
    cookie::{Cookie, SameSite, time::Duration as CookieAge},
    dev::Payload,
    http::header,
    web::Data,
};
use bailiwick_application::{
    ports::{Device, SessionRow, Which},
    sessions::{Credential, DEVICE_REMEMBERED, SessionError, Sessions, SignIn, Tokens},
};
use bailiwick_domain::{SessionId, TenantId, Timestamp, password::Password};
use garde::Validate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{
    future::{Ready, ready},
    ops::Deref,
    time::Duration,
};

/// The refresh token of a browser (RFC 6265bis §4.1.3.2: only this host, only over TLS or to itself).
const REFRESH_COOKIE: &str = "__Host-refresh_token";
/// What a browser remembers of having signed in. It grants nothing.
const DEVICE_COOKIE: &str = "__Host-device";
/// The longest user agent that is kept, in characters.
const USER_AGENT: usize = 256;

/// Who may send the refresh cookie.
#[derive(Debug, Clone, Default)]
pub struct Cookies {
    /// The origins (RFC 6454) of the pages that may, like `https://app.example.com`.
    pub origins: Vec<String>,
}

#[derive(Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "SignIn")]
pub(crate) struct LoginBody {
    #[garde(skip)]
    email: String,
    #[garde(skip)]
    password: String,
    #[serde(default)]
    #[garde(custom(parses_if_any::<TenantId>))]
    #[schemars(with = "Option<Text<TenantId>>")]
    organization_id: Option<String>,
}

/// The password form of RFC 6749 §4.3.2.
#[derive(Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "SignInForm")]
pub(crate) struct LoginForm {
    #[serde(default)]
    #[garde(custom(is_password))]
    #[schemars(with = "String", extend("enum" = ["password", ""]))]
    grant_type: Option<String>,
    #[garde(skip)]
    username: String,
    #[garde(skip)]
    password: String,
    #[garde(skip)]
    #[serde(default, rename = "scope")]
    #[schemars(with = "String")]
    _scope: Option<String>,
    #[garde(skip)]
    #[serde(default, rename = "client_id")]
    #[schemars(with = "String")]
    _client_id: Option<String>,
    #[garde(skip)]
    #[serde(default, rename = "client_secret")]
    #[schemars(with = "String")]
    _client_secret: Option<String>,
    #[serde(default)]
    #[garde(custom(parses_if_any::<TenantId>))]
    #[schemars(with = "Text<TenantId>")]
    organization_id: Option<String>,
}

fn is_password(grant_type: &Option<String>, _: &()) -> garde::Result {
    match grant_type.as_deref() {
        None | Some("" | "password") => Ok(()),
        Some(_) => Err(garde::Error::new("must be `password`")),
    }
}

#[derive(Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Refresh")]
pub(crate) struct RefreshBody {
    #[garde(skip)]
    refresh_token: Option<String>,
    #[garde(custom(parses_if_any::<TenantId>))]
    #[schemars(with = "Option<Text<TenantId>>")]
    organization_id: Option<String>,
}

#[derive(Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "SignOut")]
pub(crate) struct LogoutBody {
    #[garde(skip)]
    refresh_token: Option<String>,
}

#[derive(Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Selection")]
pub(crate) struct SelectBody {
    #[garde(custom(parses::<TenantId, _>))]
    #[schemars(with = "Text<TenantId>")]
    org_id: String,
}

/// A token pair in the form of RFC 6749 §5.1.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "TokenPair")]
pub(crate) struct TokenBody {
    access_token: String,
    refresh_token: String,
    #[schemars(extend("const" = "bearer"))]
    token_type: &'static str,
    /// How long the access token is good, in seconds.
    expires_in: u64,
    /// How long the refresh token is good, in seconds.
    refresh_expires_in: u64,
    /// The organization that the tokens are for, if they are for one.
    #[schemars(with = "Option<Text<TenantId>>")]
    organization_id: Option<String>,
    /// Those that one may enter: where one has signed in.
    #[serde(skip_serializing_if = "Option::is_none")]
    organizations: Option<Vec<MembershipBody>>,
}

/// One of the caller's own sessions.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Session")]
pub(crate) struct SessionBody {
    #[schemars(with = "Text<SessionId>")]
    id: String,
    /// Is it the one that asks?
    current: bool,
    user_agent: Option<String>,
    address: Option<String>,
    #[schemars(with = "Text<Timestamp>")]
    created_at: String,
    #[schemars(with = "Text<Timestamp>")]
    last_seen_at: String,
    #[schemars(with = "Text<Timestamp>")]
    expires_at: String,
}

/// The session is over.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "SignedOut")]
pub(crate) struct SignedOutBody {
    #[schemars(extend("const" = "signed_out"))]
    status: &'static str,
}

/// How many sessions were ended.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Ended")]
pub(crate) struct EndedBody {
    ended: u64,
}

/// A request that may show who sends it with the refresh cookie, in its body, or not at all.
pub(crate) struct ByCookie(HttpRequest);

/// A request that may end its session with the refresh cookie, in its body, or with a bearer token.
pub(crate) struct ByAny(HttpRequest);

macro_rules! presented {
    ($($by:ident $schemes:expr;)*) => {$(
        impl FromRequest for $by {
            type Error = Problem;
            type Future = Ready<Result<Self, Problem>>;

            fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
                ready(Ok(Self(request.clone())))
            }
        }

        impl Deref for $by {
            type Target = HttpRequest;

            fn deref(&self) -> &HttpRequest {
                &self.0
            }
        }

        impl Reads for $by {
            fn describe(description: &mut Description<'_>) {
                description.secured_by($schemes);
            }
        }
    )*};
}

/// A request that may show who sends it with a bearer token.
pub(crate) struct ByBearer(HttpRequest);

/// A request of an OAuth client, which may show who it is in the header, in its form, or not at all.
pub(crate) struct ByClient(HttpRequest);

/// A request of a machine, which shows its key like an OAuth client, or as a bearer token.
pub(crate) struct ByMachine(HttpRequest);

presented! {
    ByClient &["", "clientSecret"];
    ByMachine &["", "clientSecret", "apiKey"];
    ByBearer &["", "bearer"];
    ByCookie &["", "refreshCookie"];
    ByAny &["", "refreshCookie", "bearer"];
}

pub(crate) async fn login(
    _: Public,
    request: HttpRequest,
    cookies: Data<Cookies>,
    sessions: Data<Sessions>,
    body: Either<LoginBody, LoginForm>,
) -> Result<Pair<200>, Problem> {
    let (username, password, organization) = match body {
        Either::Json(body) => (body.email, body.password, body.organization_id),
        Either::Form(form) => (form.username, form.password, form.organization_id),
    };
    let attempt = SignIn {
        username: ascii_host(&username).into_owned(),
        password: Password::typed(password),
        organization: organization.as_deref().map(parsed).transpose()?,
        device: device(&request),
        address: client(&request),
        device_token: request
            .cookie(DEVICE_COOKIE)
            .map(|cookie| cookie.value().to_owned()),
    };
    let signed_in = sessions
        .sign_in(attempt)
        .await
        .map_err(|error| match error {
            SessionError::Refused => Kind::InvalidCredentials.into(),
            error => Problem::from(error),
        })?;
    let organizations = signed_in
        .organizations
        .iter()
        .map(|row| MembershipBody::of(row, signed_in.now))
        .collect();
    let device = device_cookie(&signed_in.device_token).into_owned();
    let WithCookies(mut set, answer) = pair(signed_in.tokens, Some(organizations));
    set.push(device);
    if !cookies.permits(&request) {
        // A page of another origin must not sign a browser in, to an account of its own choice.
        set.clear();
    }
    Ok(WithCookies(set, answer))
}

pub(crate) async fn refresh(
    _: Public,
    request: ByCookie,
    cookies: Data<Cookies>,
    sessions: Data<Sessions>,
    Optional(body): Optional<RefreshBody>,
) -> Result<Pair<200>, Problem> {
    let (token, organization) = match body {
        Some(body) => (body.refresh_token, body.organization_id),
        None => (None, None),
    };
    let token = match token {
        Some(token) => token,
        None => cookies
            .refresh_token(&request)?
            .ok_or(Kind::Unauthenticated)?,
    };
    let organization = organization.as_deref().map(parsed).transpose()?;
    let tokens = sessions.refresh(&token, organization).await?;
    Ok(pair(tokens, None))
}

pub(crate) async fn logout(
    _: Public,
    request: ByAny,
    cookies: Data<Cookies>,
    sessions: Data<Sessions>,
    Optional(body): Optional<LogoutBody>,
) -> Result<WithCookies<Found<SignedOutBody>>, Problem> {
    let presented = body.and_then(|body| body.refresh_token);
    let outcome = match (presented, bearer(request.headers())) {
        (Some(token), _) => sessions.sign_out(Credential::Refresh(&token)).await,
        (None, Some(token)) => sessions.sign_out(Credential::Access(token)).await,
        (None, None) => {
            let token = cookies
                .refresh_token(&request)?
                .ok_or(Kind::Unauthenticated)?;
            sessions.sign_out(Credential::Refresh(&token)).await
        }
    };
    outcome?;
    let cleared = refresh_cookie("", CookieAge::ZERO);
    let status = "signed_out";
    Ok(WithCookies(vec![cleared], Json(SignedOutBody { status })))
}

pub(crate) async fn select(
    caller: SignedIn,
    sessions: Data<Sessions>,
    Valid(body): Valid<SelectBody>,
) -> Result<Pair<202>, Problem> {
    let tokens = sessions.select(&caller, parsed(&body.org_id)?).await?;
    Ok(pair(tokens, None))
}

pub(crate) async fn select_by_path(
    caller: SignedIn,
    sessions: Data<Sessions>,
    Id(id): Id<TenantId>,
) -> Result<Pair<200>, Problem> {
    let tokens = sessions.select(&caller, id).await?;
    Ok(pair(tokens, None))
}

pub(crate) async fn list(
    caller: SignedIn,
    sessions: Data<Sessions>,
    part: Part<SessionId>,
) -> Result<Listed<SessionBody>, Problem> {
    let rows = sessions.list(&caller).await?;
    let slice = part.of(rows, |row| row.session.id);
    let body = |row: SessionRow| SessionBody {
        current: row.session.id == caller.session.id,
        id: row.session.id.to_string(),
        user_agent: row.device.user_agent,
        address: row.device.address,
        created_at: rfc3339(row.created_at),
        last_seen_at: rfc3339(row.last_seen_at),
        expires_at: rfc3339(row.session.expires_at),
    };
    Ok(part.answer(slice, |row| row.session.id, body))
}

pub(crate) async fn end_one(
    caller: SignedIn,
    sessions: Data<Sessions>,
    Id(id): Id<SessionId>,
) -> Result<NoContent, Problem> {
    match sessions.end(&caller, Which::One(id)).await? {
        0 => Err(Kind::NotFound.into()),
        _ => Ok(NoContent),
    }
}

pub(crate) async fn end_others(
    caller: SignedIn,
    sessions: Data<Sessions>,
) -> Result<Found<EndedBody>, Problem> {
    let ended = sessions
        .end(&caller, Which::AllBut(caller.session.id))
        .await?;
    Ok(Json(EndedBody { ended }))
}

/// Signs out everywhere.
pub(crate) async fn end_all(
    caller: SignedIn,
    sessions: Data<Sessions>,
) -> Result<WithCookies<Found<EndedBody>>, Problem> {
    let ended = sessions.end(&caller, Which::All).await?;
    let cleared = refresh_cookie("", CookieAge::ZERO);
    Ok(WithCookies(vec![cleared], Json(EndedBody { ended })))
}

/// A token pair, and the cookie that holds the half of it that a browser keeps.
type Pair<const STATUS: u16> = WithCookies<Json<STATUS, TokenBody>>;

fn pair<const STATUS: u16>(
    tokens: Tokens,
    organizations: Option<Vec<MembershipBody>>,
) -> Pair<STATUS> {
    let cookie = refresh_cookie(&tokens.refresh, age(tokens.refresh_ttl)).into_owned();
    let body = TokenBody {
        access_token: tokens.access,
        refresh_token: tokens.refresh,
        token_type: "bearer",
        expires_in: tokens.access_ttl.as_secs(),
        refresh_expires_in: tokens.refresh_ttl.as_secs(),
        organization_id: tokens.tenant.map(|tenant| tenant.to_string()),
        organizations,
    };
    WithCookies(vec![cookie], Json(body))
}

fn age(ttl: Duration) -> CookieAge {
    CookieAge::seconds(i64::try_from(ttl.as_secs()).unwrap_or(i64::MAX))
}

fn refresh_cookie(token: &str, age: CookieAge) -> Cookie<'_> {
    kept(REFRESH_COOKIE, token, age)
}

pub(crate) fn device_cookie(token: &str) -> Cookie<'_> {
    kept(DEVICE_COOKIE, token, age(DEVICE_REMEMBERED))
}

/// A cookie for us alone: over TLS, in requests from our own site, out of the reach of scripts.
fn kept<'a>(name: &'a str, value: &'a str, age: CookieAge) -> Cookie<'a> {
    Cookie::build(name, value)
        .path("/")
        .secure(true)
        .http_only(true)
        .same_site(SameSite::Strict)
        .max_age(age)
        .finish()
}

impl Cookies {
    /// The refresh token in the cookie. With a bearer token there is none: a page could not have sent that by itself.
    ///
    /// # Errors
    /// When a page of another origin sent it.
    pub(crate) fn refresh_token(&self, request: &HttpRequest) -> Result<Option<String>, Problem> {
        if bearer(request.headers()).is_some() {
            return Ok(None);
        }
        let Some(cookie) = request.cookie(REFRESH_COOKIE) else {
            return Ok(None);
        };
        if self.permits(request) {
            Ok(Some(cookie.value().to_owned()))
        } else {
            Err(Kind::Forbidden.into())
        }
    }

    /// May whoever sent this use cookies? Programs may, which name no origin, and our own pages.
    fn permits(&self, request: &HttpRequest) -> bool {
        let origin = request.headers().get(header::ORIGIN);
        origin.is_none_or(|origin| {
            self.origins
                .iter()
                .any(|known| known.as_bytes() == origin.as_bytes())
        })
    }
}

/// What a request tells about where it comes from: for people to recognize, not to rely on.
pub(crate) fn device(request: &HttpRequest) -> Device {
    Device {
        user_agent: request.headers().get(header::USER_AGENT).map(|agent| {
            String::from_utf8_lossy(agent.as_bytes())
                .chars()
                .take(USER_AGENT)
                .collect()
        }),
        address: client(request).map(|address| address.to_string()),
    }
}
