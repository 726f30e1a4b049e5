//! The right way, which has to compile: else every attempt beside it could fail for the wrong reason.

use actix_web::{HttpResponse, web::Data};
use bailiwick_api::{
    access::{Access, AnyUser, Guard, Public, Recently, Requires, SignedIn},
    routes::Routes,
};
use bailiwick_application::ports::{Store, StoreError};
use bailiwick_domain::access::{
    Permission, Permit,
    action::{AddMember, ListMembers},
};

async fn anybody(_: Public) -> HttpResponse {
    HttpResponse::Ok().finish()
}

async fn signed_in(_: SignedIn) -> HttpResponse {
    HttpResponse::Ok().finish()
}

async fn list(_: Guard<ListMembers>) -> HttpResponse {
    HttpResponse::Ok().finish()
}

async fn add(permit: Guard<AddMember>, store: Data<dyn Store>) -> HttpResponse {
    let _ = write(&**store, &permit).await;
    HttpResponse::Ok().finish()
}

async fn write(store: &dyn Store, permit: &Permit<AddMember>) -> Result<(), StoreError> {
    let unit = store.begin(permit.scope()).await?;
    unit.commit(permit.entry("somebody")).await
}

pub(crate) fn main() {
    let routes = Routes::default()
        .get("/anybody", Public, anybody)
        .get("/signed-in", AnyUser, signed_in)
        .get("/members", Requires(ListMembers), list)
        .post("/members", Requires(AddMember), add)
        .put("/members", Recently(Requires(AddMember)), add);

    let declared = routes.iter().map(|route| route.access);
    assert!(declared.eq([
        Access::Public,
        Access::SignedIn,
        Access::Requires(Permission::ListMembers),
        Access::Requires(Permission::AddMember),
        Access::Requires(Permission::AddMember),
    ]));
}
