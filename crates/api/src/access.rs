//! Who may call: what a row of the table declares, and the first argument of its handler.

use crate::problem::{Kind, Problem};
use actix_web::{
    FromRequest, HttpMessage, HttpRequest,
    body::{BoxBody, MessageBody},
    dev::{Payload, ServiceRequest, ServiceResponse},
    http::header::{self, HeaderMap},
    middleware::Next,
    web::Data,
};
use bailiwick_application::sessions::{Caller, Sessions};
use bailiwick_domain::{
    TenantId,
    access::{Action, Permission, Permit, Proof, authorize},
};
use std::{
    future::{Ready, ready},
    ops::Deref,
    rc::Rc,
};

/// What a row of the table declares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anybody may call.
    Public,
    /// Whoever is signed in may call.
    SignedIn,
    /// Whoever holds this permission in the tenant of their token may call.
    Requires(Permission),
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

impl<A: Action<Catalogue = Permission>> Declaration for Requires<A> {
    const ACCESS: Access = Access::Requires(A::PERMISSION);
}

/// The caller holds a permit to do `A` in the tenant of their token.
#[derive(Debug)]
pub struct Guard<A: Action>(Permit<A>);

/// The caller is signed in; nothing more is known.
#[derive(Debug, Clone)]
pub struct SignedIn(Rc<Caller>);

impl<A: Action> Deref for Guard<A> {
    type Target = Permit<A>;

    fn deref(&self) -> &Permit<A> {
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
        let caller = request.extensions().get().cloned();
        ready(caller.map(Self).ok_or_else(|| Kind::Unauthenticated.into()))
    }
}

impl<A> FromRequest for Guard<A>
where
    A: Action<Catalogue = Permission, Scope: Proof<At = TenantId>>,
{
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        ready(
            SignedIn::from_request(request, payload)
                .into_inner()
                .and_then(|caller| {
                    // A token that names no tenant opens nothing that a tenant owns.
                    let tenant = caller.tenant.ok_or(Kind::Forbidden)?;
                    Ok(Self(authorize(&caller.principal, tenant)?))
                }),
        )
    }
}

/// Before any extractor: learns from the bearer token who calls, or stops here.
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
    let caller = match (sessions, bearer(request.headers())) {
        (Err(kind), _) => Err(kind.into()),
        (_, None) => Err(Kind::Unauthenticated.into()),
        (Ok(sessions), Some(token)) => sessions.authenticate(token).await.map_err(Problem::from),
    };
    match caller {
        Ok(caller) => {
            request.extensions_mut().insert(Rc::new(caller));
            Ok(next.call(request).await?.map_into_boxed_body())
        }
        Err(problem) => Ok(request.error_response(problem)),
    }
}

/// Behind [`authenticate`]: asks whoever signed in too long ago to do so again.
pub(crate) async fn recently(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let recent = request
        .extensions()
        .get::<Rc<Caller>>()
        .is_some_and(|caller| caller.recent);
    if !recent {
        return Ok(request.error_response(Problem::from(Kind::SignInAgain)));
    }
    Ok(next.call(request).await?.map_into_boxed_body())
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
    label = "its first argument must be `Guard<A>` for `Requires(A)`, `SignedIn` for `AnyUser`, `Public` for `Public`"
)]
pub trait Keeps<D> {}

impl<D, Arguments: Keeps<D>> Keeps<Recently<D>> for Arguments {}

macro_rules! keeps {
    ($($rest:ident)*) => {
        impl<A: Action, $($rest),*> Keeps<Requires<A>> for (Guard<A>, $($rest),*) {}
        impl<$($rest),*> Keeps<AnyUser> for (SignedIn, $($rest),*) {}
        impl<$($rest),*> Keeps<Public> for (Public, $($rest),*) {}
    };
}

keeps!();
keeps!(B);
keeps!(B C);
keeps!(B C D);
keeps!(B C D E);
