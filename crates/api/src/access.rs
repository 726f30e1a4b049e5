//! Who may call: what a row of the table declares, and the first argument of its handler.

use crate::{
    metrics::decided,
    openapi::Description,
    own::OwnRoutes,
    problem::{Kind, Problem},
    reads::Reads,
    routes::Routes,
    throttle::{Left, Throttle},
};
use actix_web::{
    FromRequest, HttpMessage, HttpRequest,
    body::{BoxBody, MessageBody},
    dev::{Payload, ServiceRequest, ServiceResponse},
    http::{
        Method, StatusCode,
        header::{self, HeaderMap},
    },
    middleware::Next,
    web::Data,
};
use bailiwick_application::{
    ports::{Refusal, Refusals},
    sessions::{Asker, Caller, Sessions},
};
use bailiwick_domain::{
    TenantId,
    access::{
        Action, Actor, Catalogue, Claim, Level, MemberScope, Mode, OnObject, Permission, Permit,
        Platform, PlatformScope, Proof, TenantScope, authorize, claim, membership,
    },
};
use std::{
    future::{Ready, ready},
    ops::Deref,
    sync::Arc,
};

/// What a row of the table declares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anybody may call.
    Public,
    /// Whoever is signed in may call.
    SignedIn,
    /// Whoever is a member of the tenant of their token, with everything in order, may call.
    Member,
    /// Whoever holds this permission may call: in the tenant of their token, or on the platform.
    Requires(Permission),
    /// Whoever holds this permission on the thing may call, in the tenant of their token.
    RequiresOn(Permission),
}

impl Access {
    /// What somebody asked for who is refused in a tenant, if they asked for something.
    #[must_use]
    pub fn permission(self) -> Option<Permission> {
        match self {
            Self::Public | Self::SignedIn | Self::Member => None,
            Self::Requires(permission) | Self::RequiresOn(permission) => Some(permission),
        }
    }
}

/// A declaration, as it is written in the table.
pub trait Declaration {
    /// What it declares.
    const ACCESS: Access;
    /// Must the caller have proved who they are a short while ago?
    const RECENT: bool = false;
}

/// Anybody may call. As an argument: nothing is known of the caller.
#[derive(Debug, Clone, Copy)]
pub struct Public;

/// Whoever is signed in may call.
#[derive(Debug, Clone, Copy)]
pub struct AnyUser;

/// Whoever holds the permission in the tenant of their token may call.
#[derive(Debug, Clone, Copy)]
pub struct Requires<A>(
    /// The permission.
    pub A,
);

/// Whoever is a member of the tenant of their token, with everything in order, may call.
#[derive(Debug, Clone, Copy)]
pub struct AnyMember;

/// Whoever holds the permission on the thing that the request is about may call. It has to be looked up first.
#[derive(Debug, Clone, Copy)]
pub struct RequiresOn<A>(
    /// The permission.
    pub A,
);

/// Whoever may call by the other declaration may, if they have proved who they are a short while ago (RFC 9470).
#[derive(Debug, Clone, Copy)]
pub struct Recently<D>(
    /// The other declaration.
    pub D,
);

impl<D: Declaration> Declaration for Recently<D> {
    const ACCESS: Access = D::ACCESS;
    const RECENT: bool = true;
}

impl Declaration for Public {
    const ACCESS: Access = Access::Public;
}

impl Declaration for AnyUser {
    const ACCESS: Access = Access::SignedIn;
}

impl Declaration for AnyMember {
    const ACCESS: Access = Access::Member;
}

impl<A: Action<Catalogue = Permission>> Declaration for RequiresOn<A> {
    const ACCESS: Access = Access::RequiresOn(A::PERMISSION);
}

impl<A: Action<Catalogue = Permission>> Declaration for Requires<A> {
    const ACCESS: Access = Access::Requires(A::PERMISSION);
}

/// The caller holds a permit to do `A` in the tenant of their token.
#[derive(Debug)]
pub struct Guard<A: Action>(Permit<A>);

/// The caller might do `A` to something in the tenant of their token, and may look for it.
#[derive(Debug)]
pub struct Claimed<A: Action<Scope: OnObject>>(Claim<A>);

/// The caller is a member of the tenant of their token, with everything in order.
#[derive(Debug)]
pub struct Membership(MemberScope);

impl<A: Action<Scope: OnObject>> Deref for Claimed<A> {
    type Target = Claim<A>;

    fn deref(&self) -> &Claim<A> {
        &self.0
    }
}

impl Deref for Membership {
    type Target = MemberScope;

    fn deref(&self) -> &MemberScope {
        &self.0
    }
}

/// The caller is a person who is signed in; nothing more is known.
#[derive(Debug, Clone)]
pub struct SignedIn(Arc<Caller>);

/// Whoever calls, a person or a machine: for what is said about them beside their leave. It opens nothing.
#[derive(Debug, Clone)]
pub struct Asking(Asker);

