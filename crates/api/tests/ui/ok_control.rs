//! The right way, which has to compile: else every attempt beside it could fail for the wrong reason.

use actix_web::web::Data;
use bailiwick_api::{
    access::{
        Access, AnyMember, AnyUser, Claimed, Guard, Membership, Public, Recently, Requires,
        RequiresOn, SignedIn,
    },
    answer::NoContent,
    operations::Does,
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

async fn anybody(_: Public) -> NoContent {
    NoContent
}

async fn signed_in(_: SignedIn) -> NoContent {
    NoContent
}

async fn list(_: Guard<ListMembers>) -> NoContent {
    NoContent
}

async fn add(permit: Guard<InviteMember>, store: Data<dyn Store>) -> NoContent {
    let _ = write(&**store, &permit).await;
    NoContent
}

async fn leave(membership: Membership, members: Data<Members>) -> NoContent {
    let _ = members.leave(&membership).await;
    NoContent
}

async fn rename(claim: Claimed<UpdateProject>, projects: Data<Projects>) -> NoContent {
    let id = ProjectId::from_uuid(Uuid::nil());
    let _ = projects.rename(&claim, id, "Apollo".parse().unwrap()).await;
    NoContent
}

async fn write(store: &dyn Store, permit: &Permit<InviteMember>) -> Result<(), StoreError> {
    let unit = store.begin(permit.scope()).await?;
    unit.commit(permit.entry("somebody")).await
}

pub(crate) fn main() {
    let routes = Routes::default()
        .get("/anybody", Public, anybody, Does::Live)
        .get("/signed-in", AnyUser, signed_in, Does::Live)
        .get("/members", Requires(ListMembers), list, Does::Live)
        .post("/members", Requires(InviteMember), add, Does::Live)
        .put(
            "/members",
            Recently(Requires(InviteMember)),
            add,
            Does::Live,
        )
        .post("/leave", AnyMember, leave, Does::Live)
        .patch("/projects", RequiresOn(UpdateProject), rename, Does::Live);

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
