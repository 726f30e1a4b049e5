//! The limit: bare actix-web and sqlx, which know nobody and permit everything.
//!
//! *Naive* is what one writes first: sqlx's pool as it comes, one statement after the other. *Trimmed* is what is left when all that
//! can be saved is saved: connections of the worker's own, one round trip, nothing asked on the way.

use actix_web::{
    App, HttpResponse, HttpServer, Responder,
    web::{Data, Json, Path, get, post},
};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use bailiwick_domain::{MemberId, ProjectId, RoleId, TenantId, UserId};
use bytes::Bytes;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::{Deserialize, Serialize};
use std::{
    fs,
    io::{self, Write},
    net::TcpListener,
    path::PathBuf,
    time::{SystemTime, UNIX_EPOCH},
};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use tokio::sync::{Semaphore, SemaphorePermit};
use uuid::Uuid;

/// Where it finds what it answers with.
#[derive(Debug, clap::Args)]
pub(crate) struct Limit {
    /// The database, as somebody whom row-level security does not bind.
    #[arg(long)]
    url: String,
    /// The bytes that `/me` answers with.
    #[arg(long)]
    me: PathBuf,
}

/// Connections of a worker.
const EACH: usize = 4;

const MEMBERS: &str = "
    SELECT m.id, m.user_id, m.status, m.created_at, u.email, u.name, r.id, r.name, r.builtin
    FROM (SELECT * FROM members WHERE tenant_id = $1 ORDER BY id LIMIT 21) m
    JOIN users u ON u.id = m.user_id
    LEFT JOIN member_roles h ON h.tenant_id = m.tenant_id AND h.member_id = m.id
    LEFT JOIN roles r ON r.tenant_id = h.tenant_id AND r.id = h.role_id
    ORDER BY m.id, r.id";
const ADD_PROJECT: &str = "
    INSERT INTO projects (tenant_id, id, name, created_by, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $5)";
const ADD_RECORD: &str = "
    INSERT INTO audit_events (id, tenant_id, at, actor_id, action, target, outcome)
    VALUES ($1, $2, $3, $4, 'project:create', $5, 'permitted')";
const ROTATE: &str =
    "UPDATE refresh_chains SET generation = generation + 1, rotated_at = $2 WHERE id = $1";

type Found = (
    Uuid,
    Uuid,
    String,
    i64,
    String,
    String,
    Uuid,
    String,
    Option<String>,
);

#[derive(Serialize)]
struct List {
    data: Vec<Member>,
    next_cursor: Option<String>,
}

#[derive(Serialize)]
struct Member {
    id: String,
    user_id: String,
    email: String,
    name: String,
    role: Option<String>,
    roles: Vec<String>,
    assignments: Vec<Assignment>,
    status: String,
    created_at: String,
}

#[derive(Serialize)]
struct Assignment {
    role_id: String,
    role: String,
    project_id: Option<String>,
    expires_at: Option<String>,
    expired: bool,
}

fn listed(rows: Vec<Found>) -> List {
    let mut data: Vec<Member> = Vec::with_capacity(21);
    for (id, user, status, created_at, email, name, role_id, role, builtin) in rows {
        let id = MemberId::from_uuid(id).to_string();
        if data.last().is_none_or(|last| last.id != id) {
            data.push(Member {
                id,
                user_id: UserId::from_uuid(user).to_string(),
                email,
                name,
                role: builtin,
                roles: Vec::new(),
                assignments: Vec::new(),
                status,
                created_at: rfc3339(created_at),
            });
        }
        if let Some(member) = data.last_mut() {
            member.roles.push(role.clone());
            member.assignments.push(Assignment {
                role_id: RoleId::from_uuid(role_id).to_string(),
                role,
                project_id: None,
                expires_at: None,
                expired: false,
            });
        }
    }
    let more = data.len() > 20;
    data.truncate(20);
    let last = data.last().filter(|_| more);
    List {
        next_cursor: last.map(|last| last.id.clone()),
        data,
    }
}

