//! What has to be different before strangers are let in, and what may be shown of settings.

use super::{
    Config, Profile,
    reference::{Secrecy, secrecy},
};
use bailiwick_infrastructure::SealingKey;
use std::{
    fmt, fs,
    path::{Path, PathBuf},
};

/// A setting that has to be different, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The setting.
    pub key: &'static str,
    /// What is wrong with it, and what to do about it.
    pub complaint: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` {}", self.key, self.complaint)
    }
}

/// What our examples have in the place of a password.
const PLACEHOLDERS: [&str; 3] = ["change-me", "changeme", "one-secret"];
/// The fewest bytes of a secret that nobody guesses.
const FEWEST: usize = 16;

impl Config {
    /// What keeps it from starting, by its profile; nothing, with the profile `embedded`.
    #[must_use]
    pub fn findings(&self) -> Vec<Finding> {
        match self.profile {
            Profile::Embedded => Vec::new(),
            Profile::Production => self.unfit(),
        }
    }

    fn unfit(&self) -> Vec<Finding> {
        let default = Self::default();
        let mut found = Vec::new();
        let mut complain = |key, complaint: &str| {
            found.push(Finding {
                key,
                complaint: complaint.to_owned(),
            });
        };
        if self.database.url == default.database.url {
            complain("database.url", "is not set: name the database");
        }
        if self.database.allow_unsafe_role {
            complain("database.allow_unsafe_role", "is for development only");
        }
        match &self.http.public_url {
            None => complain(
                "http.public_url",
                "is not set: issuer and links depend on it",
            ),
            Some(url) if !url.starts_with("https://") => {
                complain(
                    "http.public_url",
                    "is not `https://`: tokens would travel in plain text",
                );
            }
            Some(_) => {}
        }
        if !self.limits.enabled {
            complain(
                "limits.enabled",
                "is `false`: passwords could be guessed without end",
            );
        }
        if self.mail.smtp_url.is_none() {
            complain(
                "mail.smtp_url",
                "is not set: links with secrets would go to the log",
            );
        }
        if self.mail.from == default.mail.from {
            complain(
                "mail.from",
                "is not set: no server takes mail from such an address",
            );
        }
        for (key, value) in self.secrets() {
            if PLACEHOLDERS
                .iter()
                .any(|placeholder| value.contains(placeholder))
            {
                complain(key, "has a placeholder where a password belongs");
            }
        }
        let sealing = self.sealing_key_file();
        let sealing = match &self.tokens.sealing_key {
            Some(key) => Some(("tokens.sealing_key", SealingKey::from_base64(key))),
            // When it is not there, a good one is made.
            None if !sealing.exists() => None,
            None => Some(("tokens.sealing_key_file", SealingKey::from_file(&sealing))),
        };
        match sealing {
            Some((key, Err(error))) => complain(key, &format!("is no key: {error}")),
            Some((key, Ok(sealing))) if sealing.is_weak() => {
                complain(key, "does not look random: take `openssl rand -base64 32`");
            }
            Some((_, Ok(_))) | None => {}
        }
        let passwords = &self.passwords;
        let given = passwords.pepper.as_ref();
        let given = given.map(|pepper| ("passwords.pepper", pepper.as_bytes().to_vec()));
        let pepper = given.or_else(|| {
            let file = passwords.pepper_file.as_ref()?;
            Some(("passwords.pepper_file", fs::read(file).unwrap_or_default()))
        });
        if let Some((key, pepper)) = pepper {
            let pepper = pepper.trim_ascii();
            if pepper.len() < FEWEST || is_monotonous(pepper) {
                complain(key, "is weak: take `openssl rand -base64 32`");
            }
        }
        for (key, file) in self.files_with_secrets() {
            if is_open_to_all(&file) {
                let file = file.display();
                complain(key, &format!("is open to everybody: `chmod o= {file}`"));
            }
        }
        found
    }

    /// Settings that hold passwords.
    fn secrets(&self) -> Vec<(&'static str, &str)> {
        let secrets = [
            ("database.url", Some(&self.database.url)),
            ("database.owner_url", self.database.owner_url.as_ref()),
            ("mail.smtp_url", self.mail.smtp_url.as_ref()),
        ];
        let secrets = secrets.into_iter();
        secrets
            .filter_map(|(key, value)| Some((key, value?.as_str())))
            .collect()
    }

    /// Files that hold a secret, each with the setting that it belongs to.
    fn files_with_secrets(&self) -> Vec<(&'static str, PathBuf)> {
        let mut files = self.files.secrets.clone();
        if self.tokens.sealing_key.is_none() {
            files.push(("tokens.sealing_key_file", self.sealing_key_file()));
        }
        let pepper = self.passwords.pepper_file.clone();
        files.extend(pepper.map(|file| ("passwords.pepper_file", file)));
        let database = self.sqlite_file().map(Path::to_owned);
        files.extend(database.map(|file| ("database.url", file)));
        // Whether there is a secret in it is not asked: there may be one tomorrow.
        let settings = self.files.settings.clone();
        files.extend(settings.map(|file| ("--config", file)));
        files
    }

    /// All settings as a file of settings, with the values that count and without secrets.
    ///
    /// # Errors
    /// When a value cannot be written in TOML, such as a number beyond its range.
    pub fn redacted(&self) -> Result<String, toml::ser::Error> {
        let mut table = toml::Table::try_from(self)?;
        for (name, section) in &mut table {
            let Some(section) = section.as_table_mut() else {
                continue;
            };
            for (key, value) in section {
                let Some(text) = value.as_str() else {
                    continue;
                };
                match secrecy(&format!("{name}.{key}")) {
                    Secrecy::Address => *value = without_secret(text).into(),
                    Secrecy::Whole => *value = REDACTED.into(),
                    Secrecy::None => {}
                }
            }
        }
        toml::to_string(&table)
    }
}

