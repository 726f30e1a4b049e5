//! A weak permission is paired with a strong scope, under the seal of another action.

use bailiwick_domain::access::{
    Action, Permission, TenantScope, Write,
    action::{ListMembers, Seal},
};

struct ListMembersAndWrite;

impl Action for ListMembersAndWrite {
    type Catalogue = Permission;
    type Scope = TenantScope<Write>;
    const PERMISSION: Permission = Permission::ListMembers;

    fn seal() -> Seal<Self> {
        ListMembers::seal()
    }
}

fn main() {}
