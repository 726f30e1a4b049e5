//! The second wall, from the role that the service connects as: each table of tenants, in every way that SQL has.

use crate::{Island, chain, column, execute, insert, invitation, island, link, member_role};
use bailiwick_migration::{grant, up};
use bailiwick_testkit::postgres;
use sea_orm_migration::sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DatabaseTransaction, DbBackend,
    DbErr, RuntimeErr, Statement, TransactionTrait,
};
use uuid::Uuid;

/// Two tenants with a row of each kind, as whoever owns the tables sees them and as the service does.
struct Walled {
    _database: postgres::Database,
    owner: DatabaseConnection,
    service: DatabaseConnection,
    role: String,
    ours: Island,
    theirs: Island,
    /// Each table with rows of tenants, and the column that says whose.
    tables: Vec<(String, &'static str)>,
}

impl Walled {
    async fn new() -> Option<Self> {
        let database = postgres::database().await?;
        let owner = Database::connect(database.url()).await.unwrap();
        up(&owner).await.unwrap();
        let url = database.service_url();
        let role = url.split("://").nth(1).unwrap().split(':').next().unwrap();
        let role = role.to_owned();
        grant(&owner, &role).await.unwrap();
        let mut options = ConnectOptions::new(url);
        options.max_connections(1).sqlx_logging(false);
        let service = Database::connect(options).await.unwrap();

        let ours = furnished(&owner, "ours", 1).await;
        let theirs = furnished(&owner, "theirs", 2).await;
        let with_tenant = "SELECT table_name::text FROM information_schema.columns
                           WHERE table_schema = 'public' AND column_name = 'tenant_id' ORDER BY 1";
        let with_tenant = column(&owner, with_tenant).await.into_iter();
        let tables = with_tenant.map(|table| (table, "tenant_id"));
        let tables = tables.chain([("tenants".to_owned(), "id")]).collect();
        Some(Self {
            _database: database,
            owner,
            service,
            role,
            ours,
            theirs,
            tables,
        })
    }

    /// A transaction of the service with these settings.
    async fn begin(&self, settings: &[(&str, String)]) -> DatabaseTransaction {
        let tx = self.service.begin().await.unwrap();
        for (name, value) in settings {
            let set = format!("SET LOCAL app.{name} = '{value}'");
            tx.execute_unprepared(&set).await.unwrap();
        }
        tx
    }

    /// In our tenant.
    async fn inside(&self) -> DatabaseTransaction {
        self.begin(&[("tenant_id", self.ours.tenant.to_string())])
            .await
    }

    /// Whose rows of each table a transaction with these settings sees, with the names of those that it sees none of.
    async fn seen(&self, settings: &[(&str, String)]) -> Vec<(String, Vec<Uuid>)> {
        let tx = self.begin(settings).await;
        let mut seen = Vec::new();
        for (table, tenant) in &self.tables {
            let sql = format!("SELECT DISTINCT {tenant} FROM {table} WHERE {tenant} IS NOT NULL");
            let rows = tx.query_all_raw(postgres(&sql)).await.unwrap();
            let tenants = rows.iter().map(|row| row.try_get_by_index(0).unwrap());
            seen.push((table.clone(), tenants.collect()));
        }
        seen
    }

