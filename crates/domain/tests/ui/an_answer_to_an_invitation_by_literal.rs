//! Leave to answer somebody's invitation is written down.

use bailiwick_domain::{
    InvitationId, TenantId, UserId,
    invitation::{Redemption, Shown},
};

fn attempt(user: UserId, tenant: TenantId, invitation: InvitationId) -> Redemption {
    Redemption {
        user: Some(user),
        tenant,
        invitation,
        shown: Shown::Secret,
    }
}

fn main() {}