#[derive(Deserialize)]
struct NewProject {
    name: String,
    tenant: Uuid,
    user: Uuid,
}

#[derive(Serialize)]
struct Project {
    id: String,
    name: String,
    organization_id: String,
    created_by: String,
    created_at: String,
    updated_at: String,
}

impl NewProject {
    fn made(self, id: Uuid, now: i64) -> Project {
        let now = rfc3339(now);
        Project {
            id: ProjectId::from_uuid(id).to_string(),
            name: self.name,
            organization_id: TenantId::from_uuid(self.tenant).to_string(),
            created_by: UserId::from_uuid(self.user).to_string(),
            created_at: now.clone(),
            updated_at: now,
        }
    }
}

#[derive(Deserialize)]
struct Refresh {
    chain: Uuid,
    user: Uuid,
}

#[derive(Serialize)]
struct Tokens {
    access_token: String,
    token_type: &'static str,
    expires_in: u64,
    refresh_token: String,
}

#[derive(Serialize)]
struct Claims {
    iss: &'static str,
    aud: &'static str,
    sub: Uuid,
    iat: i64,
    nbf: i64,
    exp: i64,
    jti: Uuid,
    sid: Uuid,
    cid: Uuid,
}

/// Both tokens, each signed.
fn signed(key: &EncodingKey, refresh: &Refresh, now: i64) -> Tokens {
    let seconds = now / 1_000_000;
    let sign = |typ: &str| {
        let header = Header {
            typ: Some(typ.to_owned()),
            kid: Some("limit".to_owned()),
            ..Header::new(Algorithm::ES256)
        };
        let claims = Claims {
            iss: "urn:limit",
            aud: "urn:limit",
            sub: refresh.user,
            iat: seconds,
            nbf: seconds,
            exp: seconds + 300,
            jti: Uuid::now_v7(),
            sid: refresh.chain,
            cid: refresh.chain,
        };
        jsonwebtoken::encode(&header, &claims, key).unwrap()
    };
    Tokens {
        access_token: sign("at+jwt"),
        token_type: "Bearer",
        expires_in: 300,
        refresh_token: sign("rt+jwt"),
    }
}

fn micros() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(since.as_micros()).unwrap()
}

fn rfc3339(micros: i64) -> String {
    let at = OffsetDateTime::from_unix_timestamp_nanos(i128::from(micros) * 1_000);
    at.unwrap().format(&Rfc3339).unwrap()
}

async fn health() -> impl Responder {
    HttpResponse::Ok().json(serde_json::json!({ "status": "ok" }))
}

async fn me(bytes: Data<Bytes>) -> impl Responder {
    HttpResponse::Ok()
        .content_type("application/json")
        .body(Bytes::clone(&bytes))
}

/// Connections of one worker, which nobody asks whether they are still there.
struct Local<C> {
    free: Semaphore,
    connections: std::sync::Mutex<Vec<C>>,
}

impl<C> Local<C> {
    fn of(connections: Vec<C>) -> Self {
        Self {
            free: Semaphore::new(connections.len()),
            connections: connections.into(),
        }
    }

    async fn lend(&self) -> (SemaphorePermit<'_>, C) {
        let permit = self.free.acquire().await.unwrap();
        let connection = self.connections.lock().unwrap().pop();
        (permit, connection.unwrap())
    }

    fn take_back(&self, permit: SemaphorePermit<'_>, connection: C) {
        self.connections.lock().unwrap().push(connection);
        drop(permit);
    }
}

