//! A password becomes somebody's new one past the policy.

use bailiwick_domain::password::{NewPassword, Password};

fn attempt(password: Password) -> NewPassword {
    NewPassword(password)
}

fn main() {}