    /// The tables of which it sees rows of this tenant.
    async fn seen_of(&self, island: &Island, settings: &[(&str, String)]) -> Vec<String> {
        let seen = self.seen(settings).await.into_iter();
        let seen = seen.filter(|(_, tenants)| tenants.contains(&island.tenant));
        seen.map(|(table, _)| table).collect()
    }
}

/// A tenant with a row in each table; a new table of tenants has to be added here.
async fn furnished(db: &DatabaseConnection, name: &str, secret: u8) -> Island {
    let island = island(db, name).await;
    for table in [
        "role_includes",
        "project_roles",
        "ownership_offers",
        "service_account_roles",
        "api_keys",
    ] {
        if column(db, &format!("SELECT 'a row' FROM {table}"))
            .await
            .is_empty()
        {
            link(db, table, &island).await;
        } else {
            for (_, row) in crate::links(&island).iter().filter(|(of, _)| *of == table) {
                insert(db, table, row).await.unwrap();
            }
        }
    }
    let Island {
        tenant,
        member,
        role,
        ..
    } = island;
    member_role(db, tenant, member, role).await.unwrap();
    chain(db, &island, Some(tenant), Some(member))
        .await
        .unwrap();
    invitation(db, &island, &format!("{name}@example.com"), Some(secret))
        .await
        .unwrap();
    execute(
        db,
        &format!(
            "INSERT INTO invitation_roles (tenant_id, invitation_id, role_id)
             SELECT tenant_id, id, '{role}' FROM invitations WHERE tenant_id = '{tenant}';
             INSERT INTO slugs (slug, tenant_id, created_at) VALUES ('{name}', '{tenant}', 1);
             INSERT INTO kept_answers (id, tenant_id, fingerprint, answer, expires_at)
             VALUES (gen_random_uuid(), '{tenant}', '\\x01', '\\x02', 1);
             INSERT INTO audit_events (id, tenant_id, at, action, target, outcome)
             VALUES (gen_random_uuid(), '{tenant}', 1, 'x', 'x', 'permitted')"
        ),
    )
    .await
    .unwrap();
    island
}

#[tokio::test]
async fn every_table_with_rows_of_tenants_is_guarded() {
    let Some(walled) = Walled::new().await else {
        return;
    };

    let unguarded = column(
        &walled.owner,
        "SELECT c.relname::text FROM pg_class c
         WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
           AND (c.relname = 'tenants' OR c.oid IN (SELECT attrelid FROM pg_attribute WHERE attname = 'tenant_id'))
           AND (NOT c.relrowsecurity OR NOT c.relforcerowsecurity
                OR 4 > (SELECT count(DISTINCT polcmd) FROM pg_policy WHERE polrelid = c.oid AND NOT polpermissive))",
    )
    .await;

    assert_eq!(unguarded, [""; 0]);
    assert_eq!(walled.tables.len(), 17);
    for (table, tenant) in &walled.tables {
        for island in [&walled.ours, &walled.theirs] {
            let sql = format!(
                "SELECT 'a row' FROM {table} WHERE {tenant} = '{}'",
                island.tenant
            );
            assert!(
                !column(&walled.owner, &sql).await.is_empty(),
                "{table} has no row to try"
            );
        }
    }
}

#[tokio::test]
async fn a_tenant_sees_its_own_rows_and_no_others() {
    let Some(walled) = Walled::new().await else {
        return;
    };
    let inside = [("tenant_id", walled.ours.tenant.to_string())];

    for (table, tenants) in walled.seen(&inside).await {
        assert_eq!(tenants, [walled.ours.tenant], "{table}");
    }
}

#[tokio::test]
async fn whoever_says_nothing_sees_nothing() {
    let Some(walled) = Walled::new().await else {
        return;
    };
    let nobody = Uuid::new_v4().to_string();

    for settings in [
        vec![],
        vec![("tenant_id", String::new()), ("user_id", String::new())],
        vec![
            ("invitation", String::new()),
            ("operator_id", String::new()),
        ],
        vec![("sweep", "off".to_owned())],
        // Whoever is said to be an operator and is none, whoever has another secret.
        vec![("operator_id", walled.ours.user.to_string())],
        vec![("invitation", "07".repeat(32))],
        // Whoever brings the secret of no key, and whoever brings nothing.
        vec![("api_key", "07".repeat(32))],
        vec![("api_key", String::new())],
        ["tenant_id", "user_id", "operator_id"]
            .map(|name| (name, nobody.clone()))
            .into(),
    ] {
        for (table, tenants) in walled.seen(&settings).await {
            assert!(tenants.is_empty(), "{table} with {settings:?}: {tenants:?}");
        }
    }
}

/// The chains of refresh tokens.
const CHAINS: &str = "refresh_chains";

/// A statement without a condition finds the rows of the own tenant, and one that names another finds none.
#[tokio::test]
async fn rows_of_another_tenant_are_neither_changed_nor_removed() {
    let Some(walled) = Walled::new().await else {
        return;
    };
    let theirs = walled.theirs.tenant;

    for (table, tenant) in &walled.tables {
        // Where a chain leads nobody changes: a grant keeps them from it, whatever the policy says.
        let changes = if table == CHAINS {
            "generation"
        } else {
            tenant
        };
        for statement in [
            format!("UPDATE {table} SET {changes} = {changes} WHERE {tenant} = '{theirs}'"),
            format!("DELETE FROM {table} WHERE {tenant} = '{theirs}'"),
            format!("SELECT FROM {table} WHERE {tenant} = '{theirs}' FOR UPDATE"),
        ] {
            let tx = walled.inside().await;
            match tx.execute_unprepared(&statement).await {
                Ok(done) => assert_eq!(done.rows_affected(), 0, "{statement}"),
                // What was recorded nobody changes, wherever it is.
                Err(error) => assert!(
                    table == "audit_events" && is_refused(&error),
                    "{statement}: {error}"
                ),
            }
        }
    }
}

#[tokio::test]
async fn no_row_is_added_to_another_tenant_or_moved_there() {
    let Some(walled) = Walled::new().await else {
        return;
    };
    let [ours, theirs] = [walled.ours.tenant, walled.theirs.tenant];

    for (table, tenant) in &walled.tables {
        let row =
            format!("SELECT to_jsonb(t)::text FROM {table} t WHERE {tenant} = '{theirs}' LIMIT 1");
        let row = column(&walled.owner, &row)
            .await
            .remove(0)
            .replace('\'', "''");
        let add = format!(
            "INSERT INTO {table} SELECT * FROM jsonb_populate_record(NULL::{table}, '{row}')"
        );
        let moving = format!("UPDATE {table} SET {tenant} = '{theirs}' WHERE {tenant} = '{ours}'");
        for statement in [add, moving] {
            let tx = walled.inside().await;
            let error = tx.execute_unprepared(&statement).await.unwrap_err();
            assert!(is_refused(&error), "{statement}: {error}");
        }
    }
}

#[tokio::test]
async fn a_person_sees_where_they_are_a_member_and_nothing_of_the_rest() {
    let Some(walled) = Walled::new().await else {
        return;
    };
    let person = [("user_id", walled.ours.user.to_string())];

    let ours = walled.seen_of(&walled.ours, &person).await;
    let theirs = walled.seen_of(&walled.theirs, &person).await;

    assert_eq!(
        ours,
        [
            "member_roles",
            "members",
            "project_roles",
            "refresh_chains",
            "role_includes",
            "roles",
            "tenants"
        ]
    );
    assert_eq!(theirs, [""; 0]);
    let tx = walled.begin(&person).await;
    let members = count(&tx, "SELECT count(*) FROM members").await;
    assert_eq!(members, 1, "no other member");
}

#[tokio::test]
async fn whoever_is_invited_sees_what_they_are_invited_to() {
    let Some(walled) = Walled::new().await else {
        return;
    };
    let guest = walled.theirs.user;
    let rename = format!("UPDATE users SET email = 'ours@example.com' WHERE id = '{guest}'");
    execute(&walled.owner, &rename).await.unwrap();

    for settings in [
        [("invitation", "01".repeat(32))],
        [("user_id", guest.to_string())],
    ] {
        let seen = walled.seen_of(&walled.ours, &settings).await;
        assert_eq!(
            seen,
            ["invitation_roles", "invitations", "roles", "tenants"],
            "{settings:?}"
        );
        let tx = walled.begin(&settings).await;
        let ours = format!("WHERE tenant_id = '{}'", walled.ours.tenant);
        let roles = count(&tx, &format!("SELECT count(*) FROM roles {ours}")).await;
        assert_eq!(roles, 1, "no role that is not on offer");
    }
    let secret = [("invitation", "01".repeat(32))];
    assert_eq!(walled.seen_of(&walled.theirs, &secret).await, [""; 0]);
}

/// By either secret while a rotation lasts, and of the tenant nothing more.
#[tokio::test]
async fn whoever_brings_a_key_sees_that_key_alone() {
    let Some(walled) = Walled::new().await else {
        return;
    };
    let tenant = walled.ours.tenant;
    let previous =
        format!("UPDATE api_keys SET previous_hash = '\\x0707' WHERE tenant_id = '{tenant}'");
    execute(&walled.owner, &previous).await.unwrap();

    for secret in [tenant.simple().to_string(), "0707".to_owned()] {
        let settings = [("api_key", secret)];
        assert_eq!(walled.seen_of(&walled.ours, &settings).await, ["api_keys"]);
        assert_eq!(walled.seen_of(&walled.theirs, &settings).await, [""; 0]);
        let tx = walled.begin(&settings).await;
        let done = tx
            .execute_unprepared("UPDATE api_keys SET revoked_at = NULL")
            .await;
        assert_eq!(done.unwrap().rows_affected(), 0);
    }
}

#[tokio::test]
async fn an_operator_sees_that_tenants_are_there_and_nothing_inside() {
    let Some(walled) = Walled::new().await else {
        return;
    };
    let operator = walled.ours.user;
    let appoint = format!("INSERT INTO operators (user_id, created_at) VALUES ('{operator}', 1)");
    execute(&walled.owner, &appoint).await.unwrap();
    let settings = [("operator_id", operator.to_string())];

    for island in [&walled.ours, &walled.theirs] {
        let seen = walled.seen_of(island, &settings).await;
        assert_eq!(seen, ["members", "tenants"]);
    }
    let tx = walled.begin(&settings).await;
    let done = tx
        .execute_unprepared("UPDATE tenants SET name = 'x'")
        .await
        .unwrap();
    assert_eq!(done.rows_affected(), 0);
}

#[tokio::test]
async fn the_sweep_sees_what_is_deleted_and_sealed_answers_and_nothing_else() {
    let Some(walled) = Walled::new().await else {
        return;
    };
    let deleted = walled.theirs.tenant;
    let delete = format!("UPDATE tenants SET deleted_at = 1 WHERE id = '{deleted}'");
    execute(&walled.owner, &delete).await.unwrap();
    let sweep = [("sweep", "on".to_owned())];

    // It also removes answers that are kept no longer: what it sees of them is sealed.
    let seen = walled.seen_of(&walled.theirs, &sweep).await;
    assert_eq!(seen, ["kept_answers", "tenants"]);
    let seen = walled.seen_of(&walled.ours, &sweep).await;
    assert_eq!(seen, ["kept_answers"]);
}

/// A person starts chains of their own sessions, where they are a member and nowhere else.
#[tokio::test]
async fn a_chain_leads_into_no_tenant_that_the_person_is_not_a_member_of() {
    let Some(walled) = Walled::new().await else {
        return;
    };
    let Island {
        tenant: ours,
        member,
        session,
        user,
        ..
    } = walled.ours;
    let Island {
        tenant: theirs,
        member: stranger,
        session: other,
        ..
    } = walled.theirs;
    let chain = |session: Uuid, place: Option<(Uuid, Uuid)>| {
        let place = place.map_or("NULL, NULL".to_owned(), |(tenant, member)| {
            format!("'{tenant}', '{member}'")
        });
        format!(
            "INSERT INTO refresh_chains (id, session_id, tenant_id, member_id, generation, secret, rotated_at, created_at)
             VALUES (gen_random_uuid(), '{session}', {place}, 1, '\\x01', 1, 1)"
        )
    };
    execute(&walled.owner, "UPDATE refresh_chains SET revoked_at = 1")
        .await
        .unwrap();

    for (statement, allowed) in [
        (chain(session, None), true),
        (chain(session, Some((ours, member))), true),
        (chain(session, Some((ours, walled.ours.guest))), false),
        (chain(session, Some((theirs, stranger))), false),
        (chain(other, None), false),
        (chain(other, Some((ours, member))), false),
    ] {
        let tx = walled.begin(&[("user_id", user.to_string())]).await;
        match tx.execute_unprepared(&statement).await {
            Ok(_) => assert!(allowed, "{statement}"),
            Err(error) => assert!(!allowed && is_refused(&error), "{statement}: {error}"),
        }
    }
}

#[tokio::test]
async fn the_service_changes_neither_the_schema_nor_what_was_recorded() {
    let Some(walled) = Walled::new().await else {
        return;
    };

    for statement in [
        "CREATE TABLE x ()",
        "ALTER TABLE projects DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE projects NO FORCE ROW LEVEL SECURITY",
        "DROP POLICY projects_read ON projects",
        "CREATE POLICY mine ON projects USING (true)",
        "CREATE OR REPLACE FUNCTION app_tenant_id() RETURNS uuid RETURN gen_random_uuid()",
        "TRUNCATE projects",
        "TRUNCATE audit_events",
        "UPDATE audit_events SET action = 'y'",
        "DELETE FROM audit_events",
        "UPDATE refresh_chains SET tenant_id = tenant_id",
        "UPDATE refresh_chains SET member_id = member_id",
        "UPDATE refresh_chains SET session_id = session_id",
        "DELETE FROM sessions",
        "DELETE FROM signing_keys",
        "DELETE FROM users",
        "COMMENT ON FUNCTION app_wall() IS 'as it should be'",
        "DELETE FROM seaql_migrations",
        "SET ROLE postgres",
    ] {
        let tx = walled.inside().await;
        let error = tx.execute_unprepared(statement).await.unwrap_err();
        assert!(is_refused(&error), "{statement}: {error}");
    }
}

/// The proof that nothing of this stands there in vain: with each policy in turn open to all, something gets through.
#[tokio::test]
async fn without_any_one_of_its_policies_the_wall_has_a_hole() {
    let Some(walled) = Walled::new().await else {
        return;
    };
    assert_eq!(walled.holes().await, [""; 0]);

    let policies = "SELECT policyname || ' ' || tablename || ' ' || cmd FROM pg_policies
                    WHERE permissive = 'RESTRICTIVE' ORDER BY 1";
    let policies = column(&walled.owner, policies).await;
    assert_eq!(policies.len(), 4 * walled.tables.len());
    for policy in policies {
        let [name, table, command] = *policy.split(' ').collect::<Vec<_>>() else {
            panic!("`{policy}` is no policy");
        };
        let clause = if command == "INSERT" {
            "WITH CHECK"
        } else {
            "USING"
        };
        let was = format!(
            "SELECT coalesce(qual, with_check) FROM pg_policies WHERE policyname = '{name}'"
        );
        let was = column(&walled.owner, &was).await.remove(0);
        let alter = async |to: &str| {
            let alter = format!("ALTER POLICY {name} ON {table} {clause} ({to})");
            execute(&walled.owner, &alter).await.unwrap();
        };

        alter("true").await;
        let holes = walled.holes().await;
        alter(&was).await;

        // What was recorded cannot be changed by grant and by trigger as well.
        let doubled = table == "audit_events" && matches!(command, "UPDATE" | "DELETE");
        let hole = format!("{command} {table}");
        assert_eq!(holes.contains(&hole), !doubled, "{policy}: {holes:?}");
    }
    assert_eq!(walled.holes().await, [""; 0]);
}

impl Walled {
    /// In our tenant as the service, where references keep nobody from anything.
    async fn unhindered(&self) -> DatabaseTransaction {
        let tx = self.owner.begin().await.unwrap();
        let tenant = self.ours.tenant;
        tx.execute_unprepared(&format!(
            "SET LOCAL session_replication_role = replica; SET LOCAL ROLE {}; SET LOCAL app.tenant_id = '{tenant}'",
            self.role
        ))
        .await
        .unwrap();
        tx
    }

