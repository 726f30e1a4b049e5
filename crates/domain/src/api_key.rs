//! API keys: what a service account shows for itself, and how far it goes.
//!
//! ```
//! use bailiwick_domain::api_key::ShownKey;
//!
//! // A slip of the pen is noticed before anything is looked up.
//! assert!("bw_01h455vb4pex5vsknk084sn02q_slip".parse::<ShownKey>().is_err());
//! ```

use crate::{
    ApiKeyId, Name, ServiceAccountId, TenantId, Timestamp, UserId,
    access::{
        Action, Extent, Grants, InvalidGrant, Machine, Permission, Permit,
        action::{CreateApiKey, RevokeApiKey, RotateApiKey},
    },
    id::{Suffix, decode},
    role::{Escalation, hand_on, is_on_offer},
    service_account::ServiceAccount,
};
use alloc::{borrow::ToOwned, format, string::String, string::ToString};
use core::{fmt, str::FromStr, time::Duration};
use uuid::Uuid;

/// A key of one service account. Its secrets are elsewhere, and only their hashes.
///
/// ```
/// use bailiwick_domain::{ApiKeyId, ServiceAccountId, TenantId, Timestamp, UserId};
/// use bailiwick_domain::access::{Principal, action::*, authorize};
/// use bailiwick_domain::api_key::{ApiKey, KeyDraft, grants_named};
/// use bailiwick_domain::role::{BuiltIn, Role, RoleBook};
/// use bailiwick_domain::service_account::ServiceAccount;
/// # use bailiwick_domain::RoleId;
/// # use core::time::Duration;
/// # use uuid::Uuid;
///
/// # let (tenant, admin) = (TenantId::from_uuid(Uuid::from_u128(1)), RoleId::from_uuid(Uuid::from_u128(2)));
/// # let book = RoleBook::of(vec![Role::built_in(admin, BuiltIn::Admin)]);
/// # let now = Timestamp::from_micros(0);
/// let ada = Principal::new(UserId::from_uuid(Uuid::from_u128(3))).granted(tenant, BuiltIn::Admin.grants());
/// let robot = ServiceAccount::create(
///     &authorize::<CreateServiceAccount>(&ada, tenant)?,
///     &book,
///     ServiceAccountId::from_uuid(Uuid::from_u128(4)),
///     "Deploys".parse()?,
///     vec![admin],
///     0,
///     now,
/// )?;
///
/// let draft = KeyDraft { name: "ci".parse()?, grants: grants_named(["project:read"])?, expires_at: None };
/// let id = ApiKeyId::from_uuid(Uuid::from_u128(5));
/// let mut key = ApiKey::make(&authorize::<CreateApiKey>(&ada, tenant)?, &robot, id, draft, 0, now)?;
///
/// assert!(key.is_live(now));
/// assert_eq!(key.expires_at, now.plus(ApiKey::LIFETIME));
/// assert_eq!(key.machine().account, robot.id);
///
/// // Another secret; the one before is good for another hour.
/// let hour = now.plus(Duration::from_secs(3_600));
/// key.rotate(&authorize::<RotateApiKey>(&ada, tenant)?, Some(hour), now)?;
/// assert!(key.takes_previous(now) && !key.takes_previous(hour));
/// let permit = authorize::<RevokeApiKey>(&ada, tenant)?;
/// key.forget_previous(&permit)?;
/// assert!(!key.takes_previous(now));
/// key.revoke(&permit, now)?;
/// assert!(!key.is_live(now));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// Which.
    pub id: ApiKeyId,
    /// Whose.
    pub tenant: TenantId,
    /// Of which service account.
    pub account: ServiceAccountId,
    /// What people call it.
    pub name: Name,
    /// How far it goes, whatever its account holds.
    pub grants: Grants,
    /// Who made it, and answers for it.
    pub made_by: UserId,
    /// When it was made.
    pub created_at: Timestamp,
    /// Until when it is good.
    pub expires_at: Timestamp,
    /// Since when it is good no more, if it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// Until when the secret before the last rotation is good as well, if it is.
    pub previous_until: Option<Timestamp>,
    /// About when it was last used, if it was.
    pub last_used_at: Option<Timestamp>,
}

