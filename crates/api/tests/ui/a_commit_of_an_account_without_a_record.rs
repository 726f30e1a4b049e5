//! A change of an account is made to last without a record of who made it.

use bailiwick_application::ports::AccountUnit;

async fn attempt(unit: Box<dyn AccountUnit>) {
    let _ = unit.commit().await;
}

fn main() {}
