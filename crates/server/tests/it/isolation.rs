//! Before anybody is served, PostgreSQL is asked whether it keeps tenants apart, and tried.

use crate::process::{Service, run, served_by};
use bailiwick_testkit::postgres::{self, Database};
use tempfile::TempDir;

/// A database with the schema, and a role made by `CREATE ROLE name …`, which serves.
struct Deployment {
    database: Database,
    folder: TempDir,
    role: Option<String>,
}

impl Deployment {
    async fn migrated() -> Option<Self> {
        let database = postgres::database().await?;
        let folder = TempDir::new().unwrap();
        let (up, output) = run(folder.path(), &served_by(&database), &["migrate", "up"]);
        assert!(up, "{output}");
        Some(Self {
            database,
            folder,
            role: None,
        })
    }

    /// Roles are the server's: each test has one of its own, which goes with the database.
    async fn with_role(mut self, attributes: &str) -> Self {
        let role = self.database.url().rsplit('/').next().unwrap();
        let role = format!("role_of_{}", role.split('?').next().unwrap());
        let create = format!("CREATE ROLE {role} LOGIN PASSWORD 'x' {attributes}");
        self.database.execute(&create).await;
        self.role = Some(role);
        self
    }

    fn url(&self) -> String {
        match &self.role {
            Some(role) => self.database.url_as(role, "x"),
            None => self.database.service_url().to_owned(),
        }
    }

    /// What it complains about instead of serving.
    fn refuses(&self, settings: &[(&str, &str)]) -> String {
        let url = self.url();
        let mut all = vec![("BAILIWICK__DATABASE__URL", url.as_str())];
        all.extend(settings);
        let (well, output) = run(self.folder.path(), &all, &["serve"]);
        assert!(!well, "{output}");
        output
    }

    /// Roles outlive databases.
    async fn gone(self) {
        if let Some(role) = &self.role {
            let drop = format!("DROP OWNED BY {role}; DROP ROLE {role}");
            self.database.execute(&drop).await;
        }
    }
}

const UNSAFE: (&str, &str) = ("BAILIWICK__DATABASE__ALLOW_UNSAFE_ROLE", "true");

#[tokio::test]
async fn nobody_is_served_by_a_role_that_row_level_security_does_not_bind() {
    for attributes in [
        "SUPERUSER",
        "BYPASSRLS",
        "CREATEROLE",
        "REPLICATION",
        "IN ROLE pg_execute_server_program",
        "IN ROLE pg_read_server_files",
    ] {
        let Some(deployment) = Deployment::migrated().await else {
            return;
        };
        let deployment = deployment.with_role(attributes).await;
        let role = deployment.role.clone().unwrap();
        let grant = format!(
            "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}"
        );
        deployment.database.execute(&grant).await;

        let complaint = deployment.refuses(&[]);

        for part in [
            role.as_str(),
            "row-level security",
            "roles.sql",
            "allow_unsafe_role",
        ] {
            assert!(complaint.contains(part), "{attributes}: {complaint}");
        }
        deployment.gone().await;
    }
}

#[tokio::test]
async fn nobody_is_served_by_a_role_that_can_become_the_owner() {
    let Some(deployment) = Deployment::migrated().await else {
        return;
    };
    // The one is the owner, the other a member of it, and does not even inherit what it may do.
    let deployment = deployment.with_role("").await;
    let role = deployment.role.clone().unwrap();
    let hand_over =
        format!("ALTER TABLE members OWNER TO {role}; GRANT SELECT ON seaql_migrations TO {role}");
    deployment.database.execute(&hand_over).await;
    let owner = deployment.refuses(&[]);
    let member = format!("{role}_member");
    let join = format!(
        "CREATE ROLE {member} LOGIN PASSWORD 'x' NOINHERIT; GRANT {role} TO {member}; GRANT SELECT ON seaql_migrations TO {member}"
    );
    deployment.database.execute(&join).await;
    let url = deployment.database.url_as(&member, "x");
    let as_member = deployment.refuses(&[("BAILIWICK__DATABASE__URL", &url)]);

    for complaint in [owner, as_member] {
        assert!(
            complaint.contains("owns the table `members`"),
            "{complaint}"
        );
    }
    let back = format!(
        "ALTER TABLE members OWNER TO CURRENT_USER; DROP OWNED BY {member}; DROP ROLE {member}"
    );
    deployment.database.execute(&back).await;
    deployment.gone().await;
}

#[tokio::test]
async fn nobody_is_served_where_a_table_of_tenants_is_not_guarded() {
    for hole in [
        "ALTER TABLE projects DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE projects NO FORCE ROW LEVEL SECURITY",
        "DROP POLICY projects_read ON projects",
        "DROP POLICY projects_add ON projects",
        "DROP POLICY projects_change ON projects",
        "DROP POLICY projects_remove ON projects",
        "DROP POLICY projects_read ON projects; CREATE POLICY projects_read ON projects FOR SELECT USING (true)",
        "ALTER TABLE tenants NO FORCE ROW LEVEL SECURITY",
        "CREATE TABLE invoices (tenant_id uuid, id uuid)",
    ] {
        let Some(deployment) = Deployment::migrated().await else {
            return;
        };
        deployment.database.execute(hole).await;

        // The setting for development makes up for the role, and for nothing else.
        for settings in [&[][..], &[UNSAFE]] {
            let complaint = deployment.refuses(settings);
            assert!(complaint.contains("is not guarded"), "{hole}: {complaint}");
        }
    }
}

