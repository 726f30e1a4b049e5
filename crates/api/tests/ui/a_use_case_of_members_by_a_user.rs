//! A handler that knows who is signed in, and not where they are a member, lets them leave.

use bailiwick_api::access::SignedIn;
use bailiwick_application::members::Members;

async fn attempt(caller: SignedIn, members: Members) {
    let _ = members.leave(&caller).await;
}

fn main() {}
