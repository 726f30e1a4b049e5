//! Passwords: what is typed, what is taken, and what is kept.
//!
//! ```
//! use bailiwick_domain::password::{PasswordPolicy, WeakPassword};
//!
//! let policy = PasswordPolicy::default();
//! assert_eq!(policy.check("password1234", &[]), Err(WeakPassword::Common));
//! assert_eq!(policy.check("correct horse battery", &[]), Ok(()));
//! ```

use alloc::{borrow::ToOwned, collections::BTreeSet, string::String, vec, vec::Vec};
use core::{cmp::Ordering, fmt};

/// A password as it was typed: any bytes, never printed, never changed.
///
/// ```
/// use bailiwick_domain::password::Password;
///
/// let typed = Password::typed("correct horse battery".to_owned());
///
/// assert!(typed.is_bounded());
/// assert_eq!(typed.expose(), "correct horse battery");
/// assert_eq!(format!("{typed:?}"), "Password(…)");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

/// A password that the policy has taken.
///
/// ```
/// use bailiwick_domain::password::{Password, PasswordPolicy};
///
/// let new = PasswordPolicy::default().accept("correct horse battery", &["Ada"])?;
/// assert_eq!(Password::from(new).expose(), "correct horse battery");
/// # Ok::<(), bailiwick_domain::password::WeakPassword>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPassword(Password);

/// A password as the database holds it: a PHC string, which is salted and slow to try.
///
/// ```
/// use bailiwick_domain::password::PasswordHash;
///
/// let hash = PasswordHash::from_phc("$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA".to_owned());
///
/// assert!(hash.as_phc().starts_with("$argon2id$"));
/// assert_eq!(format!("{hash:?}"), "PasswordHash(…)");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

/// What a new password must be (NIST SP 800-63B-4 §3.1.1.2): long, and nothing that is guessed first. There are no
/// rules about kinds of characters.
///
/// ```
/// use bailiwick_domain::password::{PasswordPolicy, WeakPassword};
///
/// let policy = PasswordPolicy::at_least(15);
///
/// assert_eq!(policy.min_length(), 15);
/// assert_eq!(policy.check("staple anvil", &[]), Err(WeakPassword::TooShort(15)));
/// assert!(policy.accept("staple anvil lantern", &["Ada", "ada@example.com"]).is_ok());
/// assert_eq!(PasswordPolicy::at_least(0).min_length(), PasswordPolicy::FLOOR);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PasswordPolicy {
    min_length: usize,
}

/// Why a password is not taken.
///
/// ```
/// use bailiwick_domain::password::WeakPassword;
///
/// assert_eq!(WeakPassword::TooShort(12).to_string(), "must have at least 12 characters");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WeakPassword {
    /// Fewer characters than the policy asks for.
    #[error("must have at least {0} characters")]
    TooShort(usize),
    /// More octets than [`Password::MAX`].
    #[error("must have at most {} bytes", Password::MAX)]
    TooLong,
    /// One of those that are tried first, with or without digits and signs around it.
    #[error("is among the most common passwords")]
    Common,
    /// The name or the address of whoever it belongs to, or of this service.
    #[error("must not be your name or your address")]
    Personal,
    /// A few characters again and again, or in the order of the alphabet.
    #[error("must not be a repetition or a sequence")]
    Pattern,
}

impl Password {
    /// The greatest length, in octets, so that hashing has a bound.
    pub const MAX: usize = 1024;

    /// A password as it was typed.
    #[must_use]
    pub const fn typed(text: String) -> Self {
        Self(text)
    }

    /// May it be hashed at all? A longer one is nobody's.
    #[must_use]
    pub const fn is_bounded(&self) -> bool {
        self.0.len() <= Self::MAX
    }

    /// What was typed.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl PasswordPolicy {
    /// No deployment may ask for less.
    pub const FLOOR: usize = 8;

    /// At least this many characters, and never fewer than [`PasswordPolicy::FLOOR`].
    #[must_use]
    pub fn at_least(min_length: usize) -> Self {
        Self {
            min_length: min_length.max(Self::FLOOR),
        }
    }

    /// The fewest characters of a new password.
    #[must_use]
    pub const fn min_length(&self) -> usize {
        self.min_length
    }

