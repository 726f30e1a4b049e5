//! The key ring: which key signs, and which keys verify.
//!
//! Public keys are in clear in the database, private ones sealed. A process signs with the newest key that it can
//! open and whose time has come, makes one when there is none, and verifies with every key that is not retired. So
//! processes that were given different sealing keys still trust each other's tokens.

use super::{
    SealingKey,
    pair::{KeyAlgorithm, public_members, verifying_key},
};
use crate::{
    Database,
    database::Context,
    entity::signing_key,
    store::{Named, OfNobody, Reads},
};
use bailiwick_application::ports::{Clock, KEYS_CACHED, PublicKey, PublicKeys, StoreError};
use bailiwick_domain::Timestamp;
use jsonwebtoken::{
    Algorithm, DecodingKey, EncodingKey,
    jwk::{Jwk, ThumbprintHash},
};
use sea_orm::{ActiveValue::Set, ColumnTrait, DbErr, QueryFilter, QueryOrder, sea_query::Expr};
use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

/// What a key's tokens are for. A key serves one purpose, so that no token passes as one of another kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Purpose {
    /// Access tokens.
    Access,
    /// Refresh tokens.
    Refresh,
}

impl Purpose {
    const ALL: [Self; 2] = [Self::Access, Self::Refresh];

    const fn name(self) -> &'static str {
        match self {
            Self::Access => "access",
            Self::Refresh => "refresh",
        }
    }
}

/// How keys are made.
#[derive(Debug, Clone, Copy)]
pub struct KeyPolicy {
    /// How new keys sign.
    pub algorithm: KeyAlgorithm,
    /// How old a key may be that signs.
    pub max_age: Duration,
    /// How long a new key is public before it signs: until every replica has tended its ring, and every verifier has
    /// asked again.
    pub publish_ahead: Duration,
}

impl Default for KeyPolicy {
    fn default() -> Self {
        const DAY: u64 = 24 * 60 * 60;
        Self {
            algorithm: KeyAlgorithm::default(),
            max_age: Duration::from_secs(90 * DAY),
            publish_ahead: KEYS_CACHED + 2 * KeyRing::TEND_EVERY,
        }
    }
}

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The database does not give it.
    #[error("the keys cannot be read from the database")]
    Database(#[from] DbErr),
    /// A key cannot be made, sealed or read.
    #[error("a key is broken: {0}")]
    Broken(String),
}

impl KeyError {
    pub(super) fn broken(what: impl ToString) -> Self {
        Self::Broken(what.to_string())
    }
}

/// The keys of the deployment.
pub struct KeyRing {
    database: Database,
    sealing: Arc<SealingKey>,
    clock: Arc<dyn Clock>,
    policy: KeyPolicy,
    keys: RwLock<Arc<Keys>>,
    /// When the keys were last looked up because of a name that nobody knew. One look at a time.
    looked: tokio::sync::Mutex<Option<Timestamp>>,
}

#[derive(Default)]
struct Keys {
    /// Those that this process can open, the newest first.
    signing: HashMap<Purpose, Vec<Arc<SigningKey>>>,
    verifying: HashMap<String, Arc<VerifyingKey>>,
    public: Vec<PublicKey>,
}

/// A key to sign with.
pub(crate) struct SigningKey {
    pub(crate) id: String,
    pub(crate) algorithm: Algorithm,
    pub(crate) key: EncodingKey,
    created_at: Timestamp,
    activates_at: Timestamp,
}

/// A key to verify with.
pub(crate) struct VerifyingKey {
    pub(crate) purpose: Purpose,
    pub(crate) algorithm: Algorithm,
    pub(crate) key: DecodingKey,
}

/// A key, as operators see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyInfo {
    /// Its RFC 7638 thumbprint.
    pub id: String,
    /// Access or refresh tokens.
    pub purpose: &'static str,
    /// How it signs.
    pub algorithm: &'static str,
    /// When it was made.
    pub created_at: Timestamp,
    /// Where it is in its life.
    pub state: KeyState,
}

/// Where a key is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyState {
    /// Known to everybody, and signing soon.
    Published,
    /// Signing.
    Active,
    /// Signing no more; its tokens are good until they expire.
    VerifyOnly,
    /// Its tokens are worthless.
    Retired,
    /// Signing perhaps, but in a process with another sealing key.
    Elsewhere,
}

/// Tokens that name unknown keys make us look no more often than this.
const LOOK_EVERY: Duration = Duration::from_secs(1);

impl KeyRing {
    /// How often [`tend`](Self::tend) has to be called.
    pub const TEND_EVERY: Duration = Duration::from_secs(5);

    /// Reads the keys, and makes those that are missing.
    ///
    /// # Errors
    /// When the database does not answer, or holds what is no key.
    pub async fn open(
        database: Database,
        sealing: impl Into<Arc<SealingKey>>,
        policy: KeyPolicy,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, KeyError> {
        let ring = Self::over(database, sealing.into(), policy, clock);
        ring.tend().await?;
        Ok(ring)
    }

    /// Every key, the newest first, for whoever only looks: none is made.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn list_only(
        database: Database,
        sealing: SealingKey,
        policy: KeyPolicy,
        clock: Arc<dyn Clock>,
    ) -> Result<Vec<KeyInfo>, KeyError> {
        let ring = Self::over(database, sealing.into(), policy, clock);
        ring.look().await?;
        ring.list().await
    }

