//! Leave to see a project is renewed as leave to delete it.

use bailiwick_domain::access::{
    Denied, Permit, Principal,
    action::{DeleteProject, ReadProject},
    renew,
};

fn attempt(
    permit: &Permit<ReadProject>,
    principal: &Principal,
) -> Result<Permit<DeleteProject>, Denied> {
    renew(permit, principal)
}

fn main() {}