    /// Takes a new password; `about` is what is known of whoever it will belong to: names, addresses.
    ///
    /// # Errors
    /// When it is too short, too long, or among the first that anybody would guess.
    pub fn accept(&self, text: &str, about: &[&str]) -> Result<NewPassword, WeakPassword> {
        self.check(text, about)?;
        Ok(NewPassword(Password(text.to_owned())))
    }

    /// Says what is wrong with a new password, if anything is.
    ///
    /// # Errors
    /// As [`accept`](Self::accept).
    pub fn check(&self, text: &str, about: &[&str]) -> Result<(), WeakPassword> {
        if text.chars().count() < self.min_length {
            return Err(WeakPassword::TooShort(self.min_length));
        }
        if text.len() > Password::MAX {
            return Err(WeakPassword::TooLong);
        }
        if is_pattern(text) {
            return Err(WeakPassword::Pattern);
        }
        let guesses = guesses(text);
        if guesses.iter().any(|guess| is_common(guess)) {
            return Err(WeakPassword::Common);
        }
        let personal = personal(about);
        if guesses
            .iter()
            .any(|guess| personal.contains(&letters(guess)))
        {
            return Err(WeakPassword::Personal);
        }
        Ok(())
    }
}

/// A line each, in the order of their bytes, below a few that begin with `# `.
const COMMON: &str = include_str!("common.txt");

/// Is it on the list? Looked up by halving: that needs neither a table in memory nor a moment in which to fill one.
fn is_common(guess: &str) -> bool {
    let ends = |byte: &u8| *byte == b'\n';
    let mut rest = COMMON.as_bytes();
    while let Some(below) = rest.strip_prefix(b"# ") {
        let note = below.iter().position(ends).unwrap_or(below.len());
        rest = below.get(note + 1..).unwrap_or_default();
    }
    while !rest.is_empty() {
        let (head, _) = rest.split_at(rest.len() / 2);
        let start = head.iter().rposition(ends).map_or(0, |end| end + 1);
        let (before, from) = rest.split_at(start);
        let length = from.iter().position(ends).unwrap_or(from.len());
        let (line, after) = from.split_at(length);
        rest = match guess.as_bytes().cmp(line) {
            Ordering::Less => before,
            Ordering::Equal => return true,
            Ordering::Greater => after.get(1..).unwrap_or_default(),
        };
    }
    false
}

/// What the password is to whoever guesses: itself, without digits and signs around it, and with letters for the signs
/// that look like them.
fn guesses(text: &str) -> Vec<String> {
    let whole = text.to_lowercase();
    let bare = whole.trim_matches(|sign: char| !sign.is_alphabetic());
    let plain: String = whole.chars().map(look_alike).collect();
    let plain_bare = plain.trim_matches(|sign: char| !sign.is_alphabetic());
    let trimmed = bare.chars().map(look_alike).collect();
    vec![
        bare.to_owned(),
        plain_bare.to_owned(),
        trimmed,
        plain.clone(),
        whole,
    ]
}

const fn look_alike(sign: char) -> char {
    match sign {
        '0' => 'o',
        '1' | '!' => 'i',
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' => 't',
        other => other,
    }
}

/// The names, the addresses and their parts, as letters alone. Parts too short to be anybody's are left out.
fn personal(about: &[&str]) -> BTreeSet<String> {
    const SHORTEST: usize = 3;
    let local = about
        .iter()
        .filter_map(|fact| fact.split_once('@'))
        .map(|(local, _)| local);
    let parts = about
        .iter()
        .flat_map(|fact| fact.split(|sign: char| !sign.is_alphanumeric()));
    about
        .iter()
        .copied()
        .chain(local)
        .chain(parts)
        .chain(["bailiwick"])
        .map(|fact| letters(&fact.to_lowercase()))
        .filter(|fact| fact.chars().count() >= SHORTEST)
        .collect()
}

fn letters(text: &str) -> String {
    text.chars().filter(|sign| sign.is_alphabetic()).collect()
}

/// The longest group of characters whose repetition is no password.
const LONGEST_UNIT: usize = 4;

fn is_pattern(text: &str) -> bool {
    let text: Vec<char> = text.to_lowercase().chars().collect();
    let repeats = (1..=LONGEST_UNIT).any(|unit| {
        text.len() > unit
            && text
                .iter()
                .zip(text.iter().skip(unit))
                .all(|(one, other)| one == other)
    });
    let follows = |step: i64| {
        text.iter().zip(text.iter().skip(1)).all(|(&one, &next)| {
            let distance = i64::from(u32::from(next)) - i64::from(u32::from(one));
            // After 9 comes 0.
            distance == step || (one, next) == ('9', '0') || (one, next) == ('0', '9')
        })
    };
    repeats || follows(1) || follows(-1)
}

