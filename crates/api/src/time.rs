//! Instants as they stand in requests and answers.

use bailiwick_domain::Timestamp;
use std::str::FromStr;
use time::{OffsetDateTime, UtcOffset, format_description::well_known::Rfc3339};

/// An instant in the form of RFC 3339, in UTC.
pub(crate) fn rfc3339(at: Timestamp) -> String {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(at.as_micros()) * 1_000)
        .ok()
        .and_then(|at| at.format(&Rfc3339).ok())
        .unwrap_or_default()
}

/// A text that is no instant.
#[derive(Debug, thiserror::Error)]
#[error("must be an instant like `2030-01-31T12:00:00Z`")]
pub(crate) struct InvalidInstant;

/// An instant that is written so; what is finer than a microsecond is cut off.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Instant(pub(crate) Timestamp);

impl FromStr for Instant {
    type Err = InvalidInstant;

    fn from_str(text: &str) -> Result<Self, InvalidInstant> {
        let at = OffsetDateTime::parse(text, &Rfc3339).map_err(|_| InvalidInstant)?;
        // Four digits of a year in one zone can be five, or none, in another.
        let at = at.checked_to_offset(UtcOffset::UTC);
        let at = at.filter(|at| (0..=9_999).contains(&at.year()));
        let at = at.ok_or(InvalidInstant)?;
        let micros = at.unix_timestamp_nanos().div_euclid(1_000);
        let micros = i64::try_from(micros).map_err(|_| InvalidInstant)?;
        Ok(Self(Timestamp::from_micros(micros)))
    }
}
