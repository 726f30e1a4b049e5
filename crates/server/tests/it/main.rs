//! The binary as an operator meets it: a process, its output, its files.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test says what is wrong by failing"
)]

mod backup;
mod book;
mod clients;
mod command_line;
mod configuration;
mod crash;
mod doctor;
mod isolation;
mod logs;
mod metrics;
mod operators;
mod poolers;
mod process;
mod prometheus;
mod promises;
mod replicas;
mod schemathesis;
mod seeding;
mod stopping;
mod tour;
mod traces;
mod verifiers;
