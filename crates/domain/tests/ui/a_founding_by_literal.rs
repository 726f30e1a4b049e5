//! Leave to found a tenant is written down.

use bailiwick_domain::{TenantId, UserId, access::Founding};

fn attempt(founder: UserId, tenant: TenantId) -> Founding {
    Founding { founder, tenant }
}

fn main() {}
