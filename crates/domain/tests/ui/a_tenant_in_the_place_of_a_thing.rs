//! Leave for every thing of a tenant at once is asked for, without a look at any.

use bailiwick_domain::{
    TenantId,
    access::{Principal, action::UpdateProject, authorize},
};

fn attempt(principal: &Principal, tenant: TenantId) {
    let _ = authorize::<UpdateProject>(principal, tenant);
}

fn main() {}