impl<A: Action> Deref for Guard<A> {
    type Target = Permit<A>;

    fn deref(&self) -> &Permit<A> {
        &self.0
    }
}

impl Deref for Asking {
    type Target = Asker;

    fn deref(&self) -> &Asker {
        &self.0
    }
}

impl Deref for SignedIn {
    type Target = Caller;

    fn deref(&self) -> &Caller {
        &self.0
    }
}

impl FromRequest for Public {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(_: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self))
    }
}

impl FromRequest for SignedIn {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let asker = request.extensions().get::<Asker>().cloned();
        ready(match asker {
            Some(Asker::Person(caller)) => Ok(Self(caller)),
            // What is open to whoever is signed in is about people.
            Some(Asker::Machine(_)) => Err(Kind::Forbidden.into()),
            None => Err(Kind::Unauthenticated.into()),
        })
    }
}

impl FromRequest for Asking {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let asker = request.extensions().get().cloned();
        ready(asker.map(Self).ok_or_else(|| Kind::Unauthenticated.into()))
    }
}

/// Where a caller asks for a permit: the tenant of their token, or the platform.
pub trait Located: Proof {
    /// The place, if the caller's token leads to one.
    fn of(asker: &Asker) -> Option<Self::At>;
}

impl<M: Mode> Located for TenantScope<M> {
    /// A token that names no tenant opens nothing that a tenant owns.
    fn of(asker: &Asker) -> Option<TenantId> {
        asker.tenant()
    }
}

impl<M: Mode> Located for PlatformScope<M> {
    fn of(_: &Asker) -> Option<Platform> {
        Some(Platform)
    }
}

impl<A> FromRequest for Guard<A>
where
    A: Action<Catalogue = Permission, Scope: Located>,
{
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        ready(
            Asking::from_request(request, payload)
                .into_inner()
                .and_then(|asker| {
                    let at = A::Scope::of(&asker).ok_or(Kind::Forbidden)?;
                    let decision = authorize(asker.principal(), at);
                    Ok(Self(decided(request, A::PERMISSION, decision)?))
                }),
        )
    }
}

impl<A> FromRequest for Claimed<A>
where
    A: Action<Catalogue = Permission, Scope: OnObject>,
{
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        ready(
            Asking::from_request(request, payload)
                .into_inner()
                .and_then(|asker| {
                    let tenant = asker.tenant().ok_or(Kind::Forbidden)?;
                    let decision = claim(asker.principal(), tenant);
                    Ok(Self(decided(request, A::PERMISSION, decision)?))
                }),
        )
    }
}

impl FromRequest for Membership {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        ready(
            Asking::from_request(request, payload)
                .into_inner()
                .and_then(|asker| {
                    let tenant = asker.tenant().ok_or(Kind::Forbidden)?;
                    Ok(Self(membership(asker.principal(), tenant)?))
                }),
        )
    }
}

