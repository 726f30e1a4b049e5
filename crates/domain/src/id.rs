//! Identifiers: a type for each aggregate, spelled as a [TypeID] on the wire.
//!
//! [TypeID]: https://github.com/jetify-com/typeid/tree/main/spec
//!
//! ```
//! use bailiwick_domain::{TenantId, UserId};
//!
//! let tenant: TenantId = "org_01h455vb4pex5vsknk084sn02q".parse()?;
//! assert_eq!(tenant.as_uuid().to_string(), "01890a5d-ac96-774b-bcce-b302099a8057");
//! assert!("org_01h455vb4pex5vsknk084sn02q".parse::<UserId>().is_err(), "an org is no user");
//! # Ok::<(), bailiwick_domain::id::InvalidId>(())
//! ```

use core::{fmt, str::FromStr};
use uuid::Uuid;

/// Crockford's base 32, in lower case.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// 128 bits in groups of five, the first of them of three.
const SUFFIX: usize = 26;

/// A text that is no identifier of the kind that was asked for.
///
/// ```
/// use bailiwick_domain::RoleId;
///
/// let error = "owner".parse::<RoleId>().unwrap_err();
/// assert_eq!(error.to_string(), "expected an id like `role_01h455vb4pex5vsknk084sn02q`");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected an id like `{0}_01h455vb4pex5vsknk084sn02q`")]
pub struct InvalidId(&'static str);

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident $prefix:literal;)*) => {$(
        $(#[$doc])*
        ///
        /// ```
        #[doc = concat!("use bailiwick_domain::", stringify!($name), ";")]
        /// # use uuid::Uuid;
        ///
        #[doc = concat!("let id = ", stringify!($name), "::from_uuid(Uuid::from_u128(1));")]
        ///
        #[doc = concat!("assert_eq!(id.to_string(), \"", $prefix, "_00000000000000000000000001\");")]
        #[doc = concat!("assert_eq!(id.to_string().parse::<", stringify!($name), ">()?, id);")]
        #[doc = concat!("assert!(id.to_string().starts_with(", stringify!($name), "::PREFIX));")]
        /// assert_eq!(id.as_uuid(), Uuid::from_u128(1));
        /// # Ok::<(), bailiwick_domain::id::InvalidId>(())
        /// ```
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            /// What stands before the underscore on the wire.
            pub const PREFIX: &str = $prefix;

            /// The identifier with this UUID.
            #[must_use]
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// The UUID, as the database holds it.
            #[must_use]
            pub const fn as_uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}_{}", Self::PREFIX, Suffix(self.0))
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                text.strip_prefix(concat!($prefix, "_"))
                    .and_then(decode)
                    .map(Self)
                    .ok_or(InvalidId(Self::PREFIX))
            }
        }
    )*};
}

#[rustfmt::skip]
ids! {
    /// A customer of the platform: an *organization* on the wire.
    TenantId     "org";
    /// A person, across every tenant that they belong to.
    UserId       "user";
    /// One person's membership of one tenant.
    MemberId     "member";
    /// A role of one tenant.
    RoleId       "role";
    /// An offer of membership to an email address.
    InvitationId "inv";
    /// A project of one tenant.
    ProjectId    "proj";
    /// What a person opens by signing in, and closes by signing out.
    SessionId    "ses";
    /// The refresh tokens of one session in one tenant, or in none.
    ChainId      "chain";
    /// A token that was sent by mail.
    MailedTokenId "mail";
    /// A machine of one tenant.
    ServiceAccountId "svc";
    /// A key of a service account.
    ApiKeyId     "key";
    /// One record of the audit trail.
    AuditId      "audit";
}

/// A UUID as it stands behind the prefix.
pub(crate) struct Suffix(pub(crate) Uuid);

impl fmt::Display for Suffix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use fmt::Write;
        let bits = self.0.as_u128();
        for place in (0..SUFFIX).rev() {
            let digit = (bits >> (place * 5) & 31) as usize;
            f.write_char(ALPHABET.get(digit).copied().map_or('0', char::from))?;
        }
        Ok(())
    }
}

/// The UUID that is spelled so.
pub(crate) fn decode(suffix: &str) -> Option<Uuid> {
    // Above `7` the first digit would not fit into 128 bits.
    if suffix.len() != SUFFIX || suffix.as_bytes().first().is_none_or(|first| *first > b'7') {
        return None;
    }
    suffix
        .bytes()
        .try_fold(0, |bits: u128, byte| {
            let digit = ALPHABET.iter().position(|letter| *letter == byte)?;
            Some(bits << 5 | digit as u128)
        })
        .map(Uuid::from_u128)
}