/// What is wanted of a new key.
///
/// ```
/// use bailiwick_domain::{Timestamp, api_key::{KeyDraft, grants_named}};
///
/// let draft = KeyDraft {
///     name: "backup".parse()?,
///     grants: grants_named(["project:read", "audit:read"])?,
///     expires_at: Some(Timestamp::from_micros(1_800_000_000_000_000)),
/// };
/// assert_eq!(draft.grants.len(), 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyDraft {
    /// What people call it.
    pub name: Name,
    /// How far it is to go.
    pub grants: Grants,
    /// Until when it is to be good.
    pub expires_at: Option<Timestamp>,
}

/// Why a key is not as it was asked to be.
///
/// ```
/// use bailiwick_domain::api_key::ApiKeyError;
///
/// assert_eq!(ApiKeyError::TooMany.to_string(), "a service account has at most 50 live keys");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ApiKeyError {
    /// It would go further than the one who makes it, or a machine would come by what owners alone give to machines.
    #[error(transparent)]
    Escalation(#[from] Escalation),
    /// Machines have nothing of their own.
    #[error("a key cannot hold a permission for its own things alone")]
    OwnThings,
    /// It would be good for too long, or not at all.
    #[error("a key is good for a year at the most, and not until a time that has passed")]
    Lifetime,
    /// The account has as many as it may.
    #[error("a service account has at most {} live keys", ApiKey::MAX)]
    TooMany,
    /// It is good no more.
    #[error("the key was revoked, or its time is over")]
    Over,
}

/// A key as whoever holds it shows it: `bw_`, the id, `_`, 256 bits, and a checksum over all that. A mistake in typing is
/// noticed before anything is looked up, and whoever scans for lost secrets knows one when they see it.
///
/// ```
/// use bailiwick_domain::{ApiKeyId, api_key::ShownKey};
/// # use uuid::Uuid;
///
/// let key = ShownKey { id: ApiKeyId::from_uuid(Uuid::from_u128(1)), secret: [7; 32] };
/// let shown = key.to_string();
///
/// assert!(shown.starts_with(ShownKey::PREFIX));
/// assert_eq!(shown.parse::<ShownKey>()?, key);
/// assert!(!format!("{key:?}").contains("7, 7"), "it is shown once, and not to the log");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct ShownKey {
    /// Which key it says it is.
    pub id: ApiKeyId,
    /// What only whoever was given it knows.
    pub secret: [u8; 32],
}

/// A text that is no key of ours.
///
/// ```
/// use bailiwick_domain::api_key::{InvalidKey, ShownKey};
///
/// assert_eq!("sk_live_1".parse::<ShownKey>(), Err(InvalidKey));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a key that begins with `bw_`")]
pub struct InvalidKey;

impl ApiKey {
    /// How many live ones a service account may have.
    pub const MAX: usize = 50;
    /// How long one is good if nobody says.
    pub const LIFETIME: Duration = Duration::from_secs(90 * DAY);
    /// How long one is good at the most.
    pub const LONGEST: Duration = Duration::from_secs(366 * DAY);

    /// A new key of an account that has so `many` live ones.
    ///
    /// # Errors
    /// When it would go further than the one who makes it, or last too long; when it would manage members, roles, machines
    /// or keys, and is not made by an owner.
    pub fn make(
        permit: &Permit<CreateApiKey>,
        account: &ServiceAccount,
        id: ApiKeyId,
        draft: KeyDraft,
        many: usize,
        now: Timestamp,
    ) -> Result<Self, ApiKeyError> {
        if many >= Self::MAX {
            return Err(ApiKeyError::TooMany);
        }
        if draft.grants.iter().any(|grant| grant.extent == Extent::Own) {
            return Err(ApiKeyError::OwnThings);
        }
        hand_on(permit.held(), &draft.grants)?;
        let manages = draft.grants.iter().any(|grant| manages(grant.permission));
        if manages && !permit.held().allow(Permission::OwnOrganization, false) {
            return Err(Escalation.into());
        }
        let expires_at = draft.expires_at.unwrap_or(now.plus(Self::LIFETIME));
        if expires_at <= now || now.plus(Self::LONGEST) < expires_at {
            return Err(ApiKeyError::Lifetime);
        }
        Ok(Self {
            id,
            tenant: account.tenant,
            account: account.id,
            name: draft.name,
            grants: draft.grants.only(is_on_offer),
            made_by: permit.actor().answerable(),
            created_at: now,
            expires_at,
            revoked_at: None,
            previous_until: None,
            last_used_at: None,
        })
    }

