//! The right way, which has to compile: else every attempt beside it could fail for the wrong reason.

use actix_web::{HttpResponse, web::Data};
use bailiwick_api::{
    access::{
        Access, AnyMember, AnyUser, Claimed, Guard, Membership, Public, Recently, Requires,
        RequiresOn, SignedIn,
    },
    routes::Routes,
};
use bailiwick_application::{
    members::Members,
    ports::{Store, StoreError},
    projects::Projects,
};
use bailiwick_domain::{
    ProjectId,
    access::{
        Permission, Permit,
        action::{InviteMember, ListMembers, UpdateProject},
    },
};
use uuid::Uuid;

async fn anybody(_: Public) -> HttpResponse {
    HttpResponse::Ok().finish()
}

async fn signed_in(_: SignedIn) -> HttpResponse {
    HttpResponse::Ok().finish()
}

async fn list(_: Guard<ListMembers>) -> HttpResponse {
    HttpResponse::Ok().finish()
}

async fn add(permit: Guard<InviteMember>, store: Data<dyn Store>) -> HttpResponse {
    let _ = write(&**store, &permit).await;
    HttpResponse::Ok().finish()
}

async fn leave(membership: Membership, members: Data<Members>) -> HttpResponse {
    let _ = members.leave(&membership).await;
    HttpResponse::Ok().finish()
}

async fn rename(claim: Claimed<UpdateProject>, projects: Data<Projects>) -> HttpResponse {
    let id = ProjectId::from_uuid(Uuid::nil());
    let _ = projects.rename(&claim, id, "Apollo".parse().unwrap()).await;
    HttpResponse::Ok().finish()
}

async fn write(store: &dyn Store, permit: &Permit<InviteMember>) -> Result<(), StoreError> {
    let unit = store.begin(permit.scope()).await?;
    unit.commit(permit.entry("somebody")).await
}

pub(crate) fn main() {
    let routes = Routes::default()
        .get("/anybody", Public, anybody)
        .get("/signed-in", AnyUser, signed_in)
        .get("/members", Requires(ListMembers), list)
        .post("/members", Requires(InviteMember), add)
        .put("/members", Recently(Requires(InviteMember)), add)
        .post("/leave", AnyMember, leave)
        .patch("/projects", RequiresOn(UpdateProject), rename);

    let declared = routes.iter().map(|route| route.access);
    assert!(declared.eq([
        Access::Public,
        Access::SignedIn,
        Access::Requires(Permission::ListMembers),
        Access::Requires(Permission::InviteMember),
        Access::Requires(Permission::InviteMember),
        Access::Member,
        Access::RequiresOn(Permission::UpdateProject),
    ]));
}
