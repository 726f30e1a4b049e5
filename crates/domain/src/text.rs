//! What people call things.
//!
//! ```
//! use bailiwick_domain::Name;
//!
//! let name: Name = "  Ada Lovelace ".parse()?;
//! assert_eq!(name.as_str(), "Ada Lovelace");
//! # Ok::<(), bailiwick_domain::text::InvalidName>(())
//! ```

use alloc::{borrow::ToOwned, string::String};
use core::{fmt, str::FromStr};

/// The name of a person, an organization, a role or a project: 1 to 200 characters, trimmed, and none that is not seen
/// but changes how the others are read.
///
/// ```
/// use bailiwick_domain::{Name, text::InvalidName};
///
/// assert_eq!("Acme, Inc.".parse::<Name>()?.as_str(), "Acme, Inc.");
/// assert_eq!("x".repeat(Name::MAX + 1).parse::<Name>(), Err(InvalidName::TooLong));
/// # Ok::<(), InvalidName>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(String);

/// Why a text is no [`Name`].
///
/// ```
/// use bailiwick_domain::{Name, text::InvalidName};
///
/// assert_eq!(" ".parse::<Name>(), Err(InvalidName::Empty));
/// // U+202E turns what follows around.
/// assert_eq!("Acme \u{202e}gnp".parse::<Name>(), Err(InvalidName::Invisible));
/// ```
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
    /// A character that turns the direction of others, or is nothing to look at: two names could look like one.
    #[error("must not contain invisible characters")]
    Invisible,
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
        } else if text.chars().any(is_invisible) || text.chars().all(is_joiner) {
            Err(InvalidName::Invisible)
        } else {
            Ok(Self(text.to_owned()))
        }
    }
}

/// Default ignorable and bidirectional characters, and line separators (Unicode 16, `DerivedCoreProperties.txt` and
/// UAX #9), but for joiners, which Persian and the scripts of India are not written without, and variation selectors.
const fn is_invisible(letter: char) -> bool {
    matches!(letter,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180e}'
        | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e00ff}'
    )
}

/// What stands between characters and is none by itself.
const fn is_joiner(letter: char) -> bool {
    matches!(letter, '\u{200c}' | '\u{200d}' | '\u{fe00}'..='\u{fe0f}')
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