    /// Another secret. The one before is good as well until the time that is stated, if one is.
    ///
    /// # Errors
    /// When the key is good no more, or goes further than the one who asks; when that time has passed.
    pub fn rotate(
        &mut self,
        permit: &Permit<RotateApiKey>,
        previous_until: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<(), ApiKeyError> {
        self.outranked_by(permit)?;
        if !self.is_live(now) {
            return Err(ApiKeyError::Over);
        }
        if previous_until.is_some_and(|until| until <= now) {
            return Err(ApiKeyError::Lifetime);
        }
        self.previous_until = previous_until.map(|until| until.min(self.expires_at));
        Ok(())
    }

    /// Good no more, nor what was made with it. Once it is, it stays so.
    ///
    /// # Errors
    /// When it goes further than the one who asks.
    pub fn revoke(
        &mut self,
        permit: &Permit<RevokeApiKey>,
        now: Timestamp,
    ) -> Result<(), ApiKeyError> {
        self.outranked_by(permit)?;
        self.revoked_at = self.revoked_at.or(Some(now));
        self.previous_until = None;
        Ok(())
    }

    /// The secret before the last rotation is good no more; the key is.
    ///
    /// # Errors
    /// When it goes further than the one who asks.
    pub fn forget_previous(&mut self, permit: &Permit<RevokeApiKey>) -> Result<(), ApiKeyError> {
        self.outranked_by(permit)?;
        self.previous_until = None;
        Ok(())
    }

    /// Is it good at this moment?
    #[must_use]
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && now < self.expires_at
    }

    /// Is the secret before the last rotation good at this moment?
    #[must_use]
    pub fn takes_previous(&self, now: Timestamp) -> bool {
        self.previous_until.is_some_and(|until| now < until)
    }

    /// The machine that acts with it.
    #[must_use]
    pub const fn machine(&self) -> Machine {
        Machine {
            account: self.account,
            key: self.id,
            made_by: self.made_by,
        }
    }

    /// Nobody acts on a key that goes further than they do themselves.
    fn outranked_by<A: Action<Catalogue = Permission>>(
        &self,
        permit: &Permit<A>,
    ) -> Result<(), Escalation> {
        hand_on(permit.held(), &self.grants)
    }
}

const DAY: u64 = 24 * 60 * 60;

/// Does it let a machine change who may do what? A key holds it only if an owner named it.
///
/// ```
/// use bailiwick_domain::{access::Permission, api_key::manages};
///
/// assert!(manages(Permission::AssignRoles));
/// assert!(!manages(Permission::ReadProject));
/// ```
#[must_use]
pub const fn manages(permission: Permission) -> bool {
    match permission {
        Permission::OwnOrganization
        | Permission::InviteMember
        | Permission::AssignRoles
        | Permission::SuspendMember
        | Permission::RemoveMember
        | Permission::RevokeInvitation
        | Permission::CreateRole
        | Permission::UpdateRole
        | Permission::DeleteRole
        | Permission::ShareProject
        | Permission::CreateServiceAccount
        | Permission::UpdateServiceAccount
        | Permission::DeleteServiceAccount
        | Permission::CreateApiKey
        | Permission::RotateApiKey
        | Permission::RevokeApiKey
        | Permission::SuspendTenant
        | Permission::SuspendUser => true,
        Permission::ReadOrganization
        | Permission::UpdateOrganization
        | Permission::ListMembers
        | Permission::ListInvitations
        | Permission::ListRoles
        | Permission::CreateProject
        | Permission::ReadProject
        | Permission::UpdateProject
        | Permission::DeleteProject
        | Permission::ReadAudit
        | Permission::ExplainAccess
        | Permission::Oversee
        | Permission::ListServiceAccounts
        | Permission::ListApiKeys
        | Permission::ListTenants
        | Permission::ListUsers => false,
    }
}