impl Default for PasswordPolicy {
    fn default() -> Self {
        Self::at_least(12)
    }
}

impl PasswordHash {
    /// The hash with this PHC string.
    #[must_use]
    pub const fn from_phc(phc: String) -> Self {
        Self(phc)
    }

    /// The PHC string.
    #[must_use]
    pub fn as_phc(&self) -> &str {
        &self.0
    }
}

impl From<NewPassword> for Password {
    fn from(NewPassword(password): NewPassword) -> Self {
        password
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    const ADA: [&str; 2] = ["Ada Lovelace", "ada.lovelace@analytical.example"];

    #[test]
    fn what_is_guessed_first_is_refused() {
        let policy = PasswordPolicy::default();
        let cases = [
            ("short", WeakPassword::TooShort(12)),
            ("password1234", WeakPassword::Common),
            ("P@ssw0rd!2026", WeakPassword::Common),
            ("1q2w3e4r5t6y", WeakPassword::Common),
            ("!!!Qwerty12345", WeakPassword::Common),
            ("adalovelace1815", WeakPassword::Personal),
            ("Lovelace-1815", WeakPassword::Personal),
            ("ada.lovelace@analytical.example", WeakPassword::Personal),
            ("Bailiwick2026!", WeakPassword::Personal),
            ("aaaaaaaaaaaa", WeakPassword::Pattern),
            ("abcabcabcabcab", WeakPassword::Pattern),
            ("abcdefghijklmn", WeakPassword::Pattern),
            ("012345678901", WeakPassword::Pattern),
            ("987654321098", WeakPassword::Pattern),
        ];

        for (text, weakness) in cases {
            assert_eq!(policy.check(text, &ADA), Err(weakness), "{text}");
        }
    }

    #[test]
    fn whatever_is_on_the_list_is_found_and_nothing_beside_it() {
        let list: BTreeSet<_> = COMMON
            .lines()
            .filter(|line| !line.starts_with("# "))
            .collect();
        assert!(list.len() > 20_000);

        for line in &list {
            assert!(is_common(line), "{line}");
            let shorter = &line[..line.floor_char_boundary(line.len() - 1)];
            for near in [
                line.to_uppercase(),
                [line, " "].concat(),
                shorter.to_owned(),
            ] {
                assert_eq!(is_common(&near), list.contains(near.as_str()), "{near}");
            }
        }
        for other in ["", "# ", "# Common", "~~~~~~~~", "\u{10ffff}"] {
            assert!(!is_common(other), "{other}");
        }
    }

    #[test]
    fn what_is_long_and_its_owners_own_is_taken() {
        let policy = PasswordPolicy::default();

        for text in [
            "correct horse battery staple",
            "staple anvil lantern",
            "Ada's engine weaves algebra",
            "ein Paßwort mit Umlauten: äöü",
            "パスワードは長いほうがよいです",
            "my password is long enough",
            "S3cure-Passw0rd-123!",
        ] {
            assert_eq!(policy.check(text, &ADA), Ok(()), "{text}");
        }
    }

    #[test]
    fn length_is_counted_in_characters_and_bounded_in_bytes() {
        let policy = PasswordPolicy::at_least(1);
        let of = |letter: char, count: usize| -> String {
            (0..count)
                .map(|n| if n % 7 == 0 { 'x' } else { letter })
                .collect()
        };

        assert_eq!(policy.min_length(), PasswordPolicy::FLOOR);
        assert_eq!(policy.check(&of('ä', 8), &[]), Ok(()));
        assert_eq!(
            policy.check(&of('ä', 7), &[]),
            Err(WeakPassword::TooShort(8))
        );
        assert_eq!(policy.check(&of('a', 1024), &[]), Ok(()));
        assert_eq!(
            policy.check(&of('a', 1025), &[]),
            Err(WeakPassword::TooLong)
        );
    }

    #[test]
    fn no_password_is_printed() {
        let policy = PasswordPolicy::default();
        let password = policy.accept("staple anvil lantern", &[]).unwrap();

        assert!(!format!("{password:?}{:?}", Password::from(password.clone())).contains("anvil"));
    }
}
