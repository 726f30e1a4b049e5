//! What the parsers of this crate promise about whatever anybody sends: what breaks a promise panics. Tests and the
//! fuzzer in `fuzz/` call the same functions.

use crate::{
    JwtAccessTokens, JwtDeviceTokens, JwtRefreshTokens, KeyRing, Metrics, SealingKey,
    keys::Purpose, store::containing,
};
use bailiwick_application::ports::{
    Access, AccessClaims, AccessTokens, DeviceTokens, KnownDevice, MachineClaims, RefreshClaims,
    RefreshTokens, Secret, TokenError,
};
use bailiwick_domain::{Timestamp, user::EmailAddress};
use jsonwebtoken::Header;
use lettre::message::Mailbox;
use serde_json::Value;
use std::sync::Arc;

/// When the tokens are presented.
const NOW: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);

/// Searches: what is looked for is one line, what it is looked for in are the others.
pub fn patterns(text: &str) {
    let (wanted, stored) = text.split_once('\n').unwrap_or((text, ""));
    let wanted = wanted.to_ascii_lowercase();
    let pattern: Vec<_> = containing(&wanted).chars().collect();

    for stored in [stored, text, &wanted, &format!("{stored}{wanted}{stored}")] {
        let stored: Vec<_> = stored.to_ascii_lowercase().chars().collect();
        let holds = stored.iter().collect::<String>().contains(&wanted);
        assert_eq!(
            is_like(&stored, &pattern),
            holds,
            "{wanted:?} in {stored:?}"
        );
    }
}

/// `LIKE … ESCAPE '\'`, as SQL has it.
fn is_like(text: &[char], pattern: &[char]) -> bool {
    match (pattern, text) {
        (['\\', letter, pattern @ ..], [first, text @ ..]) => {
            letter == first && is_like(text, pattern)
        }
        (['%', pattern @ ..], _) => {
            (0..=text.len()).any(|from| is_like(text.get(from..).unwrap_or_default(), pattern))
        }
        (['_', pattern @ ..], [_, text @ ..]) => is_like(text, pattern),
        ([letter, pattern @ ..], [first, text @ ..]) => letter == first && is_like(text, pattern),
        ([], text) => text.is_empty(),
        ([_, ..], []) => false,
    }
}

/// Addresses: whom the domain takes, mail can be sent to.
pub fn addressees(text: &str) {
    if let Ok(email) = text.parse::<EmailAddress>() {
        let mailbox = email.as_str().parse::<Mailbox>().ok();
        let to = mailbox.map(|mailbox| mailbox.email.to_string());
        assert_eq!(to.as_deref(), Some(email.as_str()));
    }
}

/// Sealing keys, as operators write them.
pub fn sealing_keys(text: &str) {
    let printed = |text: &str| {
        SealingKey::from_base64(text)
            .map(|key| format!("{key:?}"))
            .ok()
    };
    assert_eq!(printed(text), printed(text.trim()));
}

