//! Access and refresh tokens as signed JWTs (RFC 7515, RFC 7519), a type for each kind.
//!
//! What a token may look like is decided by its kind and by our own key record, never by the token: see
//! [`verified`] for the order.

use crate::{
    keys::{KeyError, KeyRing, Purpose, VerifyingKey},
    metrics::{CacheCounts, Metrics},
};
use async_trait::async_trait;
use aws_lc_rs::{digest, hmac};
use bailiwick_application::ports::{
    Access, AccessClaims, AccessTokens, DeviceId, DeviceTokens, FIRST_PARTY, KnownDevice,
    MachineClaims, PresentedRefresh, RefreshClaims, RefreshTokens, Secret, TokenError,
};
use bailiwick_domain::Timestamp;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use jsonwebtoken::{Header, Validation};
use moka::sync::Cache;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::{str::FromStr, sync::Arc, time::Duration};

/// The longest token that is looked at, in bytes.
const MAX_LENGTH: usize = 4096;
/// How far the clock of the replica that signed may be ahead.
const SKEW: Duration = Duration::from_secs(5);

/// How long a token is remembered at most that nobody brings again.
const IDLE: Duration = Duration::from_secs(5 * 60);

/// Signs and verifies access tokens (RFC 9068), and remembers which it has verified: that costs more than all the rest of a
/// request that is answered from memory.
#[derive(Debug)]
pub struct JwtAccessTokens {
    ring: Arc<KeyRing>,
    issuer: String,
    /// What has been verified, by the hash of the whole token, with the key that it was verified with.
    verified: Cache<[u8; 32], Arc<(String, Access)>>,
    counts: CacheCounts,
}

/// Signs and verifies refresh tokens. Each carries a MAC that only the secret of its chain makes.
#[derive(Debug)]
pub struct JwtRefreshTokens {
    ring: Arc<KeyRing>,
    issuer: String,
}

impl JwtAccessTokens {
    /// Tokens of this issuer, signed with the keys of this ring; about so many are remembered.
    #[must_use]
    pub fn new(ring: Arc<KeyRing>, issuer: String, remembered: u32, metrics: &Metrics) -> Self {
        let counts = metrics.cache("tokens");
        let evictions = counts.evictions.clone();
        let verified = Cache::builder()
            .max_capacity(remembered.into())
            .time_to_idle(IDLE)
            .eviction_listener(move |_, _, cause| {
                if cause.was_evicted() && remembered > 0 {
                    evictions.inc();
                }
            })
            .build();
        Self {
            ring,
            issuer,
            verified,
            counts,
        }
    }

    /// What this token says, if it was verified before, its time is not over, and its key still counts.
    fn recall(&self, hash: &[u8; 32], now: Timestamp) -> Option<Access> {
        let known = self.verified.get(hash)?;
        let (key, access) = &*known;
        let (begins, ends) = match access {
            Access::Person(claims) => (claims.issued_at, claims.expires_at),
            Access::Machine(claims) => (claims.issued_at, claims.expires_at),
        };
        let counts = self.ring.knows(key, Purpose::Access) && is_in_time(begins, ends, now);
        counts.then(|| access.clone())
    }
}

impl JwtRefreshTokens {
    /// Tokens of this issuer, signed with the keys of this ring.
    #[must_use]
    pub const fn new(ring: Arc<KeyRing>, issuer: String) -> Self {
        Self { ring, issuer }
    }
}

/// Signs and verifies what devices remember.
#[derive(Debug)]
pub struct JwtDeviceTokens {
    ring: Arc<KeyRing>,
    issuer: String,
}

impl JwtDeviceTokens {
    /// Tokens of this issuer, signed with the keys of this ring.
    #[must_use]
    pub const fn new(ring: Arc<KeyRing>, issuer: String) -> Self {
        Self { ring, issuer }
    }
}

/// What every token of ours says.
#[derive(Serialize, Deserialize)]
struct Common {
    iss: String,
    aud: String,
    sub: String,
    iat: i64,
    nbf: i64,
    exp: i64,
    jti: String,
}

