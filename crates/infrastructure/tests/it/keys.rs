//! Signing keys: sealed in the database, shared by everybody who verifies.

#![expect(
    clippy::disallowed_methods,
    reason = "tests look at the tables from outside"
)]

use bailiwick_application::ports::{
    Access, AccessClaims, AccessTokens, Clock, PublicKeys, TokenError,
};
use bailiwick_domain::{ChainId, SessionId, TenantId, Timestamp, UserId};
use bailiwick_infrastructure::{
    Database, DatabaseOptions, JwtAccessTokens, KeyAlgorithm, KeyPolicy, KeyRing, KeyState,
    Metrics, SealingKey,
};
use sea_orm::{ConnectionTrait, DatabaseConnection};
use std::{
    ops::Deref,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};
use tempfile::TempDir;
use uuid::Uuid;

const NOON: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);

/// A clock that goes when it is told to.
#[derive(Default)]
struct Hands(AtomicI64);

impl Clock for Hands {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(NOON.as_micros() + self.0.load(Ordering::Relaxed))
    }
}

/// A deployment of several replicas on one database.
struct Deployment {
    folder: TempDir,
    url: String,
    owner: DatabaseConnection,
    clock: Arc<Hands>,
    policy: KeyPolicy,
}

impl Deployment {
    async fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let url = format!("sqlite:{}", folder.path().join("keys.db").display());
        let owner = Database::connect_to_migrate(&url).await.unwrap();
        bailiwick_migration::up(&owner).await.unwrap();
        Self {
            folder,
            url,
            owner,
            clock: Arc::default(),
            policy: KeyPolicy::default(),
        }
    }

    /// A replica whose sealing key is in the file of this name.
    async fn replica(&self, sealing_key: impl AsRef<Path>) -> Replica {
        let database = Database::connect(&self.url, DatabaseOptions::default())
            .await
            .unwrap();
        let sealing = SealingKey::from_file(&self.folder.path().join(sealing_key)).unwrap();
        let ring = KeyRing::open(database, sealing, self.policy, self.clock.clone())
            .await
            .unwrap();
        let ring = Arc::new(ring);
        Replica {
            tokens: JwtAccessTokens::new(
                ring.clone(),
                "urn:test".to_owned(),
                10,
                &Metrics::default(),
            ),
            ring,
        }
    }

    /// Time passes.
    fn advance(&self, by: Duration) {
        self.clock
            .0
            .fetch_add(i64::try_from(by.as_micros()).unwrap(), Ordering::Relaxed);
    }

    async fn count(&self, sql: &str) -> i64 {
        let row = self.owner.query_one_raw(sea_orm::Statement::from_string(
            self.owner.get_database_backend(),
            sql,
        ));
        row.await.unwrap().unwrap().try_get_by_index(0).unwrap()
    }
}

/// One process of the deployment.
struct Replica {
    tokens: JwtAccessTokens,
    ring: Arc<KeyRing>,
}

impl Deref for Replica {
    type Target = JwtAccessTokens;

    fn deref(&self) -> &JwtAccessTokens {
        &self.tokens
    }
}

impl Replica {
    /// The states of the keys of access tokens, the newest first.
    async fn states(&self) -> Vec<KeyState> {
        let keys = self.ring.list().await.unwrap();
        keys.into_iter()
            .filter(|key| key.purpose == "access")
            .map(|key| key.state)
            .collect()
    }
}

fn claims() -> Access {
    Access::Person(AccessClaims {
        id: Uuid::from_u128(1),
        user: UserId::from_uuid(Uuid::from_u128(2)),
        session: SessionId::from_uuid(Uuid::from_u128(3)),
        chain: ChainId::from_uuid(Uuid::from_u128(4)),
        tenant: Some(TenantId::from_uuid(Uuid::from_u128(5))),
        authenticated_at: NOON,
        issued_at: NOON,
        expires_at: NOON.plus(Duration::from_secs(300)),
    })
}

#[tokio::test]
async fn a_replica_reads_what_another_has_signed_whatever_seals_their_keys() {
    let deployment = Deployment::new().await;
    let first = deployment.replica("one.key").await;
    let same = deployment.replica("one.key").await;
    let other = deployment.replica("two.key").await;

    let by_first = first.issue(&claims()).await.unwrap();
    let by_other = other.issue(&claims()).await.unwrap();

    assert_eq!(same.verify(&by_first, NOON).await.unwrap(), claims());
    assert_eq!(other.verify(&by_first, NOON).await.unwrap(), claims());
    // `first` started before the key of `other` was made, and finds it now.
    assert_eq!(first.verify(&by_other, NOON).await.unwrap(), claims());
    assert_eq!(
        deployment.count("SELECT count(*) FROM signing_keys").await,
        4
    );
}

#[tokio::test]
async fn unknown_keys_make_nobody_look_more_than_once_a_second() {
    let deployment = Deployment::new().await;
    let first = deployment.replica("one.key").await;
    let stranger = Deployment::new().await.replica("one.key").await;
    let strange = stranger.issue(&claims()).await.unwrap();

    assert!(matches!(
        first.verify(&strange, NOON).await,
        Err(TokenError::Invalid(_))
    ));
    let other = deployment.replica("two.key").await;
    let by_other = other.issue(&claims()).await.unwrap();
    let at_once = first.verify(&by_other, NOON).await;
    deployment.advance(Duration::from_secs(1));
    let later = first.verify(&by_other, NOON).await;

    assert!(matches!(at_once, Err(TokenError::Invalid(_))));
    assert_eq!(later.unwrap(), claims());
}

