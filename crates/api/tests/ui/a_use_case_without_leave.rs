//! A handler that asked nothing adds somebody.

use bailiwick_application::members::{Add, Members};

async fn attempt(members: Members, add: Add) {
    let _ = members.add(add).await;
}

fn main() {}