/// What a token says that belongs to a session.
#[derive(Serialize, Deserialize)]
struct OfSession {
    sid: String,
    cid: String,
}

#[derive(Serialize, Deserialize)]
struct DeviceBody {
    #[serde(flatten)]
    common: Common,
}

#[derive(Serialize, Deserialize)]
struct AccessBody {
    #[serde(flatten)]
    common: Common,
    #[serde(flatten)]
    of: Option<OfSession>,
    client_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    auth_time: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    org_id: Option<String>,
    /// With which key a machine got it: then it is of no session, and the subject is a service account.
    #[serde(skip_serializing_if = "Option::is_none")]
    key_id: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct RefreshBody {
    #[serde(flatten)]
    common: Common,
    #[serde(flatten)]
    of: OfSession,
    r#gen: u64,
    mac: String,
}

/// One kind of token: what it is called, whom it is for, and which keys sign it.
trait Kind: Serialize + DeserializeOwned {
    const TYP: &'static str;
    const PURPOSE: Purpose;
    fn audience(issuer: &str) -> String;
    fn common(&self) -> &Common;
}

impl Kind for AccessBody {
    const TYP: &'static str = "at+jwt";
    const PURPOSE: Purpose = Purpose::Access;

    fn audience(issuer: &str) -> String {
        issuer.to_owned()
    }

    fn common(&self) -> &Common {
        &self.common
    }
}

impl Kind for RefreshBody {
    const TYP: &'static str = "rt+jwt";
    const PURPOSE: Purpose = Purpose::Refresh;

    fn audience(issuer: &str) -> String {
        format!("{issuer}#refresh")
    }

    fn common(&self) -> &Common {
        &self.common
    }
}

impl Kind for DeviceBody {
    const TYP: &'static str = "device+jwt";
    // Like refresh tokens these are for us alone.
    const PURPOSE: Purpose = Purpose::Refresh;

    fn audience(issuer: &str) -> String {
        format!("{issuer}#device")
    }

    fn common(&self) -> &Common {
        &self.common
    }
}

#[async_trait]
impl DeviceTokens for JwtDeviceTokens {
    async fn issue(&self, device: &KnownDevice) -> Result<String, TokenError> {
        let common = Common {
            iss: self.issuer.clone(),
            aud: DeviceBody::audience(&self.issuer),
            sub: device.account.to_string(),
            iat: device.issued_at.as_seconds(),
            nbf: device.issued_at.as_seconds(),
            exp: device.expires_at.as_seconds(),
            jti: device.id.0.to_string(),
        };
        signed(&self.ring, &DeviceBody { common })
    }

    async fn verify(&self, token: &str, now: Timestamp) -> Result<KnownDevice, TokenError> {
        let (_, DeviceBody { common }) = verified(&self.ring, &self.issuer, token, now).await?;
        Ok(KnownDevice {
            id: DeviceId(id(&common.jti)?),
            account: id(&common.sub)?,
            issued_at: seconds(common.iat),
            expires_at: seconds(common.exp),
        })
    }
}

#[async_trait]
impl AccessTokens for JwtAccessTokens {
    async fn issue(&self, access: &Access) -> Result<String, TokenError> {
        let (jti, sub, issued_at, expires_at) = match access {
            Access::Person(of) => (of.id, of.user.to_string(), of.issued_at, of.expires_at),
            Access::Machine(of) => (of.id, of.account.to_string(), of.issued_at, of.expires_at),
        };
        let common = Common {
            iss: self.issuer.clone(),
            aud: AccessBody::audience(&self.issuer),
            sub,
            iat: issued_at.as_seconds(),
            nbf: issued_at.as_seconds(),
            exp: expires_at.as_seconds(),
            jti: jti.to_string(),
        };
        let body = match access {
            Access::Person(claims) => AccessBody {
                common,
                of: Some(OfSession {
                    sid: claims.session.to_string(),
                    cid: claims.chain.to_string(),
                }),
                client_id: FIRST_PARTY.to_owned(),
                auth_time: Some(claims.authenticated_at.as_seconds()),
                org_id: claims.tenant.map(|tenant| tenant.to_string()),
                key_id: None,
            },
            Access::Machine(claims) => AccessBody {
                client_id: common.sub.clone(),
                common,
                of: None,
                auth_time: None,
                org_id: Some(claims.tenant.to_string()),
                key_id: Some(claims.key.to_string()),
            },
        };
        signed(&self.ring, &body)
    }

