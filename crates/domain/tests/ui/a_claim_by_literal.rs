//! Leave to look is written down field by field.

use bailiwick_domain::access::{
    Claim, Principal, Read, TenantScope, Write, action::UpdateProject,
};

fn attempt(
    principal: Principal,
    within: TenantScope<Write>,
    reading: TenantScope<Read>,
) -> Claim<UpdateProject> {
    Claim {
        principal,
        within,
        reading,
    }
}

fn main() {}
