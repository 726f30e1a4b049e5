//! A change is made to last without a record of who made it.

use bailiwick_application::ports::TenantUnit;

async fn attempt(unit: Box<dyn TenantUnit>) {
    let _ = unit.commit().await;
}

fn main() {}
