//! A tenant is read on the strength of knowing its id.

use bailiwick_application::ports::Store;
use bailiwick_domain::TenantId;

async fn attempt(store: &dyn Store, tenant: TenantId) {
    let _ = store.organization(&tenant).await;
}

fn main() {}