/// Whatever the wall stands on is as the migrations have left it, or nobody is served.
#[tokio::test]
async fn nobody_is_served_where_the_wall_was_altered() {
    let Some(deployment) = Deployment::migrated().await else {
        return;
    };
    let policies = "SELECT format('ALTER POLICY %I ON %s %s (true)', polname, polrelid::regclass,
                           CASE polcmd WHEN 'a' THEN 'WITH CHECK' ELSE 'USING' END)
                    FROM pg_policy WHERE NOT polpermissive ORDER BY 1";
    let mut holes = deployment.database.column(policies).await;
    assert!(holes.len() >= 68, "{holes:?}");
    let others = [
        "ALTER POLICY projects_read ON projects TO CURRENT_USER",
        "CREATE OR REPLACE FUNCTION app_is_member(tenant uuid, member uuid) RETURNS boolean STABLE RETURN true",
        "ALTER TABLE audit_events DISABLE TRIGGER USER",
        "CREATE OR REPLACE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
    ];
    holes.extend(others.map(str::to_owned));

    for hole in holes {
        let (open, close) = (format!("BEGIN; {hole}"), "ROLLBACK");
        let altered = "SELECT (app_wall() IS DISTINCT FROM obj_description('app_wall()'::regprocedure, 'pg_proc'))::text";
        let found = deployment.database.between(&open, altered, close).await;
        assert_eq!(found, ["true"], "{hole}");
    }

    let hole = "ALTER POLICY projects_remove ON projects USING (true)";
    deployment.database.execute(hole).await;
    let settings = served_by(&deployment.database);
    for step in ["up", "status"] {
        run(deployment.folder.path(), &settings, &["migrate", step]);
        let complaint = deployment.refuses(&[]);
        assert!(complaint.contains("migrate seal"), "{complaint}");
    }
    let (sealed, output) = run(deployment.folder.path(), &settings, &["migrate", "seal"]);
    assert!(sealed, "{output}");
    Service::start(&settings);
}

/// Policies that are there and keep nobody out are found by trying, even where somebody has sealed them.
#[tokio::test]
async fn nobody_is_served_where_one_tenant_reaches_another() {
    for (hole, leak) in [
        (
            "ALTER POLICY tenants_read ON tenants USING (true)",
            "see the row",
        ),
        ("ALTER POLICY roles_read ON roles USING (true)", "see a row"),
        (
            "ALTER POLICY roles_add ON roles WITH CHECK (true)",
            "add a row",
        ),
        (
            "CREATE OR REPLACE FUNCTION app_tenant_id() RETURNS uuid STABLE RETURN NULL::uuid",
            "",
        ),
    ] {
        let Some(deployment) = Deployment::migrated().await else {
            return;
        };
        deployment.database.execute(hole).await;
        let settings = served_by(&deployment.database);
        run(deployment.folder.path(), &settings, &["migrate", "seal"]);

        let complaint = deployment.refuses(&[]);

        assert!(complaint.contains(leak), "{hole}: {complaint}");
    }
}

#[tokio::test]
async fn a_development_setting_lets_an_unsafe_role_serve_and_says_so() {
    let Some(deployment) = Deployment::migrated().await else {
        return;
    };
    let url = deployment.database.url();
    let service = Service::start(&[("BAILIWICK__DATABASE__URL", url), UNSAFE]);
    let safe = Service::start(&served_by(&deployment.database));

    let ready = service.get("/health/ready");
    let quiet = safe.get("/health/ready");

    assert!(ready.starts_with("HTTP/1.1 200"), "{ready}");
    assert!(
        ready.contains("\r\nwarning: 199 bailiwick \"row-level security does not bind"),
        "{ready}"
    );
    assert!(ready.ends_with(r#"{"status":"ready"}"#), "{ready}");
    assert!(!quiet.contains("warning:"), "{quiet}");
}

/// What the check tries is gone when it is done.
#[tokio::test]
async fn asking_leaves_nothing_behind() {
    let Some(deployment) = Deployment::migrated().await else {
        return;
    };

    Service::start(&served_by(&deployment.database));

    let nothing = "DO $$ BEGIN
        ASSERT NOT EXISTS (SELECT FROM users) AND NOT EXISTS (SELECT FROM tenants) AND NOT EXISTS (SELECT FROM roles);
    END $$";
    deployment.database.execute(nothing).await;
}

#[tokio::test]
async fn whoever_migrates_for_a_role_that_is_not_there_is_told() {
    let Some(database) = postgres::database().await else {
        return;
    };
    let url = database.url_as("nobody_of_this_name", "x");
    let settings = [
        ("BAILIWICK__DATABASE__URL", url.as_str()),
        ("BAILIWICK__DATABASE__OWNER_URL", database.url()),
    ];

    let (well, output) = run(
        TempDir::new().unwrap().path(),
        &settings,
        &["migrate", "up"],
    );

    assert!(
        !well && output.contains("`nobody_of_this_name`") && output.contains("roles.sql"),
        "{output}"
    );
}
