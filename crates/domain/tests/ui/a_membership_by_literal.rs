//! Proof that somebody is a member is written down field by field.

use bailiwick_domain::{
    MemberId, UserId,
    access::{MemberScope, Read, TenantScope, Write},
};

fn attempt(
    user: UserId,
    member: MemberId,
    reading: TenantScope<Read>,
    writing: TenantScope<Write>,
) -> MemberScope {
    MemberScope {
        user,
        member,
        reading,
        writing,
    }
}

fn main() {}
