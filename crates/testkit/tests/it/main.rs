//! The testkit, held to what it promises.

#![expect(clippy::unwrap_used, reason = "what a test cannot do, it fails at")]

mod postgres;
