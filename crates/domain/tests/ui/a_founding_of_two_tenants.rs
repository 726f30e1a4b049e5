//! Leave to found is used twice.

use bailiwick_domain::{
    TenantId,
    access::{AccountScope, Founding},
};

fn attempt(account: AccountScope, one: TenantId, other: TenantId) -> [Founding; 2] {
    [account.founding(one), account.founding(other)]
}

fn main() {}
