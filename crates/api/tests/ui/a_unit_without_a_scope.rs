//! A store is opened for writing on nobody's leave.

use bailiwick_application::ports::Store;

async fn attempt(store: &dyn Store) {
    let _ = store.begin().await;
}

fn main() {}
