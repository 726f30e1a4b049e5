//! The invoices over HTTP: what a handler may do stands in its arguments.

use crate::{
    Invoicing,
    access::Directory,
    action::{ApproveInvoice, ListInvoices, WriteInvoice},
    ledger::{Invoice, Ledger},
};
use axum::{
    Json, Router,
    extract::{FromRequestParts, Path, State},
    http::{StatusCode, header::AUTHORIZATION, request::Parts},
    routing::{get, post},
};
use bailiwick_domain::{
    TenantId, Timestamp,
    access::{
        Action, Claim, Decision, OnObject, Permit, Principal, Proof, authorize, claim, explain,
    },
};
use serde::{Deserialize, Serialize};
use std::{
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

/// What the handlers share.
#[derive(Debug, Clone, Default)]
pub struct Service {
    /// Who is who.
    pub directory: Arc<Directory>,
    /// The invoices.
    pub ledger: Arc<Ledger>,
}

/// Everything that is served.
pub fn router(service: Service) -> Router {
    Router::new()
        .route("/invoices", get(list).post(write))
        .route("/invoices/{number}/approve", post(approve))
        .route("/why/{permission}", get(why))
        .with_state(service)
}

/// The caller may do `A` in the company of their token. There is no other way to one.
pub struct Allowed<A: Action>(Permit<A>);

/// The caller might do `A` to some invoice of the company, and may look for it.
pub struct Claimed<A: Action<Scope: OnObject>>(Claim<A>);

impl<A> FromRequestParts<Service> for Allowed<A>
where
    A: Action<Catalogue = Invoicing, Scope: Proof<At = TenantId>>,
{
    type Rejection = StatusCode;

    async fn from_request_parts(parts: &mut Parts, service: &Service) -> Result<Self, StatusCode> {
        let (principal, tenant) = caller(parts, service)?;
        // Why not is nobody's business who may not.
        let permit = authorize(&principal, tenant).map_err(|_| StatusCode::FORBIDDEN)?;
        Ok(Self(permit))
    }
}

impl<A> FromRequestParts<Service> for Claimed<A>
where
    A: Action<Catalogue = Invoicing, Scope: OnObject>,
{
    type Rejection = StatusCode;

    async fn from_request_parts(parts: &mut Parts, service: &Service) -> Result<Self, StatusCode> {
        let (principal, tenant) = caller(parts, service)?;
        let claim = claim(&principal, tenant).map_err(|_| StatusCode::FORBIDDEN)?;
        Ok(Self(claim))
    }
}

fn caller(
    parts: &Parts,
    service: &Service,
) -> Result<(Principal<Invoicing>, TenantId), StatusCode> {
    let person = token(parts).and_then(|token| service.directory.who(token));
    let person = person.ok_or(StatusCode::UNAUTHORIZED)?;
    Ok((person.principal(now()), person.standing.tenant))
}

fn token(parts: &Parts) -> Option<&str> {
    let value = parts.headers.get(AUTHORIZATION)?.to_str().ok()?;
    value.strip_prefix("Bearer ")
}

/// The domain has no clock: whoever asks says what time it is.
fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    Timestamp::from_micros(0).plus(since.unwrap_or_default())
}

#[derive(Serialize)]
struct InvoiceBody {
    number: u32,
    cents: u64,
    approved: bool,
}

impl From<Invoice> for InvoiceBody {
    fn from(invoice: Invoice) -> Self {
        Self {
            number: invoice.number,
            cents: invoice.cents,
            approved: invoice.approved,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Draft {
    cents: u64,
}

async fn list(
    Allowed(permit): Allowed<ListInvoices>,
    State(service): State<Service>,
) -> Json<Vec<InvoiceBody>> {
    let invoices = service.ledger.list(permit.scope());
    Json(invoices.into_iter().map(InvoiceBody::from).collect())
}

async fn write(
    Allowed(permit): Allowed<WriteInvoice>,
    State(service): State<Service>,
    Json(draft): Json<Draft>,
) -> (StatusCode, Json<InvoiceBody>) {
    let invoice = service.ledger.write(&permit, draft.cents);
    (StatusCode::CREATED, Json(invoice.into()))
}

async fn approve(
    Claimed(claim): Claimed<ApproveInvoice>,
    State(service): State<Service>,
    Path(number): Path<u32>,
) -> Result<StatusCode, StatusCode> {
    // What is of another company is not there.
    let invoice = service.ledger.find(claim.within(), number);
    let invoice = invoice.ok_or(StatusCode::NOT_FOUND)?;
    let permit = claim
        .on(invoice.object())
        .map_err(|_| StatusCode::FORBIDDEN)?;
    service
        .ledger
        .approve(&permit, number)
        .map_err(|_| StatusCode::CONFLICT)?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Serialize)]
struct Why {
    permitted: bool,
    reason: Option<&'static str>,
}

/// Asking about oneself takes no permission.
async fn why(
    State(service): State<Service>,
    Path(permission): Path<String>,
    parts: Parts,
) -> Result<Json<Why>, StatusCode> {
    let permission: Invoicing = permission.parse().map_err(|_| StatusCode::NOT_FOUND)?;
    let person = token(&parts).and_then(|token| service.directory.who(token));
    let person = person.ok_or(StatusCode::UNAUTHORIZED)?;
    let tenant = person.standing.tenant;
    let said = explain(
        person.user,
        &person.standing,
        permission,
        tenant.into(),
        now(),
    );
    Ok(Json(Why {
        permitted: said.decision == Decision::Permit,
        reason: said.reason.map(|reason| reason.name()),
    }))
}