impl Reads for Public {
    fn describe(_: &mut Description<'_>) {}
}

impl Reads for SignedIn {
    fn describe(description: &mut Description<'_>) {
        Asking::describe(description);
        // To machines.
        description.refuses(&[Kind::Forbidden]);
    }
}

impl Reads for Asking {
    fn describe(description: &mut Description<'_>) {
        // To learn who asks, the store is asked.
        <Data<Sessions>>::describe(description);
    }
}

impl<A: Action> Reads for Guard<A> {
    fn describe(description: &mut Description<'_>) {
        Asking::describe(description);
    }
}

impl<A: Action<Scope: OnObject>> Reads for Claimed<A> {
    fn describe(description: &mut Description<'_>) {
        Asking::describe(description);
    }
}

impl Reads for Membership {
    fn describe(description: &mut Description<'_>) {
        Asking::describe(description);
    }
}

/// Before any extractor: learns from the bearer token who calls, and counts what they ask, or stops here.
///
/// This awaits, and so cannot be an extractor: actix polls those together, and a malformed body would answer first.
pub(crate) async fn authenticate(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let sessions = request
        .app_data::<Data<Sessions>>()
        .cloned()
        .ok_or(Kind::Internal);
    let asker = match (sessions, bearer(request.headers())) {
        (Err(kind), _) => Err(kind.into()),
        (_, None) => Err(Kind::Unauthenticated.into()),
        (Ok(sessions), Some(token)) => sessions.authenticate(token).await.map_err(Problem::from),
    };
    let asker = match asker {
        Ok(asker) => asker,
        Err(problem) => return Ok(request.error_response(problem)),
    };
    let mut left = Left::default();
    let counted = match request.app_data::<Data<Throttle>>() {
        Some(limits) => limits.count(&asker, &mut left),
        None => Ok(()),
    };
    let mut response = match counted {
        Ok(()) => {
            request.extensions_mut().insert(asker);
            next.call(request).await?.map_into_boxed_body()
        }
        Err(problem) => request.error_response(problem),
    };
    left.tell(response.response_mut());
    Ok(response)
}

/// Behind [`authenticate`]: asks whoever signed in too long ago to do so again.
pub(crate) async fn recently(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let refused = match request.extensions().get::<Asker>() {
        Some(Asker::Person(caller)) if caller.recent => None,
        Some(Asker::Person(_)) | None => Some(Kind::SignInAgain),
        // No machine proves who it is in any other way.
        Some(Asker::Machine(_)) => Some(Kind::Forbidden),
    };
    if let Some(kind) = refused {
        return Ok(request.error_response(Problem::from(kind)));
    }
    Ok(next.call(request).await?.map_into_boxed_body())
}

/// Behind [`authenticate`]: takes note of what was refused to somebody who is known in the tenant of their token.
pub(crate) async fn note_refusals(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let response = next.call(request).await?.map_into_boxed_body();
    if response.status() == StatusCode::FORBIDDEN {
        let refusals = response.request().app_data::<Data<dyn Refusals>>();
        if let (Some(refusal), Some(refusals)) = (refusal(&response), refusals) {
            refusals.note(refusal);
        }
    }
    Ok(response)
}

fn refusal(response: &ServiceResponse<BoxBody>) -> Option<Refusal> {
    let request = response.request();
    let asker = request.extensions().get::<Asker>().cloned()?;
    let tenant = asker.known_in()?;
    let pattern = request.match_pattern()?;
    let access = declared(request, &pattern)?;
    let problem = response.response().error();
    let problem = problem.and_then(|error| error.as_error::<Problem>());
    let action = match (access.permission(), access) {
        (Some(permission), _) if permission.reach().level == Level::Platform => return None,
        (Some(permission), _) => permission.name().to_owned(),
        // Such routes are about oneself, and lead elsewhere too: the tenant is told of what was asked of it, and of
        // nothing else.
        (None, Access::SignedIn) if asker.person().is_some() => {
            problem?.lacked()?.name().to_owned()
        }
        (None, _) => format!("{} {pattern}", verb(request)),
    };
    let target = request.match_info().get("id").unwrap_or_default();
    let is_id = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let named = target.len() <= 64 && target.bytes().all(is_id);
    Some(Refusal {
        tenant,
        actor: asker.actor(),
        action,
        target: if named {
            target.to_owned()
        } else {
            String::new()
        },
    })
}

/// What the row declares that a request has come to: one of ours, or of whoever mounts us.
fn declared(request: &HttpRequest, pattern: &str) -> Option<Access> {
    let ours = request.app_data::<Data<Routes>>();
    let own = request.app_data::<Data<OwnRoutes>>();
    ours.and_then(|routes| routes.row_of(verb(request), pattern))
        .map(|row| row.access)
        .or_else(|| own?.declared(verb(request), pattern))
}

/// The verb of the row: where there is a GET there is a HEAD.
fn verb(request: &HttpRequest) -> &Method {
    match *request.method() {
        Method::HEAD => &Method::GET,
        ref verb => verb,
    }
}

/// Who did something, as answers name them.
pub(crate) fn id_of(actor: Actor) -> String {
    match actor {
        Actor::User(user) => user.to_string(),
        Actor::Machine(machine) => machine.account.to_string(),
    }
}

/// The token of an `Authorization: Bearer` header (RFC 6750 §2.1).
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers
        .get(header::AUTHORIZATION)?
        .to_str()
        .ok()?
        .split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then(|| token.trim_start_matches(' '))
}

/// The arguments of a handler keep what its row declares.
#[diagnostic::on_unimplemented(
    message = "the handler does not keep what its row declares, `{D}`",
    label = "its first argument must be `Guard<A>` for `Requires(A)`, `Claimed<A>` for `RequiresOn(A)`, `Membership` for `AnyMember`, `SignedIn` for `AnyUser`, `Public` for `Public`"
)]
pub trait Keeps<D> {}

impl<D, Arguments: Keeps<D>> Keeps<Recently<D>> for Arguments {}

macro_rules! keeps {
    ($($rest:ident)*) => {
        impl<A: Action, $($rest),*> Keeps<Requires<A>> for (Guard<A>, $($rest),*) {}
        impl<A: Action<Scope: OnObject>, $($rest),*> Keeps<RequiresOn<A>> for (Claimed<A>, $($rest),*) {}
        impl<$($rest),*> Keeps<AnyMember> for (Membership, $($rest),*) {}
        impl<$($rest),*> Keeps<AnyUser> for (SignedIn, $($rest),*) {}
        impl<$($rest),*> Keeps<Public> for (Public, $($rest),*) {}
    };
}

keeps!();
keeps!(B);
keeps!(B C);
keeps!(B C D);
keeps!(B C D E);
keeps!(B C D E F);
keeps!(B C D E F G);
