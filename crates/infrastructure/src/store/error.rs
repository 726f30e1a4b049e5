//! What the database refuses, in words that a use case can act on.

use crate::database::unavailable;
use bailiwick_application::ports::{StoreError, Unique};
use sea_orm::{DbErr, SqlErr};

/// Constraint (PostgreSQL), columns (SQLite), meaning.
#[rustfmt::skip]
const UNIQUE: &[(&str, &str, Unique)] = &[
    ("uq_users_email",               "users.email",                                         Unique::Email),
    ("uq_tenants_slug",              "tenants.slug",                                        Unique::Slug),
    ("pk_slugs",                     "slugs.slug",                                          Unique::Slug),
    ("uq_roles_name",                "roles.tenant_id, roles.name",                         Unique::RoleName),
    ("uq_members_user",              "members.tenant_id, members.user_id",                  Unique::Member),
    ("uq_invitations_pending",       "invitations.tenant_id, invitations.email",            Unique::PendingInvitation),
    ("uq_projects_name",             "projects.tenant_id, projects.name",                   Unique::ProjectName),
    ("uq_refresh_chains_tenant",     "refresh_chains.session_id, refresh_chains.tenant_id", Unique::LiveChain),
    ("uq_refresh_chains_no_tenant",  "refresh_chains.session_id",                           Unique::LiveChain),
];

pub(super) fn store_error(error: DbErr) -> StoreError {
    if let Some(SqlErr::UniqueConstraintViolation(detail)) = error.sql_err()
        && let Some((.., taken)) = UNIQUE.iter().find(|(constraint, columns, _)| {
            detail.contains(constraint) || detail.ends_with(columns)
        })
    {
        return StoreError::Taken(*taken);
    }
    if let Some(SqlErr::ForeignKeyConstraintViolation(_)) = error.sql_err() {
        return StoreError::Gone;
    }
    if unavailable(&error) {
        return StoreError::Unavailable(error.into());
    }
    StoreError::Corrupt(error.to_string())
}