    /// A ring that has not looked yet.
    fn over(
        database: Database,
        sealing: Arc<SealingKey>,
        policy: KeyPolicy,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            database,
            sealing,
            clock,
            policy,
            keys: RwLock::default(),
            looked: tokio::sync::Mutex::new(None),
        }
    }

    /// Learns of keys that others made or retired, and makes those that are missing or have become too old.
    ///
    /// # Errors
    /// When the database does not answer, or holds what is no key.
    pub async fn tend(&self) -> Result<(), KeyError> {
        self.look().await?;
        let now = self.clock.now();
        let mut made = false;
        for purpose in Purpose::ALL {
            let keys = self.keys();
            let keys = keys.signing.get(&purpose).into_iter().flatten();
            // By when it was made: whenever it is to sign, the next one is not due before.
            let ahead = match keys.map(|key| key.created_at).max() {
                None => Duration::ZERO,
                Some(made) if made.plus(self.policy.max_age) <= now => self.policy.publish_ahead,
                Some(_) => continue,
            };
            self.make(purpose, now.plus(ahead)).await?;
            made = true;
        }
        if made {
            self.look().await?;
        }
        Ok(())
    }

    /// Makes new keys. They sign when everybody knows them; the old ones go on verifying.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn rotate(&self) -> Result<(), KeyError> {
        let activates_at = self.clock.now().plus(self.policy.publish_ahead);
        for purpose in Purpose::ALL {
            self.make(purpose, activates_at).await?;
        }
        self.look().await
    }

    /// Retires a key: its tokens are worthless. `false`: there is none of this id that was not.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn retire(&self, id: &str) -> Result<bool, KeyError> {
        let tx = self.database.begin(Context::nobody());
        let retired = signing_key::Entity::change()
            .filter(signing_key::Column::Id.eq(id))
            .filter(signing_key::Column::RetiredAt.is_null())
            .col_expr(
                signing_key::Column::RetiredAt,
                Expr::value(self.clock.now().as_micros()),
            )
            .exec(&tx)
            .await?;
        tx.commit().await?;
        self.tend().await?;
        Ok(retired.rows_affected > 0)
    }

    /// Every key, the newest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn list(&self) -> Result<Vec<KeyInfo>, KeyError> {
        let now = self.clock.now();
        let rows = self.rows().await?.into_iter().rev();
        let keys = rows.filter_map(|row| StoredKey::of(row).inspect_err(left_out).ok());
        let infos = keys.map(|key| {
            let active = self.signing(key.purpose).map(|key| key.id.clone());
            let state = if key.row.retired_at.is_some() {
                KeyState::Retired
            } else if key.row.sealed_by != self.sealing.fingerprint() {
                KeyState::Elsewhere
            } else if key.activates_at > now {
                KeyState::Published
            } else if active.as_ref() == Some(&key.row.id) {
                KeyState::Active
            } else {
                KeyState::VerifyOnly
            };
            KeyInfo {
                id: key.row.id,
                purpose: key.purpose.name(),
                algorithm: key.algorithm.name(),
                created_at: key.created_at,
                state,
            }
        });
        Ok(infos.collect())
    }

    /// The newest key whose time has come; where all others were retired in a hurry, the next one before its time.
    pub(crate) fn signing(&self, purpose: Purpose) -> Option<Arc<SigningKey>> {
        let now = self.clock.now();
        let keys = self.keys();
        let keys = keys.signing.get(&purpose)?;
        keys.iter()
            .find(|key| key.activates_at <= now)
            .or(keys.last())
            .cloned()
    }

    /// The key of this name, also if another process has made it a moment ago.
    pub(crate) async fn verifying(&self, id: &str) -> Result<Option<Arc<VerifyingKey>>, KeyError> {
        let known = || self.keys().verifying.get(id).cloned();
        if let Some(key) = known() {
            return Ok(Some(key));
        }
        let mut looked = self.looked.lock().await;
        let now = self.clock.now();
        if known().is_none() && looked.is_none_or(|last| last.plus(LOOK_EVERY) <= now) {
            self.look().await?;
            *looked = Some(now);
        }
        Ok(known())
    }

    /// Whether this key still verifies what is signed for this purpose.
    pub(crate) fn knows(&self, id: &str, purpose: Purpose) -> bool {
        let keys = self.keys();
        keys.verifying
            .get(id)
            .is_some_and(|key| key.purpose == purpose)
    }

    fn keys(&self) -> Arc<Keys> {
        Arc::clone(&self.keys.read().unwrap_or_else(PoisonError::into_inner))
    }

    async fn look(&self) -> Result<(), KeyError> {
        let mut keys = Keys::default();
        for row in self.rows().await? {
            if row.retired_at.is_some() {
                continue;
            }
            let added = StoredKey::of(row).and_then(|key| self.add(&mut keys, &key));
            let _ = added.inspect_err(left_out);
        }
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys);
        Ok(())
    }

    /// Those that can be read, the oldest first.
    async fn rows(&self) -> Result<Vec<signing_key::Model>, KeyError> {
        let tx = self.database.look(Context::nobody());
        let rows = signing_key::Entity::rows()
            .order_by_asc(signing_key::Column::ActivatesAt)
            .order_by_asc(signing_key::Column::Id)
            .read_each(&tx)
            .await?;
        let read = rows.into_iter();
        let read = read.filter_map(|row| row.inspect_err(left_out).ok());
        Ok(read.collect())
    }

    fn add(&self, keys: &mut Keys, key: &StoredKey) -> Result<(), StoreError> {
        let row = &key.row;
        let public = key.public()?;
        let verifying = VerifyingKey {
            purpose: key.purpose,
            algorithm: key.algorithm.of_tokens(),
            key: verifying_key(&public).map_err(|_| row.corrupt("public_jwk", "is no key"))?,
        };
        if row.sealed_by == self.sealing.fingerprint() {
            let private = self
                .sealing
                .open(&row.sealed_private, &context(key.purpose, &row.id))
                .ok_or_else(|| row.corrupt("sealed_private", "is not what was sealed"))?;
            let private = key.algorithm.signing_key(&private);
            let signing = SigningKey {
                id: row.id.clone(),
                algorithm: key.algorithm.of_tokens(),
                key: private.map_err(|_| row.corrupt("sealed_private", "is no key"))?,
                created_at: key.created_at,
                activates_at: key.activates_at,
            };
            keys.signing
                .entry(key.purpose)
                .or_default()
                .insert(0, Arc::new(signing));
        }
        if key.purpose == Purpose::Access {
            keys.public
                .push(PublicKey(public_members(&row.id, key.algorithm, &public)));
        }
        keys.verifying.insert(row.id.clone(), Arc::new(verifying));
        Ok(())
    }

    async fn make(&self, purpose: Purpose, activates_at: Timestamp) -> Result<(), KeyError> {
        let pair = self.policy.algorithm.generate()?;
        let sealed = self
            .sealing
            .seal(&pair.private, &context(purpose, &pair.id))
            .ok_or_else(|| KeyError::broken("it cannot be sealed"))?;
        let tx = self.database.begin(Context::nobody());
        signing_key::Entity::add(signing_key::ActiveModel {
            id: Set(pair.id),
            purpose: Set(purpose.name().to_owned()),
            algorithm: Set(self.policy.algorithm.name().to_owned()),
            public_jwk: Set(serde_json::to_string(&pair.public).map_err(KeyError::broken)?),
            sealed_private: Set(sealed),
            sealed_by: Set(self.sealing.fingerprint().to_owned()),
            created_at: Set(self.clock.now().as_micros()),
            activates_at: Set(activates_at.as_micros()),
            retired_at: Set(None),
        })
        .exec_without_returning(&tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }
}

