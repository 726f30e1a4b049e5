//! Fresh databases on a real PostgreSQL, each gone with the value that names it.
//!
//! The server is the one that `BAILIWICK_TEST_POSTGRES_URL` names (an administrator's address).
//! Without it, the first test of a process starts a throwaway cluster from the installed binaries,
//! which ends with the process, however that ends. Where there is neither, a test gets `None` and
//! stderr says so, or, with `BAILIWICK_TEST_POSTGRES=required`, it fails.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot have its database has failed"
)]

mod server;

use std::{io, io::Write, thread};

pub(crate) use server::unprivileged;
use server::{SERVICE, Server};
use sqlx::{
    AssertSqlSafe, Connection, Error, PgConnection, postgres::PgQueryResult, query_scalar, raw_sql,
};
use tokio::runtime;
use uuid::Uuid;

/// PostgreSQL cuts identifiers at 63 bytes, and a prefix of 20 goes before the name.
const TEMPLATE_NAME_MAX: usize = 43;

/// SQLSTATE of a missing template (PostgreSQL, appendix A).
const UNDEFINED_DATABASE: &str = "3D000";

/// A database of one test, dropped with this value.
#[derive(Debug)]
pub struct Database {
    server: &'static Server,
    name: String,
    url: String,
    service_url: String,
}

impl Database {
    /// Its address as an administrator, by TCP or by socket (`postgres://user@%2Ffolder:5432/name`).
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Its address as a role that owns nothing and may do nothing yet.
    #[must_use]
    pub fn service_url(&self) -> &str {
        &self.service_url
    }

    /// Statements of an administrator.
    ///
    /// # Panics
    ///
    /// Where one fails.
    pub async fn execute(&self, statements: &str) {
        let done = async {
            let mut admin = PgConnection::connect(&self.url).await?;
            execute(&mut admin, statements.to_owned()).await?;
            admin.close().await
        };
        done.await
            .unwrap_or_else(|error| panic!("`{statements}`: {error}"));
    }

    /// The first column of a query of an administrator, as text.
    ///
    /// # Panics
    ///
    /// Where it fails.
    pub async fn column(&self, query: &str) -> Vec<String> {
        self.between("", query, "").await
    }

    /// The same between statements before and after it, on one connection.
    ///
    /// # Panics
    ///
    /// Where one fails.
    pub async fn between(&self, before: &str, query: &str, after: &str) -> Vec<String> {
        let asked = async {
            let mut admin = PgConnection::connect(&self.url).await?;
            execute(&mut admin, before.to_owned()).await?;
            let query = AssertSqlSafe(query.to_owned());
            let column = query_scalar(query).fetch_all(&mut admin).await?;
            execute(&mut admin, after.to_owned()).await?;
            admin.close().await?;
            Ok::<_, Error>(column)
        };
        asked
            .await
            .unwrap_or_else(|error| panic!("`{before}`, `{query}`: {error}"))
    }

    /// Its address as a role that the test has made.
    #[must_use]
    pub fn url_as(&self, name: &str, password: &str) -> String {
        self.server.url_as(&self.name, name, password)
    }

    fn unborn(server: &'static Server) -> Self {
        let name = format!("bailiwick_test_{}", Uuid::new_v4().simple());
        Self {
            server,
            url: server.url(&name),
            service_url: server.service_url(&name),
            name,
        }
    }
}

impl Drop for Database {
    /// On a thread and a runtime of its own: the test's runtime cannot be waited for from inside.
    fn drop(&mut self) {
        let (server, name) = (self.server, &self.name);
        let dropped = thread::scope(|scope| {
            scope
                .spawn(|| {
                    let runtime = runtime::Builder::new_current_thread()
                        .enable_all()
                        .build()?;
                    runtime.block_on(async {
                        let mut admin = PgConnection::connect(server.admin_url()).await?;
                        execute(
                            &mut admin,
                            format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"),
                        )
                        .await?;
                        admin.close().await
                    })
                })
                .join()
        });
        if !matches!(dropped, Ok(Ok(()))) {
            // A second panic while a test unwinds would abort it.
            let _ = writeln!(io::stderr(), "`{name}` is left behind: {dropped:?}");
        }
    }
}

/// A fresh, empty database, or `None` (said on stderr) where there is no PostgreSQL.
///
/// # Panics
///
/// Where the server does not answer, or `BAILIWICK_TEST_POSTGRES=required` and there is none.
pub async fn database() -> Option<Database> {
    let server = Server::get()?;
    let mut admin = connect(server).await;
    // Not `template1`: an administrator who looks at it would keep every test waiting.
    let database = create(server, &mut admin, "template0")
        .await
        .expect("a fresh database");
    admin.close().await.expect("a clean end");
    Some(database)
}

