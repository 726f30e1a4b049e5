//! A row requires a permission that no principal of this service can hold.

use bailiwick_api::{
    access::{Public, Requires},
    answer::NoContent,
    operations::Does,
    routes::Routes,
};

bailiwick_domain::permissions! {
    /// A catalogue of one's own.
    pub enum Mine, pub mod mine {
        /// Add members.
        InviteMember "member:add" TenantScope<Write> High;
    }
}

async fn handler(_: Public) -> NoContent {
    NoContent
}

fn main() {
    let _ = Routes::default().post(
        "/members",
        Requires(mine::InviteMember),
        handler,
        Does::Live,
    );
}
