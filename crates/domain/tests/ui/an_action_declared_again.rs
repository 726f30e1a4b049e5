//! An action of the built-in catalogue is given a stronger scope.

use bailiwick_domain::access::{
    Action, Permission, TenantScope, Write,
    action::{ListMembers, Seal},
};

impl Action for ListMembers {
    type Catalogue = Permission;
    type Scope = TenantScope<Write>;
    const PERMISSION: Permission = Permission::ListMembers;

    fn seal() -> Seal<Self> {
        loop {}
    }
}

fn main() {}
