//! A handler makes its own claim.

use bailiwick_api::access::Claimed;
use bailiwick_domain::access::{Claim, action::UpdateProject};

fn attempt(claim: Claim<UpdateProject>) -> Claimed<UpdateProject> {
    Claimed(claim)
}

fn main() {}
