//! Instants as they stand in answers.

use bailiwick_domain::Timestamp;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// An instant in the form of RFC 3339, in UTC.
pub(crate) fn rfc3339(at: Timestamp) -> String {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(at.as_micros()) * 1_000)
        .ok()
        .and_then(|at| at.format(&Rfc3339).ok())
        .unwrap_or_default()
}