    async fn verify(&self, token: &str, now: Timestamp) -> Result<Access, TokenError> {
        let mut hash = [0; 32];
        hash.copy_from_slice(digest::digest(&digest::SHA256, token.as_bytes()).as_ref());
        if let Some(access) = self.recall(&hash, now) {
            self.counts.hits.inc();
            return Ok(access);
        }
        let remembers = self.verified.policy().max_capacity() != Some(0);
        let count = if remembers {
            &self.counts.misses
        } else {
            &self.counts.bypasses
        };
        count.inc();
        let (key, body) = verified(&self.ring, &self.issuer, token, now).await?;
        let access = understood(body)?;
        self.verified.insert(hash, Arc::new((key, access.clone())));
        Ok(access)
    }
}

/// What the body of an access token says: of a person or of a machine, and nothing between.
fn understood(body: AccessBody) -> Result<Access, TokenError> {
    let AccessBody {
        common,
        of,
        auth_time,
        org_id,
        key_id,
        ..
    } = body;
    let (issued_at, expires_at) = (seconds(common.iat), seconds(common.exp));
    match (of, auth_time, key_id) {
        (Some(of), Some(auth_time), None) => Ok(Access::Person(AccessClaims {
            id: id(&common.jti)?,
            user: id(&common.sub)?,
            session: id(&of.sid)?,
            chain: id(&of.cid)?,
            tenant: org_id.as_deref().map(id).transpose()?,
            authenticated_at: seconds(auth_time),
            issued_at,
            expires_at,
        })),
        (None, None, Some(key)) => Ok(Access::Machine(MachineClaims {
            id: id(&common.jti)?,
            account: id(&common.sub)?,
            key: id(&key)?,
            tenant: id(&org_id.ok_or(TokenError::Invalid("claims"))?)?,
            issued_at,
            expires_at,
        })),
        _ => Err(TokenError::Invalid("claims")),
    }
}

#[async_trait]
impl RefreshTokens for JwtRefreshTokens {
    async fn issue(&self, claims: &RefreshClaims, secret: &Secret) -> Result<String, TokenError> {
        let body = RefreshBody {
            common: Common {
                iss: self.issuer.clone(),
                aud: RefreshBody::audience(&self.issuer),
                sub: claims.user.to_string(),
                iat: claims.issued_at.as_seconds(),
                nbf: claims.issued_at.as_seconds(),
                exp: claims.expires_at.as_seconds(),
                jti: format!("{}.{}", claims.chain, claims.generation),
            },
            of: OfSession {
                sid: claims.session.to_string(),
                cid: claims.chain.to_string(),
            },
            r#gen: claims.generation,
            mac: BASE64_URL_SAFE_NO_PAD.encode(hmac::sign(&key(secret), &message(claims))),
        };
        signed(&self.ring, &body)
    }

    async fn read(&self, token: &str, now: Timestamp) -> Result<PresentedRefresh, TokenError> {
        let (_, body) = verified(&self.ring, &self.issuer, token, now).await?;
        let RefreshBody {
            common,
            of,
            r#gen: generation,
            mac,
        } = body;
        Ok(PresentedRefresh {
            claims: RefreshClaims {
                user: id(&common.sub)?,
                session: id(&of.sid)?,
                chain: id(&of.cid)?,
                generation,
                issued_at: seconds(common.iat),
                expires_at: seconds(common.exp),
            },
            mac: BASE64_URL_SAFE_NO_PAD
                .decode(mac)
                .map_err(|_| TokenError::Invalid("mac"))?,
        })
    }

