//! What became of refresh tokens, for whoever watches.

/// Takes note of verdicts on refresh tokens. It never waits.
pub trait Rotations: Send + Sync {
    /// A token was presented, and this has come of it.
    fn note(&self, presented: Presented);
}

/// What came of a refresh token that was presented.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Presented {
    /// It was spent: its successor has been committed.
    Rotated,
    /// It was spent a moment ago, and its successor was handed out again.
    Replayed,
    /// It was spent longer ago: somebody has a copy of it, and its chain has ended.
    Reused,
    /// Its chain was over already.
    Over,
}

impl Presented {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Rotated, Self::Replayed, Self::Reused, Self::Over];

    /// What it is called where it is counted.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rotated => "rotated",
            Self::Replayed => "replayed",
            Self::Reused => "reused",
            Self::Over => "over",
        }
    }
}
