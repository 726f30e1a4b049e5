//! Proof that somebody reads the mail of an account is written down.

use bailiwick_domain::{MailedTokenId, UserId, mailed::Redeemed};

fn attempt(user: UserId, token: MailedTokenId) -> Redeemed {
    Redeemed { user, token }
}

fn main() {}
