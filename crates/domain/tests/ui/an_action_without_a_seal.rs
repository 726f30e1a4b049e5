//! A weak permission is paired with a strong scope, under no seal at all.

use bailiwick_domain::access::{Action, Permission, TenantScope, Write};

struct ListMembersAndWrite;

impl Action for ListMembersAndWrite {
    type Catalogue = Permission;
    type Scope = TenantScope<Write>;
    const PERMISSION: Permission = Permission::ListMembers;
}

fn main() {}
