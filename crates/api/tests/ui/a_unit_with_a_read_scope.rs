//! A store is opened for writing with leave to read.

use bailiwick_application::ports::Store;
use bailiwick_domain::access::{Permit, action::ListMembers};

async fn attempt(store: &dyn Store, permit: &Permit<ListMembers>) {
    let _ = store.begin(permit.scope()).await;
}

fn main() {}
