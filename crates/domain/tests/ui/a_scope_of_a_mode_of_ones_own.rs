//! A mode that is both comes from outside.

use bailiwick_domain::access::Mode;

#[derive(Debug)]
enum Both {}

impl Mode for Both {
    const WRITES: bool = true;
}

fn main() {}
