//! What people call things.

use std::{fmt, str::FromStr};

/// The name of a person, an organization or a project: 1 to 200 characters without control characters, trimmed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(String);

/// Why a text is no [`Name`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidName {
    /// Nothing is left after trimming.
    #[error("must not be empty")]
    Empty,
    /// More than 200 characters are left after trimming.
    #[error("must have at most {} characters", Name::MAX)]
    TooLong,
    /// A NUL, a line break, an escape or the like.
    #[error("must not contain control characters")]
    Control,
}

impl Name {
    /// The greatest length, in characters.
    pub const MAX: usize = 200;

    /// A name that stands in this crate.
    pub(crate) fn fixed(text: &'static str) -> Self {
        Self(text.to_owned())
    }

    /// The name as people read it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Name {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let text = text.trim();
        if text.is_empty() {
            Err(InvalidName::Empty)
        } else if text.chars().count() > Self::MAX {
            Err(InvalidName::TooLong)
        } else if text.chars().any(char::is_control) {
            Err(InvalidName::Control)
        } else {
            Ok(Self(text.to_owned()))
        }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