const REDACTED: &str = "[redacted]";

/// An address without its password, and nothing of what is no address.
fn without_secret(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once(':') else {
        return REDACTED.to_owned();
    };
    if scheme == "sqlite" {
        return text.to_owned();
    }
    let Some(rest) = rest.strip_prefix("//") else {
        return REDACTED.to_owned();
    };
    // At the last `@`: a password may have another one in it.
    let (user, place) = match rest.rsplit_once('@') {
        Some((user, place)) => (Some(user), place),
        None => (None, rest),
    };
    let place = match place.split_once('?') {
        Some((place, query)) if query.to_ascii_lowercase().contains("pass") => {
            format!("{place}?{REDACTED}")
        }
        _ => place.to_owned(),
    };
    match user.map(|user| user.split_once(':').unwrap_or((user, ""))) {
        Some((user, "")) => format!("{scheme}://{user}@{place}"),
        Some((user, _)) => format!("{scheme}://{user}:{REDACTED}@{place}"),
        None => format!("{scheme}://{place}"),
    }
}

/// Whether it is the same few bytes again and again.
fn is_monotonous(secret: &[u8]) -> bool {
    let mut distinct = secret.to_vec();
    distinct.sort_unstable();
    distinct.dedup();
    distinct.len() < FEWEST / 2
}

/// Whether people may use the file who are neither its owner nor of their group.
fn is_open_to_all(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    let mode = fs::metadata(file).map(|metadata| metadata.permissions().mode());
    mode.is_ok_and(|mode| mode & 0o007 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_of_an_address_has_no_password() {
        for (address, shown) in [
            ("sqlite:data/bailiwick.db", "sqlite:data/bailiwick.db"),
            (
                "postgres://app:secret@db:5432/x",
                "postgres://app:[redacted]@db:5432/x",
            ),
            (
                "postgres://app:se@cr/et?@db/x",
                "postgres://app:[redacted]@db/x",
            ),
            (
                "postgres://db/x?user=a&password=secret",
                "postgres://db/x?[redacted]",
            ),
            (
                "postgres://app@db/x?sslmode=require",
                "postgres://app@db/x?sslmode=require",
            ),
            (
                "smtps://me:secret@smtp.example.com",
                "smtps://me:[redacted]@smtp.example.com",
            ),
            ("secret", "[redacted]"),
            ("secret:secret", "[redacted]"),
        ] {
            assert_eq!(without_secret(address), shown);
        }
    }
}
