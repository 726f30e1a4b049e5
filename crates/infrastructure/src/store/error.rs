//! What the database refuses, in words that a use case can act on.

use crate::database::unavailable;
use bailiwick_application::ports::{StoreError, Unique};
use sea_orm::{DbErr, RuntimeErr, SqlErr};

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
    ("pk_kept_answers",              "kept_answers.id",                                     Unique::Request),
    ("uq_kept_answers_id",           "kept_answers.tenant_id, kept_answers.id",             Unique::Request),
];

pub(crate) fn store_error(error: DbErr) -> StoreError {
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
    StoreError::Broken(error.to_string())
}

/// Which column does not hold what it is for, and what is wrong with it, if that is what went wrong.
pub(super) fn undecoded(error: &DbErr) -> Option<(String, String)> {
    match error {
        DbErr::Query(RuntimeErr::SqlxError(error)) => match &**error {
            sqlx::Error::ColumnDecode { index, source } => {
                Some((index.trim_matches('"').to_owned(), source.to_string()))
            }
            _ => None,
        },
        // NULL where it cannot be: the name stands in quotes.
        DbErr::Type(text) => {
            let column = text.split(['\'', '"']).nth(1)?;
            Some((column.to_owned(), "is NULL".to_owned()))
        }
        _ => None,
    }
}
