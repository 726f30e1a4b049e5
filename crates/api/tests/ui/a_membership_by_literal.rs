//! A handler makes its own proof of membership.

use bailiwick_api::access::Membership;
use bailiwick_domain::access::MemberScope;

fn attempt(scope: MemberScope) -> Membership {
    Membership(scope)
}

fn main() {}
