//! The key of keys: it never enters the database, so that a stolen database signs nothing and opens nothing.

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, Nonce, RandomizedNonceKey},
    constant_time::verify_slices_are_equal,
    digest, hkdf, hmac,
};
use bailiwick_application::ports::Cursors;
use base64::{Engine, prelude::BASE64_STANDARD};
use std::{
    fs, io,
    io::Write,
    path::{Path, PathBuf},
};
use tempfile::NamedTempFile;
use zeroize::Zeroizing;

/// Seals private keys and kept answers with AES-256-GCM (NIST SP 800-38D), and marks what the service has to recognize with
/// HMAC-SHA256, each use with a key of its own (HKDF, RFC 5869).
pub struct SealingKey {
    key: RandomizedNonceKey,
    requests: hmac::Key,
    cursors: hmac::Key,
    fingerprint: String,
    weak: bool,
}

/// What is marked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Use {
    /// Requests that may come again.
    Request,
    /// Places in lists.
    Cursor,
}

/// Why there is no sealing key.
#[derive(Debug, thiserror::Error)]
pub enum SealingKeyError {
    /// The file cannot be read or made.
    #[error("cannot use the sealing key in {}", .0.display())]
    File(PathBuf, #[source] io::Error),
    /// The text is no key.
    #[error("a sealing key is 32 random bytes in base64")]
    Form,
}

impl SealingKey {
    /// Length, in bytes.
    const LENGTH: usize = 32;

    /// The key in a file, which is made with a new key when it does not exist: readable by its owner alone.
    ///
    /// # Errors
    /// When the file cannot be read or made, or holds no key.
    pub fn from_file(path: &Path) -> Result<Self, SealingKeyError> {
        let failed = |error| SealingKeyError::File(path.to_owned(), error);
        if !path.exists() {
            create(path).map_err(failed)?;
        }
        let text = fs::read_to_string(path)
            .map(Zeroizing::new)
            .map_err(failed)?;
        Self::from_base64(&text)
    }

    /// The key in a text.
    ///
    /// # Errors
    /// When the text holds no key.
    pub fn from_base64(text: &str) -> Result<Self, SealingKeyError> {
        let bytes = BASE64_STANDARD
            .decode(text.trim())
            .map_err(|_| SealingKeyError::Form)?;
        let bytes = Zeroizing::new(bytes);
        if bytes.len() != Self::LENGTH {
            return Err(SealingKeyError::Form);
        }
        let key =
            RandomizedNonceKey::new(&AES_256_GCM, &bytes).map_err(|_| SealingKeyError::Form)?;
        // One of 2^256 keys cannot be found from a part of its digest.
        let digest = digest::digest(&digest::SHA256, &bytes);
        let fingerprint = digest
            .as_ref()
            .iter()
            .take(8)
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let [requests, cursors] = [Use::Request, Use::Cursor].map(|what| what.key(&bytes));
        Ok(Self {
            key,
            requests: requests.ok_or(SealingKeyError::Form)?,
            cursors: cursors.ok_or(SealingKeyError::Form)?,
            fingerprint,
            weak: !looks_random(&bytes),
        })
    }

    /// Whether somebody must have thought it up: repetition, or nothing but what is on a keyboard.
    #[must_use]
    pub const fn is_weak(&self) -> bool {
        self.weak
    }

    /// Tells this key from others, without telling the key.
    pub(crate) fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// Seals a secret, which can then only be opened as what it is.
    pub(crate) fn seal(&self, secret: &[u8], what: &str) -> Option<Vec<u8>> {
        let mut sealed = secret.to_vec();
        let nonce = self
            .key
            .seal_in_place_append_tag(Aad::from(what.as_bytes()), &mut sealed)
            .ok()?;
        Some([nonce.as_ref().as_slice(), &sealed].concat())
    }

    /// Marks a text, of which each part keeps its ends.
    pub(crate) fn mac(&self, what: Use, parts: &[&[u8]]) -> [u8; 32] {
        let key = match what {
            Use::Request => &self.requests,
            Use::Cursor => &self.cursors,
        };
        let mut mac = hmac::Context::with_key(key);
        for part in parts {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        let mut bytes = [0; 32];
        for (byte, said) in bytes.iter_mut().zip(mac.sign().as_ref()) {
            *byte = *said;
        }
        bytes
    }

    /// Opens what [`seal`](Self::seal) has sealed.
    pub(crate) fn open(&self, sealed: &[u8], what: &str) -> Option<Zeroizing<Vec<u8>>> {
        let (nonce, sealed) = sealed.split_at_checked(aws_lc_rs::aead::NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut sealed = Zeroizing::new(sealed.to_vec());
        let secret = self
            .key
            .open_in_place(nonce, Aad::from(what.as_bytes()), &mut sealed)
            .ok()?;
        Some(Zeroizing::new(secret.to_vec()))
    }
}

impl Use {
    const fn name(self) -> &'static [u8] {
        match self {
            Self::Request => b"bailiwick request",
            Self::Cursor => b"bailiwick cursor",
        }
    }

    fn key(self, secret: &[u8]) -> Option<hmac::Key> {
        let key = hkdf::Salt::new(hkdf::HKDF_SHA256, &[]).extract(secret);
        let mut bytes = Zeroizing::new([0; SealingKey::LENGTH]);
        key.expand(&[self.name()], hkdf::HKDF_SHA256)
            .and_then(|key| key.fill(bytes.as_mut_slice()))
            .ok()?;
        Some(hmac::Key::new(hmac::HMAC_SHA256, bytes.as_slice()))
    }
}

impl Cursors for SealingKey {
    fn sign(&self, place: &[u8]) -> [u8; 16] {
        half(self.mac(Use::Cursor, &[place]))
    }

    fn verify(&self, place: &[u8], mark: &[u8; 16]) -> bool {
        verify_slices_are_equal(&self.sign(place), mark).is_ok()
    }
}

/// As much of a mark as nobody guesses (RFC 2104 §5).
pub(crate) const fn half(mark: [u8; 32]) -> [u8; 16] {
    match mark.first_chunk() {
        Some(half) => *half,
        None => [0; 16],
    }
}

impl std::fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SealingKey({})", self.fingerprint)
    }
}

/// Of 10^14 keys that are random, not one is taken for one that is not.
fn looks_random(bytes: &[u8]) -> bool {
    let mut distinct = bytes.to_vec();
    distinct.sort_unstable();
    distinct.dedup();
    let typed = bytes.iter().all(|byte| (b' '..=b'~').contains(byte));
    distinct.len() >= 20 && !typed
}

/// Makes the file whole or not at all: of several processes that start at once, one makes it and all read it.
fn create(path: &Path) -> io::Result<()> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut bytes = Zeroizing::new([0; SealingKey::LENGTH]);
    aws_lc_rs::rand::fill(bytes.as_mut_slice()).map_err(|_| io::Error::other("no randomness"))?;
    // Readable by its owner alone, from its first byte on.
    let mut draft = NamedTempFile::new_in(folder)?;
    draft.write_all(BASE64_STANDARD.encode(bytes.as_slice()).as_bytes())?;
    draft.as_file().sync_all()?;
    match draft.persist_noclobber(path) {
        Err(taken) if taken.error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(failed) => Err(failed.error),
        Ok(_) => Ok(()),
    }
}