/// A fresh copy of the template `name`, or `None` (said on stderr) where there is no PostgreSQL.
///
/// `prepare` fills the template once per server, whoever asks first, by its address as an administrator and as the
/// service; when it panics, there is none.
/// A server that outlives the process keeps its templates, so the name (at most 43 of lower case,
/// digits and `_`) holds a fingerprint of what `prepare` does.
///
/// # Panics
///
/// As [`database`], and where `name` is none.
pub async fn from_template(name: &str, prepare: impl AsyncFnOnce(&str, &str)) -> Option<Database> {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    assert!(
        name.len() <= TEMPLATE_NAME_MAX && name.bytes().all(fits),
        "`{name}` is no name for a template: at most {TEMPLATE_NAME_MAX} of lower case, digits and `_`"
    );
    let template = format!("bailiwick_template_{name}");
    let server = Server::get()?;
    let mut admin = connect(server).await;

    let database = match create(server, &mut admin, &template).await {
        Err(Error::Database(error))
            if error.code().is_some_and(|code| code == UNDEFINED_DATABASE) =>
        {
            make_template(server, &mut admin, name, &template, prepare)
                .await
                .expect("a template");
            create(server, &mut admin, &template).await
        }
        other => other,
    }
    .unwrap_or_else(|error| panic!("no copy of `{template}`: {error}"));
    admin.close().await.expect("a clean end");
    Some(database)
}

/// One at a time on the whole server, and under another name until it is whole.
async fn make_template(
    server: &'static Server,
    admin: &mut PgConnection,
    name: &str,
    template: &str,
    prepare: impl AsyncFnOnce(&str, &str),
) -> Result<(), Error> {
    // Held by the connection: should `prepare` panic, it closes, and the next caller starts over.
    lock(admin, template).await?;
    let exists: bool = query_scalar("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)")
        .bind(template)
        .fetch_one(&mut *admin)
        .await?;
    if !exists {
        let draft = format!("bailiwick_preparing_{name}");
        execute(
            admin,
            format!("DROP DATABASE IF EXISTS {draft} WITH (FORCE)"),
        )
        .await?;
        execute(admin, format!("CREATE DATABASE {draft} TEMPLATE template0")).await?;
        prepare(&server.url(&draft), &server.service_url(&draft)).await;

        // Neither a rename nor a copy goes through while somebody is connected, as a pool may be.
        execute(
            admin,
            format!("ALTER DATABASE {draft} ALLOW_CONNECTIONS false"),
        )
        .await?;
        sqlx::query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1")
            .bind(&draft)
            .execute(&mut *admin)
            .await?;
        execute(
            admin,
            format!("ALTER DATABASE {draft} RENAME TO {template}"),
        )
        .await?;
    }
    unlock(admin, template).await
}

async fn lock(admin: &mut PgConnection, name: &str) -> Result<(), Error> {
    sqlx::query("SELECT pg_advisory_lock(hashtextextended($1, 0))")
        .bind(name)
        .execute(admin)
        .await?;
    Ok(())
}

async fn unlock(admin: &mut PgConnection, name: &str) -> Result<(), Error> {
    sqlx::query("SELECT pg_advisory_unlock(hashtextextended($1, 0))")
        .bind(name)
        .execute(admin)
        .await?;
    Ok(())
}

async fn create(
    server: &'static Server,
    admin: &mut PgConnection,
    template: &str,
) -> Result<Database, Error> {
    // Made first, so that a test that is cancelled here leaves nothing behind.
    let database = Database::unborn(server);
    execute(
        admin,
        format!("CREATE DATABASE {} TEMPLATE {template}", database.name),
    )
    .await?;
    Ok(database)
}

/// As an administrator of a server that knows the role of the service.
async fn connect(server: &Server) -> PgConnection {
    let admin = async {
        let mut admin = PgConnection::connect(server.admin_url()).await?;
        if !knows_service(&mut admin).await? {
            lock(&mut admin, SERVICE).await?;
            if !knows_service(&mut admin).await? {
                let password = server.service_password();
                let role = format!("CREATE ROLE {SERVICE} LOGIN PASSWORD '{password}'");
                execute(&mut admin, role).await?;
            }
            unlock(&mut admin, SERVICE).await?;
        }
        Ok::<_, Error>(admin)
    };
    admin.await.unwrap_or_else(|error| {
        panic!(
            "no answer from the PostgreSQL at `{}`: {error}",
            server.admin_url()
        )
    })
}

async fn knows_service(admin: &mut PgConnection) -> Result<bool, Error> {
    query_scalar("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)")
        .bind(SERVICE)
        .fetch_one(admin)
        .await
}

/// Names are made here of lower case, digits and `_`, so nothing in a statement needs a quote.
async fn execute(admin: &mut PgConnection, statement: String) -> Result<PgQueryResult, Error> {
    raw_sql(AssertSqlSafe(statement)).execute(admin).await
}
