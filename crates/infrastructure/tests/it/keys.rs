//! Signing keys: sealed in the database, shared by everybody who verifies.

use bailiwick_application::ports::{AccessClaims, AccessTokens, Clock, TokenError};
use bailiwick_domain::{ChainId, SessionId, TenantId, Timestamp, UserId};
use bailiwick_infrastructure::{Database, DatabaseOptions, JwtAccessTokens, KeyRing, SealingKey};
use sea_orm::{ConnectionTrait, DatabaseConnection};
use std::{
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
        }
    }

    /// A replica whose sealing key is in the file of this name.
    async fn replica(&self, sealing_key: impl AsRef<Path>) -> JwtAccessTokens {
        let database = Database::connect(&self.url, DatabaseOptions::default())
            .await
            .unwrap();
        let sealing = SealingKey::from_file(&self.folder.path().join(sealing_key)).unwrap();
        let ring = KeyRing::open(database, sealing, self.clock.clone())
            .await
            .unwrap();
        JwtAccessTokens::new(Arc::new(ring), "urn:test".to_owned())
    }

    async fn count(&self, sql: &str) -> i64 {
        let row = self.owner.query_one_raw(sea_orm::Statement::from_string(
            self.owner.get_database_backend(),
            sql,
        ));
        row.await.unwrap().unwrap().try_get_by_index(0).unwrap()
    }
}

fn claims() -> AccessClaims {
    AccessClaims {
        id: Uuid::from_u128(1),
        user: UserId::from_uuid(Uuid::from_u128(2)),
        session: SessionId::from_uuid(Uuid::from_u128(3)),
        chain: ChainId::from_uuid(Uuid::from_u128(4)),
        tenant: Some(TenantId::from_uuid(Uuid::from_u128(5))),
        issued_at: NOON,
        expires_at: NOON.plus(Duration::from_secs(300)),
    }
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
    deployment.clock.0.fetch_add(1_000_000, Ordering::Relaxed);
    let later = first.verify(&by_other, NOON).await;

    assert!(matches!(at_once, Err(TokenError::Invalid(_))));
    assert_eq!(later.unwrap(), claims());
}

#[tokio::test]
async fn a_key_that_was_moved_to_another_row_does_not_open() {
    let deployment = Deployment::new().await;
    deployment.replica("one.key").await;

    let swap = "UPDATE signing_keys SET sealed_private = \
                (SELECT sealed_private FROM signing_keys o WHERE o.purpose <> signing_keys.purpose)";
    deployment.owner.execute_unprepared(swap).await.unwrap();

    let database = Database::connect(&deployment.url, DatabaseOptions::default())
        .await
        .unwrap();
    let sealing = SealingKey::from_file(&deployment.folder.path().join("one.key")).unwrap();
    assert!(
        KeyRing::open(database, sealing, deployment.clock.clone())
            .await
            .is_err()
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
