//! A store is opened for writing on the strength of knowing a tenant's id.

use bailiwick_application::ports::Store;
use bailiwick_domain::TenantId;

async fn attempt(store: &dyn Store, tenant: TenantId) {
    let _ = store.begin(&tenant).await;
}

fn main() {}
