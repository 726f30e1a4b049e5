//! Leave to act on somebody's account is written down.

use bailiwick_domain::{UserId, access::AccountScope};

fn attempt(user: UserId) -> AccountScope {
    AccountScope { user, actor: Some(user) }
}

fn main() {}