    fn vouches(&self, presented: &PresentedRefresh, secret: &Secret) -> bool {
        hmac::verify(&key(secret), &message(&presented.claims), &presented.mac).is_ok()
    }
}

fn key(Secret(secret): &Secret) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, secret)
}

/// What the MAC is over: everything that tells one refresh token from another.
fn message(claims: &RefreshClaims) -> Vec<u8> {
    let RefreshClaims {
        user,
        session,
        chain,
        generation,
        ..
    } = claims;
    format!("bailiwick refresh 1|{user}|{session}|{chain}|{generation}").into_bytes()
}

fn signed<K: Kind>(ring: &KeyRing, body: &K) -> Result<String, TokenError> {
    let key = ring
        .signing(K::PURPOSE)
        .ok_or_else(|| TokenError::Unavailable("there is no key to sign with".into()))?;
    let header = Header {
        typ: Some(K::TYP.to_owned()),
        kid: Some(key.id.clone()),
        ..Header::new(key.algorithm)
    };
    jsonwebtoken::encode(&header, body, &key.key)
        .map_err(|error| TokenError::Unavailable(error.into()))
}

/// Length, header, key, signature, issuer, audience, time, and only then the claims: nothing is believed before it is
/// signed, and the algorithm is the key's. What it says comes with the id of the key.
async fn verified<K: Kind>(
    ring: &KeyRing,
    issuer: &str,
    token: &str,
    now: Timestamp,
) -> Result<(String, K), TokenError> {
    if token.len() > MAX_LENGTH {
        return Err(TokenError::Invalid("length"));
    }
    let header = jsonwebtoken::decode_header(token).map_err(|_| TokenError::Invalid("header"))?;
    let key = key_of::<K>(ring, &header).await?;
    // Time comes from our clock and the rest is compared below, where nothing that is absent counts as right.
    let mut validation = Validation::new(key.algorithm);
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_aud = false;
    let body = jsonwebtoken::decode::<K>(token, &key.key, &validation)
        .map_err(|_| TokenError::Invalid("signature or claims"))?
        .claims;
    let common = body.common();
    if common.iss != issuer || common.aud != K::audience(issuer) {
        return Err(TokenError::Invalid("issuer or audience"));
    }
    if !is_in_time(seconds(common.nbf), seconds(common.exp), now) {
        return Err(TokenError::Invalid("time"));
    }
    Ok((header.kid.unwrap_or_default(), body))
}

fn is_in_time(begins: Timestamp, ends: Timestamp, now: Timestamp) -> bool {
    begins <= now.plus(SKEW) && now < ends
}

/// Our own key of that name, if the header asks for nothing else.
async fn key_of<K: Kind>(ring: &KeyRing, header: &Header) -> Result<Arc<VerifyingKey>, TokenError> {
    let Header { typ, kid, .. } = header;
    let embeds_a_key = header.jku.is_some()
        || header.jwk.is_some()
        || header.x5u.is_some()
        || header.x5c.is_some();
    if typ.as_deref() != Some(K::TYP) || header.crit.is_some() || embeds_a_key {
        return Err(TokenError::Invalid("header"));
    }
    let kid = kid.as_deref().ok_or(TokenError::Invalid("kid"))?;
    ring.verifying(kid)
        .await
        .map_err(|error: KeyError| TokenError::Unavailable(error.into()))?
        .filter(|key| key.purpose == K::PURPOSE && key.algorithm == header.alg)
        .ok_or(TokenError::Invalid("kid"))
}

fn id<T: FromStr>(text: &str) -> Result<T, TokenError> {
    text.parse().map_err(|_| TokenError::Invalid("id"))
}

fn seconds(seconds: i64) -> Timestamp {
    Timestamp::from_micros(seconds.saturating_mul(1_000_000))
}
