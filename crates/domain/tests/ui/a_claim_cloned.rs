//! Leave to look is kept for later, while the original goes where it must.

use bailiwick_domain::access::{Claim, action::UpdateProject};

fn attempt(claim: &Claim<UpdateProject>) -> Claim<UpdateProject> {
    claim.clone()
}

fn main() {}
