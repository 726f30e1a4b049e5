//! A weak permission is paired with a strong scope, under a seal that is made by hand.

use bailiwick_domain::access::{Action, Permission, TenantScope, Write, action::Seal};
use std::marker::PhantomData;

struct ListMembersAndWrite;

impl Action for ListMembersAndWrite {
    type Catalogue = Permission;
    type Scope = TenantScope<Write>;
    const PERMISSION: Permission = Permission::ListMembers;

    fn seal() -> Seal<Self> {
        Seal(PhantomData)
    }
}

fn main() {}