/// Tokens: a whole one; or a kind, a header and claims, a line each, which are signed first.
pub async fn tokens(ring: &Arc<KeyRing>, text: &str) {
    let token = made(ring, text).unwrap_or_else(|| text.to_owned());
    let issuer = "urn:test".to_owned();
    let access = JwtAccessTokens::new(Arc::clone(ring), issuer.clone(), 0, &Metrics::default());
    let refresh = JwtRefreshTokens::new(Arc::clone(ring), issuer.clone());
    let device = JwtDeviceTokens::new(Arc::clone(ring), issuer);
    let mut kinds = 0;

    if let Some(said) = good(access.verify(&token, NOW).await) {
        kinds += 1;
        let (issued_at, same) = match said.clone() {
            Access::Person(claims) => (
                claims.issued_at,
                Access::Person(AccessClaims {
                    authenticated_at: in_seconds(claims.authenticated_at),
                    issued_at: in_seconds(claims.issued_at),
                    expires_at: in_seconds(claims.expires_at),
                    ..claims
                }),
            ),
            Access::Machine(claims) => (
                claims.issued_at,
                Access::Machine(MachineClaims {
                    issued_at: in_seconds(claims.issued_at),
                    expires_at: in_seconds(claims.expires_at),
                    ..claims
                }),
            ),
        };
        if is_issuable(issued_at) {
            let again = access.issue(&said).await.ok();
            let again = access.verify(&again.unwrap_or_default(), NOW).await.ok();
            assert_eq!(again, Some(same), "{text:?}");
        }
    }
    if let Some(presented) = good(refresh.read(&token, NOW).await) {
        kinds += 1;
        let claims = presented.claims;
        if is_issuable(claims.issued_at) {
            let secret = Secret([7; 32]);
            let again = refresh.issue(&claims, &secret).await.ok();
            let again = refresh.read(&again.unwrap_or_default(), NOW).await.ok();
            assert!(
                again
                    .as_ref()
                    .is_some_and(|again| refresh.vouches(again, &secret))
            );
            let same = RefreshClaims {
                issued_at: in_seconds(claims.issued_at),
                expires_at: in_seconds(claims.expires_at),
                ..claims
            };
            assert_eq!(again.map(|again| again.claims), Some(same), "{text:?}");
        }
    }
    if let Some(known) = good(device.verify(&token, NOW).await) {
        kinds += 1;
        if is_issuable(known.issued_at) {
            let again = device.issue(&known).await.ok();
            let again = device.verify(&again.unwrap_or_default(), NOW).await.ok();
            let same = KnownDevice {
                issued_at: in_seconds(known.issued_at),
                expires_at: in_seconds(known.expires_at),
                ..known
            };
            assert_eq!(again, Some(same), "{text:?}");
        }
    }
    assert!(kinds <= 1, "{text:?} passes as two kinds of token");
}

/// What was taken, if anything was; whatever is wrong is wrong with the token.
fn good<T>(verified: Result<T, TokenError>) -> Option<T> {
    assert!(!matches!(verified, Err(TokenError::Unavailable(_))));
    verified.ok()
}

/// Would a token from then on be good now?
fn is_issuable(issued_at: Timestamp) -> bool {
    issued_at <= NOW
}

/// The instant as tokens have it; those that no clock shows are cut off.
fn in_seconds(at: Timestamp) -> Timestamp {
    Timestamp::from_micros(at.as_seconds().saturating_mul(1_000_000))
}

fn made(ring: &KeyRing, text: &str) -> Option<String> {
    let mut lines = text.splitn(3, '\n');
    let (kind, header, claims) = (lines.next()?, lines.next()?, lines.next()?);
    let (purpose, typ) = match kind {
        "access" => (Purpose::Access, "at+jwt"),
        "refresh" => (Purpose::Refresh, "rt+jwt"),
        "device" => (Purpose::Refresh, "device+jwt"),
        _ => return None,
    };
    let key = ring.signing(purpose)?;
    let usual = || Header {
        typ: Some(typ.to_owned()),
        kid: Some(key.id.clone()),
        ..Header::new(key.algorithm)
    };
    let header = serde_json::from_str(header).unwrap_or_else(|_| usual());
    let header = Header {
        kid: header.kid.clone().or_else(|| Some(key.id.clone())),
        alg: key.algorithm,
        ..header
    };
    let claims: Value = serde_json::from_str(claims).ok()?;
    jsonwebtoken::encode(&header, &claims, &key.key).ok()
}

