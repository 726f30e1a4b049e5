//! A change is committed with leave to look for what is to be changed.

use bailiwick_domain::access::{Claim, Permit, action::UpdateProject};

fn commit(_: &Permit<UpdateProject>) {}

fn attempt(claim: &Claim<UpdateProject>) {
    commit(claim);
}

fn main() {}
