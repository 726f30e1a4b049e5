//! How far the database's clock is from ours.

use super::{Context, Database, Pools};
use sea_orm::DbErr;
use std::{
    fmt,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

/// How far the clock of the database is from the clock of this machine, in microseconds, as near as a round trip tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClockSkew {
    /// How far ahead it is; negative: behind.
    ahead: i64,
    /// How far off that may be.
    give_or_take: i64,
}

impl ClockSkew {
    /// From when the database was asked and for how long, and what it said: all in microseconds.
    const fn of(asked: i64, took: i64, said: i64) -> Self {
        Self {
            ahead: said - (asked + took / 2),
            give_or_take: took / 2 + 1,
        }
    }

    /// How far apart the clocks are at least.
    #[must_use]
    pub const fn at_least(&self) -> Duration {
        let apart = self.ahead.unsigned_abs();
        Duration::from_micros(apart.saturating_sub(self.give_or_take.unsigned_abs()))
    }
}

impl fmt::Display for ClockSkew {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let way = if self.ahead < 0 { "behind" } else { "ahead" };
        let (apart, off) = (self.ahead.unsigned_abs() / 1_000, self.give_or_take / 1_000);
        write!(f, "{apart} ms {way}, give or take {off} ms")
    }
}

impl Database {
    /// How far its clock is from this machine's; `None` where it has none of its own.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn clock_skew(&self) -> Result<Option<ClockSkew>, DbErr> {
        const NOW: &str = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS now";
        if let Pools::Sqlite(_) = self.pools {
            return Ok(None);
        }
        // The second time nothing has to be connected first.
        let mut skew = None;
        for _ in 0..2 {
            let (asked, began) = (SystemTime::now(), Instant::now());
            let rows = self.look(Context::nobody()).query_written(NOW).await?;
            let took = micros(began.elapsed());
            let said = rows.first().map(|row| row.try_get("", "now")).transpose()?;
            let asked = micros(asked.duration_since(UNIX_EPOCH).unwrap_or_default());
            skew = said.map(|said| ClockSkew::of(asked, took, said));
        }
        Ok(skew)
    }
}

fn micros(time: Duration) -> i64 {
    i64::try_from(time.as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_the_way_there_and_back_is_no_skew() {
        let second = 1_000_000;
        for (said, at_least, shown) in [
            (10 * second, 0, "0 ms ahead, give or take 10 ms"),
            (10 * second + 10_000, 0, "10 ms ahead, give or take 10 ms"),
            (13 * second, 2_989_999, "3000 ms ahead, give or take 10 ms"),
            (7 * second, 2_989_999, "3000 ms behind, give or take 10 ms"),
        ] {
            let skew = ClockSkew::of(10 * second - 10_000, 20_000, said);

            assert_eq!(skew.at_least(), Duration::from_micros(at_least));
            assert_eq!(skew.to_string(), shown);
        }
    }
}
