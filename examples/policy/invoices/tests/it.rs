//! The invoices from outside.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{Request, StatusCode},
};
use bailiwick_domain::TenantId;
use invoices::{
    access::{Directory, Roles},
    http::{Service, router},
};
use serde_json::{Value, json};
use std::sync::Arc;
use tower::ServiceExt;
use uuid::Uuid;

const ROLES: Roles<'_> = &[
    ("clerk", "invoice:list invoice:write", &[]),
    ("head", "invoice:approve", &["clerk"]),
    ("proofreader", "invoice:approve:own", &[]),
];

fn service() -> Service {
    let [acme, globex] = [(); 2].map(|()| TenantId::from_uuid(Uuid::now_v7()));
    let mut directory = Directory::default();
    for (token, tenant, roles) in [
        ("ada", acme, &["head"][..]),
        ("bob", acme, &["clerk"]),
        ("cleo", acme, &["clerk", "proofreader"]),
        ("dora", acme, &[]),
        ("gone", acme, &["head"]),
        ("eve", globex, &["head"]),
    ] {
        directory.add(token, tenant, ROLES, roles).unwrap();
    }
    directory.suspend("gone");
    Service {
        directory: Arc::new(directory),
        ..Service::default()
    }
}

async fn ask(app: &Router, who: &str, verb: &str, path: &str) -> (StatusCode, Value) {
    let request = Request::builder()
        .method(verb)
        .uri(path)
        .header("authorization", format!("Bearer {who}"))
        .header("content-type", "application/json")
        .body(Body::from(json!({ "cents": 4_200 }).to_string()))
        .unwrap();
    let answer = app.clone().oneshot(request).await.unwrap();
    let status = answer.status();
    let body = to_bytes(answer.into_body(), 10_000).await.unwrap();
    (status, serde_json::from_slice(&body).unwrap_or_default())
}

#[tokio::test]
async fn a_clerk_writes_and_a_head_approves_and_both_are_recorded() {
    let service = service();
    let app = router(service.clone());

    let (status, invoice) = ask(&app, "bob", "POST", "/invoices").await;
    assert_eq!(
        (status, &invoice["number"]),
        (StatusCode::CREATED, &json!(1))
    );
    let approve = "/invoices/1/approve";
    assert_eq!(
        ask(&app, "bob", "POST", approve).await.0,
        StatusCode::FORBIDDEN
    );
    assert_eq!(
        ask(&app, "ada", "POST", approve).await.0,
        StatusCode::NO_CONTENT
    );

    let (_, list) = ask(&app, "bob", "GET", "/invoices").await;
    assert_eq!(
        list,
        json!([{ "number": 1, "cents": 4_200, "approved": true }])
    );
    let trail = service.ledger.trail();
    let acts: Vec<_> = trail
        .iter()
        .map(|(_, act, on)| (*act, on.as_str()))
        .collect();
    assert_eq!(acts, [("invoice:write", "1"), ("invoice:approve", "1")]);
    assert_eq!(trail[0].0, service.directory.who("bob").map(|bob| bob.user));
}

#[tokio::test]
async fn nobody_approves_what_they_wrote() {
    let app = router(service());

    ask(&app, "ada", "POST", "/invoices").await;

    let (status, _) = ask(&app, "ada", "POST", "/invoices/1/approve").await;
    assert_eq!(status, StatusCode::CONFLICT);
}

#[tokio::test]
async fn what_is_held_for_ones_own_things_opens_no_others() {
    let app = router(service());
    ask(&app, "bob", "POST", "/invoices").await;
    ask(&app, "cleo", "POST", "/invoices").await;

    let others = ask(&app, "cleo", "POST", "/invoices/1/approve").await.0;
    let own = ask(&app, "cleo", "POST", "/invoices/2/approve").await.0;

    // The policy lets her; this team's own rule does not.
    assert_eq!((others, own), (StatusCode::FORBIDDEN, StatusCode::CONFLICT));
}

#[tokio::test]
async fn an_invoice_of_another_company_is_not_there() {
    let app = router(service());
    ask(&app, "bob", "POST", "/invoices").await;

    let (_, list) = ask(&app, "eve", "GET", "/invoices").await;
    let (status, _) = ask(&app, "eve", "POST", "/invoices/1/approve").await;

    assert_eq!((list, status), (json!([]), StatusCode::NOT_FOUND));
}

#[tokio::test]
async fn whoever_holds_nothing_or_is_suspended_is_refused_and_told_why_on_asking() {
    let app = router(service());

    for who in ["dora", "gone"] {
        let (status, _) = ask(&app, who, "GET", "/invoices").await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{who}");
    }
    let nobody = ask(&app, "nobody", "GET", "/invoices").await.0;
    assert_eq!(nobody, StatusCode::UNAUTHORIZED);

    for (who, reason) in [("dora", "not_held"), ("gone", "member_suspended")] {
        let (_, why) = ask(&app, who, "GET", "/why/invoice:list").await;
        assert_eq!(why, json!({ "permitted": false, "reason": reason }));
    }
    let (_, why) = ask(&app, "bob", "GET", "/why/invoice:list").await;
    assert_eq!(why, json!({ "permitted": true, "reason": null }));
}
