//! Keys, tokens and passwords, over real components.

#![expect(clippy::unwrap_used, reason = "a test says what is wrong by failing")]

mod attempts;
mod keys;
mod mail;
mod passwords;
mod sealing;