    /// What gets through from our tenant to theirs: each command on each table.
    async fn holes(&self) -> Vec<String> {
        let theirs = self.theirs.tenant;
        let mut holes = Vec::new();
        for (table, tenant) in &self.tables {
            let row = format!(
                "SELECT to_jsonb(t)::text FROM {table} t WHERE {tenant} = '{theirs}' LIMIT 1"
            );
            let row = column(&self.owner, &row)
                .await
                .remove(0)
                .replace('\'', "''");
            let ours = format!(
                "SELECT 'a row' FROM {table} WHERE {tenant} = '{}'",
                self.ours.tenant
            );
            let ours = u64::try_from(column(&self.owner, &ours).await.len()).unwrap();
            for (command, statement, allowed) in [
                ("SELECT", format!("SELECT FROM {table}"), ours),
                (
                    "INSERT",
                    format!(
                        "INSERT INTO {table} SELECT * FROM jsonb_populate_record(NULL::{table}, '{row}')"
                    ),
                    0,
                ),
                // They read no column, so that nothing but the policy of the command itself is asked.
                if table == CHAINS {
                    ("UPDATE", format!("UPDATE {table} SET generation = 7"), ours)
                } else {
                    (
                        "UPDATE",
                        format!("UPDATE {table} SET {tenant} = '{theirs}'"),
                        0,
                    )
                },
                ("DELETE", format!("DELETE FROM {table}"), ours),
            ] {
                let through = match self.unhindered().await.execute_unprepared(&statement).await {
                    Ok(done) => done.rows_affected() > allowed,
                    Err(error) => !is_refused(&error),
                };
                if through {
                    holes.push(format!("{command} {table}"));
                }
            }
        }
        holes
    }
}

fn postgres(sql: &str) -> Statement {
    Statement::from_string(DbBackend::Postgres, sql)
}

async fn count(tx: &DatabaseTransaction, sql: &str) -> i64 {
    let row = tx.query_one_raw(postgres(sql)).await.unwrap().unwrap();
    row.try_get_by_index(0).unwrap()
}

/// "insufficient_privilege" (PostgreSQL, appendix A), of grants and of policies alike.
fn is_refused(error: &DbErr) -> bool {
    let (DbErr::Exec(RuntimeErr::SqlxError(error)) | DbErr::Query(RuntimeErr::SqlxError(error))) =
        error
    else {
        return false;
    };
    let error = error.as_database_error().unwrap();
    error.code().is_some_and(|code| code == "42501")
}
