//! The key ring: which key signs, and which keys verify.
//!
//! Public keys are in clear in the database, private ones sealed. A process signs with the newest key that it can
//! open, and makes one when it can open none; it verifies with every key that is not retired. So processes that were
//! given different sealing keys still trust each other's tokens.

use super::SealingKey;
use crate::{Database, database::Context, entity::signing_key};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use bailiwick_application::ports::Clock;
use jsonwebtoken::{
    Algorithm, DecodingKey, EncodingKey,
    jwk::{Jwk, ThumbprintHash},
};
use sea_orm::{ActiveValue::Set, ColumnTrait, DbErr, EntityTrait, QueryFilter, QueryOrder};
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

/// The keys of the deployment.
pub struct KeyRing {
    database: Database,
    sealing: SealingKey,
    clock: Arc<dyn Clock>,
    keys: RwLock<Arc<Keys>>,
    /// When the keys were last looked up because of a name that nobody knew. One look at a time.
    looked: tokio::sync::Mutex<Option<bailiwick_domain::Timestamp>>,
}

#[derive(Default)]
struct Keys {
    signing: HashMap<Purpose, Arc<SigningKey>>,
    verifying: HashMap<String, Arc<VerifyingKey>>,
    jwks: Vec<Jwk>,
}

/// A key to sign with.
pub(crate) struct SigningKey {
    pub(crate) id: String,
    pub(crate) algorithm: Algorithm,
    pub(crate) key: EncodingKey,
}

/// A key to verify with.
pub(crate) struct VerifyingKey {
    pub(crate) purpose: Purpose,
    pub(crate) algorithm: Algorithm,
    pub(crate) key: DecodingKey,
}

/// Tokens that name unknown keys make us look no more often than this.
const LOOK_EVERY: Duration = Duration::from_secs(1);

impl KeyRing {
    /// Reads the keys, and makes those that are missing.
    ///
    /// # Errors
    /// When the database does not answer, or holds what is no key.
    pub async fn open(
        database: Database,
        sealing: SealingKey,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, KeyError> {
        let ring = Self {
            database,
            sealing,
            clock,
            keys: RwLock::default(),
            looked: tokio::sync::Mutex::new(None),
        };
        ring.look().await?;
        for purpose in Purpose::ALL {
            if ring.signing(purpose).is_none() {
                ring.make(purpose).await?;
            }
        }
        ring.look().await?;
        Ok(ring)
    }

    /// The public keys of access tokens (RFC 7517 §5).
    pub fn jwks(&self) -> Vec<Jwk> {
        self.keys().jwks.clone()
    }

    pub(crate) fn signing(&self, purpose: Purpose) -> Option<Arc<SigningKey>> {
        self.keys().signing.get(&purpose).cloned()
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

    fn keys(&self) -> Arc<Keys> {
        Arc::clone(&self.keys.read().unwrap_or_else(PoisonError::into_inner))
    }

    #[expect(clippy::disallowed_methods, reason = "keys belong to no tenant")]
    async fn look(&self) -> Result<(), KeyError> {
        let tx = self.database.read(Context::default()).await?;
        let rows = signing_key::Entity::find()
            .filter(signing_key::Column::RetiredAt.is_null())
            .order_by_asc(signing_key::Column::CreatedAt)
            .order_by_asc(signing_key::Column::Id)
            .all(&tx)
            .await?;
        tx.commit().await?;
        let mut keys = Keys::default();
        for row in rows {
            self.add(&mut keys, row)?;
        }
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys);
        Ok(())
    }

    fn add(&self, keys: &mut Keys, row: signing_key::Model) -> Result<(), KeyError> {
        let purpose = Purpose::ALL
            .into_iter()
            .find(|purpose| purpose.name() == row.purpose)
            .ok_or_else(|| broken(format!("{} is for `{}`", row.id, row.purpose)))?;
        let algorithm: Algorithm = row.algorithm.parse().map_err(broken)?;
        let mut jwk: Jwk = serde_json::from_str(&row.public_jwk).map_err(broken)?;
        if row.sealed_by == self.sealing.fingerprint() {
            let private = self
                .sealing
                .open(&row.sealed_private, &context(purpose, &row.id))
                .ok_or_else(|| broken(format!("{} was changed in the database", row.id)))?;
            let key = EncodingKey::from_ec_der(&private);
            keys.signing.insert(
                purpose,
                Arc::new(SigningKey {
                    id: row.id.clone(),
                    algorithm,
                    key,
                }),
            );
        }
        let key = DecodingKey::from_jwk(&jwk).map_err(broken)?;
        keys.verifying.insert(
            row.id.clone(),
            Arc::new(VerifyingKey {
                purpose,
                algorithm,
                key,
            }),
        );
        if purpose == Purpose::Access {
            jwk.common.key_id = Some(row.id);
            jwk.common.public_key_use = Some(jsonwebtoken::jwk::PublicKeyUse::Signature);
            keys.jwks.push(jwk);
        }
        Ok(())
    }

    #[expect(clippy::disallowed_methods, reason = "keys belong to no tenant")]
    async fn make(&self, purpose: Purpose) -> Result<(), KeyError> {
        let algorithm = Algorithm::ES256;
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map_err(broken)?;
        let private = pair.to_pkcs8v1().map_err(broken)?;
        let private = private.as_ref();
        let jwk = Jwk::from_encoding_key(&EncodingKey::from_ec_der(private), algorithm)
            .map_err(broken)?;
        let id = jwk.thumbprint(ThumbprintHash::SHA256).map_err(broken)?;
        let sealed = self
            .sealing
            .seal(private, &context(purpose, &id))
            .ok_or_else(|| broken("cannot be sealed"))?;
        let tx = self.database.begin(Context::default()).await?;
        signing_key::Entity::insert(signing_key::ActiveModel {
            id: Set(id),
            purpose: Set(purpose.name().to_owned()),
            algorithm: Set("ES256".to_owned()),
            public_jwk: Set(serde_json::to_string(&jwk).map_err(broken)?),
            sealed_private: Set(sealed),
            sealed_by: Set(self.sealing.fingerprint().to_owned()),
            created_at: Set(self.clock.now().as_micros()),
            retired_at: Set(None),
        })
        .exec_without_returning(&tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }
}

impl std::fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeyRing")
            .field("sealing", &self.sealing)
            .finish_non_exhaustive()
    }
}

/// A sealed key moved to another row, or to another purpose, does not open.
fn context(purpose: Purpose, id: &str) -> String {
    format!("bailiwick/{}/{id}", purpose.name())
}

fn broken(error: impl ToString) -> KeyError {
    KeyError::Broken(error.to_string())
}
