//! The house as seen from outside: what it promises over HTTP, and how it is built.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed"
)]

#[macro_use]
mod world;

mod accounts;
mod acts;
mod architecture;
mod attack;
mod audit;
mod audit_trail;
mod book;
mod browser;
mod canonical;
mod company;
mod contract;
mod conventions;
mod corrupt;
mod docs_page;
mod documents;
mod examples;
mod explain;
mod idempotency;
mod invitations;
mod machines;
mod members;
mod oauth;
mod oracle;
mod organizations;
mod platform;
mod problems;
mod projects_seen;
mod published;
mod roles;
mod round_trips;
mod samples;
mod seed_contract;
mod sessions;
mod tenancy;
mod walk;
mod walls;
