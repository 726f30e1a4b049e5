//! A handler that was given leave to list adds somebody.

use bailiwick_api::access::Guard;
use bailiwick_application::members::{Add, Members};
use bailiwick_domain::access::action::ListMembers;

async fn attempt(permit: Guard<ListMembers>, members: Members, add: Add) {
    let _ = members.add(&permit, add).await;
}

fn main() {}
