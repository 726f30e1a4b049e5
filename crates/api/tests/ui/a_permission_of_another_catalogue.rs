//! A row requires a permission that no principal of this service can hold.

use actix_web::HttpResponse;
use bailiwick_api::{
    access::{Public, Requires},
    routes::Routes,
};

bailiwick_domain::permissions! {
    /// A catalogue of one's own.
    pub enum Mine, pub mod mine {
        /// Add members.
        InviteMember "member:add" TenantScope<Write> High;
    }
}

async fn handler(_: Public) -> HttpResponse {
    HttpResponse::Ok().finish()
}

fn main() {
    let _ = Routes::default().post("/members", Requires(mine::InviteMember), handler);
}