/// The same on each database: sqlx's types differ.
macro_rules! limit_on {
    ($module:ident, $database:ident, $connection:ident) => {
        mod $module {
            use super::*;
            use sqlx::{Connection, Pool, $connection, $database};

            async fn members(pool: Data<Pool<$database>>, tenant: Path<Uuid>) -> impl Responder {
                let rows = sqlx::query_as(MEMBERS)
                    .bind(tenant.into_inner())
                    .fetch_all(&**pool)
                    .await;
                HttpResponse::Ok().json(listed(rows.unwrap()))
            }

            async fn trimmed(
                local: Data<Local<$connection>>,
                tenant: Path<Uuid>,
            ) -> impl Responder {
                let (permit, mut connection) = local.lend().await;
                let rows = sqlx::query_as(MEMBERS)
                    .bind(tenant.into_inner())
                    .fetch_all(&mut connection)
                    .await;
                local.take_back(permit, connection);
                HttpResponse::Ok().json(listed(rows.unwrap()))
            }

            async fn create(
                pool: Data<Pool<$database>>,
                Json(project): Json<NewProject>,
            ) -> impl Responder {
                let (id, now) = (Uuid::now_v7(), micros());
                let mut transaction = pool.begin().await.unwrap();
                sqlx::query(ADD_PROJECT)
                    .bind(project.tenant)
                    .bind(id)
                    .bind(&project.name)
                    .bind(project.user)
                    .bind(now)
                    .execute(&mut *transaction)
                    .await
                    .unwrap();
                sqlx::query(ADD_RECORD)
                    .bind(Uuid::now_v7())
                    .bind(project.tenant)
                    .bind(now)
                    .bind(project.user)
                    .bind(ProjectId::from_uuid(id).to_string())
                    .execute(&mut *transaction)
                    .await
                    .unwrap();
                transaction.commit().await.unwrap();
                HttpResponse::Created().json(project.made(id, now))
            }

            async fn refresh(
                pool: Data<Pool<$database>>,
                key: Data<EncodingKey>,
                Json(refresh): Json<Refresh>,
            ) -> impl Responder {
                let now = micros();
                let rotated = sqlx::query(ROTATE)
                    .bind(refresh.chain)
                    .bind(now)
                    .execute(&**pool)
                    .await;
                assert_eq!(rotated.unwrap().rows_affected(), 1);
                HttpResponse::Ok().json(signed(&key, &refresh, now))
            }

            pub(super) async fn run(
                listener: TcpListener,
                url: String,
                bytes: Bytes,
                key: EncodingKey,
            ) -> io::Result<()> {
                let pool = Data::new(Pool::<$database>::connect(&url).await.unwrap());
                let (bytes, key) = (Data::new(bytes), Data::new(key));
                HttpServer::new(move || {
                    let url = url.clone();
                    App::new()
                        .app_data(pool.clone())
                        .app_data(bytes.clone())
                        .app_data(key.clone())
                        .data_factory(move || {
                            let url = url.clone();
                            async move {
                                let mut connections = Vec::new();
                                for _ in 0..EACH {
                                    connections.push($connection::connect(&url).await?);
                                }
                                Ok::<_, sqlx::Error>(Local::of(connections))
                            }
                        })
                        .route("/health", get().to(health))
                        .route("/users/me", get().to(me))
                        .route("/naive/members/{tenant}", get().to(members))
                        .route("/trimmed/members/{tenant}", get().to(trimmed))
                        .route("/naive/projects", post().to(create))
                        .route("/naive/refresh", post().to(refresh))
                })
                .workers(std::thread::available_parallelism()?.get())
                .listen(listener)?
                .run()
                .await
            }
        }
    };
}

limit_on!(on_postgres, Postgres, PgConnection);
limit_on!(on_sqlite, Sqlite, SqliteConnection);

/// Serves until somebody ends it.
pub(crate) async fn serve(limit: Limit) -> io::Result<()> {
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let bytes = Bytes::from(fs::read(limit.me)?);
    let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
    let pair = EcdsaKeyPair::generate(algorithm).unwrap().to_pkcs8v1();
    let key = EncodingKey::from_ec_der(pair.unwrap().as_ref());
    writeln!(io::stdout(), "http://{}", listener.local_addr()?)?;
    if limit.url.starts_with("sqlite:") {
        on_sqlite::run(listener, limit.url, bytes, key).await
    } else {
        on_postgres::run(listener, limit.url, bytes, key).await
    }
}