#[cfg(test)]
#[path = "../../../fuzz/corpus.rs"]
mod corpus;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Database, DatabaseOptions, KeyPolicy, SystemClock};
    use proptest::prelude::*;
    use tempfile::TempDir;
    use tokio::runtime::Runtime;

    struct Keys {
        ring: Arc<KeyRing>,
        runtime: Runtime,
        _folder: TempDir,
    }

    impl Keys {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let url = format!("sqlite:{}", folder.path().join("keys.db").display());
            let runtime = Runtime::new().unwrap();
            let ring = runtime.block_on(async {
                let owner = Database::connect_to_migrate(&url).await.unwrap();
                bailiwick_migration::up(&owner).await.unwrap();
                let database = Database::connect(&url, DatabaseOptions::default());
                let sealing = SealingKey::from_file(&folder.path().join("sealing.key")).unwrap();
                let clock = Arc::new(SystemClock);
                KeyRing::open(
                    database.await.unwrap(),
                    sealing,
                    KeyPolicy::default(),
                    clock,
                )
                .await
                .unwrap()
            });
            Self {
                ring: Arc::new(ring),
                runtime,
                _folder: folder,
            }
        }

        fn present(&self, text: &str) {
            self.runtime.block_on(tokens(&self.ring, text));
        }
    }

    #[test]
    fn the_promises_hold_for_all_that_the_fuzzer_starts_from() {
        let keys = Keys::new();

        for file in corpus::of("tokens") {
            keys.present(&String::from_utf8_lossy(&file));
        }
        for file in corpus::of("patterns") {
            patterns(&String::from_utf8_lossy(&file));
        }
        for file in corpus::of("emails") {
            addressees(&String::from_utf8_lossy(&file));
        }
        for file in corpus::of("settings") {
            sealing_keys(&String::from_utf8_lossy(&file));
        }
    }

    #[test]
    fn what_is_signed_is_taken_only_with_claims_that_are_ours() {
        let keys = Keys::new();
        let claims = |changed: &str, to: Value| {
            let mut claims = serde_json::json!({
                "iss": "urn:test", "aud": "urn:test", "sub": "user_01h455vb4pex5vsknk084sn02q",
                "iat": 1_800_000_000, "nbf": 1_800_000_000, "exp": 1_800_000_300,
                "jti": "01890a5d-ac96-774b-bcce-b302099a8057", "sid": "ses_01h455vb4pex5vsknk084sn02q",
                "cid": "chain_01h455vb4pex5vsknk084sn02q", "client_id": "c", "auth_time": 1_800_000_000,
            });
            claims[changed] = to;
            claims
        };
        let taken = |claims: Value| {
            let token = made(&keys.ring, &format!("access\n\n{claims}")).unwrap();
            let tokens = JwtAccessTokens::new(
                Arc::clone(&keys.ring),
                "urn:test".to_owned(),
                10,
                &Metrics::default(),
            );
            keys.runtime.block_on(tokens.verify(&token, NOW)).is_ok()
        };

        assert!(taken(claims("org_id", Value::Null)));
        for (claim, value) in [
            ("org_id", "user_01h455vb4pex5vsknk084sn02q".into()),
            ("org_id", 1.into()),
            ("sub", "org_01h455vb4pex5vsknk084sn02q".into()),
            ("exp", 1_800_000_000.into()),
            ("exp", "1800000300".into()),
            ("exp", 1_800_000_300.5.into()),
            ("aud", serde_json::json!(["urn:test"])),
            ("iss", "urn:test/".into()),
            ("jti", Value::Null),
        ] {
            assert!(!taken(claims(claim, value.clone())), "{claim}: {value}");
        }
    }

    proptest! {
        #[test]
        fn a_search_finds_what_contains_it_and_nothing_else(
            text in prop_oneof![any::<String>(), "[aA%_\\\\]{0,4}\n[aA%_\\\\]{0,12}"]
        ) {
            patterns(&text);
        }

        #[test]
        fn whom_the_domain_takes_mail_can_be_sent_to(
            text in "[a-zA-Z0-9!#$%&'*+/=?^_`{|}~.-]{1,66}@([a-zA-Z0-9-]{1,64}\\.){1,3}[a-z0-9-]{1,9}"
        ) {
            addressees(&text);
        }

        #[test]
        fn a_sealing_key_is_read_or_refused(text in prop_oneof![any::<String>(), " ?[A-Za-z0-9+/]{42,44}=?\n?"]) {
            sealing_keys(&text);
        }
    }

    #[test]
    fn no_text_is_a_token_by_chance() {
        let keys = Keys::new();
        let json = "\\{(\"(alg|typ|kid|iss|exp|crit|jwk)\":(\"(ES256|none|at\\+jwt|HS256)\"|1|null|\\[\\])(,)?){0,4}\\}";
        let texts = prop_oneof![
            any::<String>(),
            "[A-Za-z0-9_-]{0,40}(\\.[A-Za-z0-9_-]{0,40}){0,4}",
            (
                proptest::sample::select(vec!["access", "refresh", "device"]),
                json,
                json
            )
                .prop_map(|(kind, header, claims)| format!("{kind}\n{header}\n{claims}")),
        ];

        proptest!(|(text in texts)| keys.present(&text));
    }
}