#[tokio::test]
async fn a_key_that_was_moved_to_another_row_is_left_out() {
    let deployment = Deployment::new().await;
    let before = deployment.replica("one.key").await;
    let token = before.issue(&claims()).await.unwrap();

    let moved = "UPDATE signing_keys SET sealed_private = \
                 (SELECT sealed_private FROM signing_keys o WHERE o.purpose = 'refresh') \
                 WHERE purpose = 'access'";
    deployment.owner.execute_unprepared(moved).await.unwrap();
    let after = deployment.replica("one.key").await;

    assert!(after.verify(&token, NOON).await.is_err());
    let anew = after.issue(&claims()).await.unwrap();
    assert_eq!(after.verify(&anew, NOON).await.unwrap(), claims());
    assert_eq!(
        deployment.count("SELECT count(*) FROM signing_keys").await,
        3
    );
}

#[tokio::test]
async fn a_token_is_good_from_its_beginning_to_its_end_and_for_its_issuer() {
    let deployment = Deployment::new().await;
    let replica = deployment.replica("one.key").await;
    let token = replica.issue(&claims()).await.unwrap();
    let after = |seconds| NOON.plus(Duration::from_secs(seconds));

    assert!(replica.verify(&token, after(299)).await.is_ok());
    assert!(
        replica.verify(&token, after(300)).await.is_err(),
        "no leeway at the end"
    );
    // The clock of another replica may be a little behind.
    let behind = |seconds: i64| Timestamp::from_micros(NOON.as_micros() - seconds * 1_000_000);
    assert!(replica.verify(&token, behind(5)).await.is_ok());
    assert!(replica.verify(&token, behind(6)).await.is_err());
}

#[tokio::test]
async fn every_algorithm_signs_and_verifies() {
    for algorithm in [
        KeyAlgorithm::Es256,
        KeyAlgorithm::EdDsa,
        KeyAlgorithm::Rs256,
    ] {
        let mut deployment = Deployment::new().await;
        deployment.policy.algorithm = algorithm;
        let replica = deployment.replica("one.key").await;
        let other = deployment.replica("one.key").await;

        let token = replica.issue(&claims()).await.unwrap();

        assert_eq!(
            other.verify(&token, NOON).await.unwrap(),
            claims(),
            "{algorithm:?}"
        );
        assert_eq!(replica.ring.public_keys().len(), 1);
    }
}

#[tokio::test]
async fn a_new_key_is_known_before_it_signs_and_the_old_one_verifies_until_it_is_retired() {
    let deployment = Deployment::new().await;
    let (here, there) = (
        deployment.replica("one.key").await,
        deployment.replica("one.key").await,
    );
    let old = here.issue(&claims()).await.unwrap();

    here.ring.rotate().await.unwrap();
    assert_eq!(here.states().await, [KeyState::Published, KeyState::Active]);
    there.ring.tend().await.unwrap();
    deployment.advance(KeyPolicy::default().publish_ahead);
    assert_eq!(
        here.states().await,
        [KeyState::Active, KeyState::VerifyOnly]
    );
    let new = here.issue(&claims()).await.unwrap();

    assert_ne!(
        old.split('.').next(),
        new.split('.').next(),
        "another key signs"
    );
    for token in [&old, &new] {
        assert!(there.verify(token, NOON).await.is_ok());
    }

    let spent = here.ring.list().await.unwrap().into_iter();
    let spent = spent.filter(|key| key.state == KeyState::VerifyOnly && key.purpose == "access");
    for key in spent {
        assert!(here.ring.retire(&key.id).await.unwrap());
        assert!(!here.ring.retire(&key.id).await.unwrap(), "once");
    }
    there.ring.tend().await.unwrap();
    assert!(there.verify(&old, NOON).await.is_err());
    assert!(there.verify(&new, NOON).await.is_ok());
    assert_eq!(there.ring.public_keys().len(), 1);
}

#[tokio::test]
async fn a_key_that_has_become_too_old_is_replaced_once() {
    let deployment = Deployment::new().await;
    let replica = deployment.replica("one.key").await;

    deployment.advance(KeyPolicy::default().max_age);
    for _ in 0..3 {
        replica.ring.tend().await.unwrap();
    }

    assert_eq!(
        replica.states().await,
        [KeyState::Published, KeyState::Active]
    );
}

#[tokio::test]
async fn who_retires_the_active_key_in_a_hurry_signs_with_the_next_before_its_time() {
    let deployment = Deployment::new().await;
    let replica = deployment.replica("one.key").await;
    replica.ring.rotate().await.unwrap();

    for key in replica.ring.list().await.unwrap() {
        if key.state == KeyState::Active {
            replica.ring.retire(&key.id).await.unwrap();
        }
    }

    let token = replica.issue(&claims()).await.unwrap();
    assert!(replica.verify(&token, NOON).await.is_ok());
    assert_eq!(
        replica.ring.list().await.unwrap().len(),
        4,
        "and makes no more"
    );
}

#[tokio::test]
async fn who_retires_the_last_key_gets_a_new_one_at_once() {
    let deployment = Deployment::new().await;
    let replica = deployment.replica("one.key").await;

    for key in replica.ring.list().await.unwrap() {
        replica.ring.retire(&key.id).await.unwrap();
    }

    let token = replica.issue(&claims()).await.unwrap();
    assert!(replica.verify(&token, NOON).await.is_ok());
}