/// What these texts grant to a key. A pattern stands for nothing by which a machine would change who may do what: that is
/// named, or not given.
///
/// # Errors
/// When one names nothing that a key may hold.
///
/// ```
/// use bailiwick_domain::{access::Permission, api_key::grants_named};
///
/// let members = grants_named(["member:*"])?;
/// assert_eq!(members.to_string(), "member:list", "no pattern lets a machine manage");
/// assert_eq!(grants_named(["member:invite"])?.to_string(), "member:invite");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn grants_named<'a>(texts: impl IntoIterator<Item = &'a str>) -> Result<Grants, InvalidGrant> {
    texts.into_iter().try_fold(Grants::empty(), |grants, text| {
        let named = !text.contains('*');
        let offered = |permission| is_on_offer(permission) && (named || !manages(permission));
        Ok(grants.union(&Grants::named(text, offered)?))
    })
}

impl ShownKey {
    /// What every key begins with.
    pub const PREFIX: &str = "bw_";
    /// 32 bits in groups of five.
    const CHECKSUM: usize = 7;

    /// Everything but the checksum.
    fn body(&self) -> String {
        let [first, last] = halves(&self.secret).map(Uuid::from_u128).map(Suffix);
        format!(
            "{}{}_{first}{last}",
            Self::PREFIX,
            Suffix(self.id.as_uuid())
        )
    }
}

/// 256 bits as twice 128.
fn halves(secret: &[u8; 32]) -> [u128; 2] {
    let whole = |bytes: &[u8]| {
        bytes
            .iter()
            .fold(0, |bits, byte| bits << 8 | u128::from(*byte))
    };
    let (first, last) = secret.split_at(16);
    [whole(first), whole(last)]
}

/// CRC-32 as ISO 3309 has it, bit by bit: what is summed up is a hundred bytes long.
const fn crc32(bytes: &[u8]) -> u32 {
    const POLYNOMIAL: u32 = 0xedb8_8320;
    let mut sum = u32::MAX;
    let mut rest = bytes;
    while let [byte, after @ ..] = rest {
        sum ^= *byte as u32;
        let mut bit = 0;
        while bit < 8 {
            let low = sum & 1;
            sum >>= 1;
            if low == 1 {
                sum ^= POLYNOMIAL;
            }
            bit += 1;
        }
        rest = after;
    }
    !sum
}

// The check value of CRC-32/ISO-HDLC in the catalogue of G. Cook.
const _: () = assert!(crc32(b"123456789") == 0xcbf4_3926);

/// The same in the letters of the rest.
fn checksum(body: &str) -> String {
    let sum = crc32(body.as_bytes());
    let spelled = Suffix(Uuid::from_u128(u128::from(sum))).to_string();
    let zeros = spelled.len() - ShownKey::CHECKSUM;
    spelled.get(zeros..).unwrap_or_default().to_owned()
}

impl fmt::Display for ShownKey {
    /// The one time that it is shown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let body = self.body();
        write!(f, "{body}{}", checksum(&body))
    }
}

impl FromStr for ShownKey {
    type Err = InvalidKey;

    fn from_str(text: &str) -> Result<Self, InvalidKey> {
        let parts = || {
            let end = text.len().checked_sub(Self::CHECKSUM)?;
            let (body, sum) = text.split_at_checked(end)?;
            if checksum(body) != sum {
                return None;
            }
            let (id, secret) = body.strip_prefix(Self::PREFIX)?.split_once('_')?;
            let (first, last) = secret.split_at_checked(secret.len() / 2)?;
            let halves = [decode(first)?, decode(last)?];
            let mut secret = [0; 32];
            for (bytes, half) in secret.chunks_exact_mut(16).zip(halves) {
                bytes.copy_from_slice(half.as_bytes());
            }
            Some(Self {
                id: ApiKeyId::from_uuid(decode(id)?),
                secret,
            })
        };
        parts().ok_or(InvalidKey)
    }
}

impl fmt::Debug for ShownKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ShownKey({}, …)", self.id)
    }
}