impl PublicKeys for KeyRing {
    fn public_keys(&self) -> Vec<PublicKey> {
        self.keys().public.clone()
    }
}

impl std::fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeyRing")
            .field("sealing", &self.sealing)
            .finish_non_exhaustive()
    }
}

/// A key as its row says it.
struct StoredKey {
    row: signing_key::Model,
    purpose: Purpose,
    algorithm: KeyAlgorithm,
    created_at: Timestamp,
    activates_at: Timestamp,
}

impl StoredKey {
    fn of(row: signing_key::Model) -> Result<Self, StoreError> {
        let (algorithms, purposes) = (KeyAlgorithm::ALL, Purpose::ALL);
        Ok(Self {
            purpose: row.one_of("purpose", &row.purpose, purposes, Purpose::name)?,
            algorithm: row.one_of("algorithm", &row.algorithm, algorithms, KeyAlgorithm::name)?,
            created_at: row.at("created_at", row.created_at)?,
            activates_at: row.at("activates_at", row.activates_at)?,
            row,
        })
    }

    /// The public key, if it is the one that the id is the thumbprint of.
    fn public(&self) -> Result<Jwk, StoreError> {
        let read = serde_json::from_str(&self.row.public_jwk).ok();
        let public = read.filter(|public: &Jwk| {
            let thumbprint = public.thumbprint(ThumbprintHash::SHA256);
            thumbprint.is_ok_and(|thumbprint| thumbprint == self.row.id)
        });
        public.ok_or_else(|| {
            self.row
                .corrupt("public_jwk", "is not the key that the id names")
        })
    }
}

/// One broken key must not keep the others from signing, nor from being retired.
fn left_out(error: &StoreError) {
    tracing::error!(error = %error, "a signing key is left out");
}

/// A sealed key moved to another row, or to another purpose, does not open.
fn context(purpose: Purpose, id: &str) -> String {
    format!("bailiwick/{}/{id}", purpose.name())
}
