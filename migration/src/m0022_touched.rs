//! Whose access a transaction has changed, so that whoever remembers what they may do can forget it.
//!
//! Triggers tell, and so nothing that writes can forget to: neither a use case nor an operator with a console. On PostgreSQL
//! they notify the channel `bailiwick_facts` of each owner, a person or a tenant, when the transaction commits, and name
//! them in `app.touched` until then; on SQLite they note them in a table.

use crate::schema::{drop_tables, execute, micros, postgres, primary_key, table, uuid};
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                table("touched")
                    .col(uuid("owner"))
                    .primary_key(&mut primary_key("pk_touched", ["owner"]))
                    .take(),
            )
            .await?;
        manager
            .create_table(
                table("replicas")
                    .col(uuid("id"))
                    .col(micros("renewed_at"))
                    .primary_key(&mut primary_key("pk_replicas", ["id"]))
                    .take(),
            )
            .await?;
        if postgres(manager) {
            execute(manager, TOUCH).await?;
        }
        for touch in TOUCHES {
            let put = if postgres(manager) {
                touch.put_on_postgres()
            } else {
                touch.put_on_sqlite()
            };
            execute(manager, &put).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for touch in TOUCHES {
            let take = if postgres(manager) {
                touch.take_from_postgres()
            } else {
                touch.take_from_sqlite()
            };
            execute(manager, &take).await?;
        }
        if postgres(manager) {
            execute(manager, "DROP FUNCTION app_touch").await?;
        }
        drop_tables(manager, ["replicas", "touched"]).await
    }
}

/// Notes an owner, once a transaction.
const TOUCH: &str = "
    CREATE FUNCTION app_touch(owner uuid) RETURNS void LANGUAGE plpgsql AS $function$
    DECLARE
        touched text := coalesce(current_setting('app.touched', true), '');
    BEGIN
        IF owner IS NOT NULL AND position(owner::text IN touched) = 0 THEN
            PERFORM set_config('app.touched', touched || owner || ' ', true),
                    pg_notify('bailiwick_facts', owner::text);
        END IF;
    END $function$";

/// The person behind a row of a member; where the member is gone already, the whole tenant.
const MEMBERS_USER: &str = "coalesce((SELECT user_id FROM members WHERE tenant_id = {row}.tenant_id AND id = {row}.member_id),
     {row}.tenant_id)";

/// Rows that decide about somebody's access.
struct Touch {
    table: &'static str,
    /// Whose, of the row `{row}`.
    owner: &'static str,
    /// Does a new one?
    added: bool,
    /// Those of its columns that do.
    columns: &'static str,
}

/// Where nothing else is said, a new row decides about nobody who is remembered.
const TOUCHES: [Touch; 10] = [
    Touch {
        table: "users",
        owner: "{row}.id",
        added: false,
        columns: "email, name, created_at, email_verified_at, disabled_at",
    },
    Touch {
        table: "operators",
        owner: "{row}.user_id",
        added: true,
        columns: "user_id, created_at",
    },
    Touch {
        table: "sessions",
        owner: "{row}.user_id",
        added: false,
        columns: "user_id, authenticated_at, expires_at, ended_at, second_factor_at",
    },
    Touch {
        // Not its generation, nor when that was rotated: that happens all the time, and decides about refresh tokens alone.
        table: "refresh_chains",
        owner: "(SELECT user_id FROM sessions WHERE id = {row}.session_id)",
        added: false,
        columns: "session_id, tenant_id, member_id, revoked_at",
    },
    Touch {
        table: "tenants",
        owner: "{row}.id",
        added: false,
        columns: "status, suspended_by, deleted_at, second_factor_required",
    },
    Touch {
        table: "members",
        owner: "{row}.user_id",
        added: false,
        columns: "tenant_id, id, user_id, status",
    },
    Touch {
        table: "member_roles",
        owner: MEMBERS_USER,
        added: true,
        columns: "tenant_id, member_id, role_id, expires_at",
    },
    Touch {
        table: "project_roles",
        owner: MEMBERS_USER,
        added: true,
        columns: "tenant_id, project_id, member_id, role_id, expires_at",
    },
    Touch {
        table: "roles",
        owner: "{row}.tenant_id",
        added: false,
        columns: "tenant_id, id, name, builtin, permissions, version",
    },
    Touch {
        table: "role_includes",
        owner: "{row}.tenant_id",
        added: true,
        columns: "tenant_id, role_id, included_id",
    },
];

impl Touch {
    fn owner(&self, row: &str) -> String {
        self.owner.replace("{row}", row)
    }

    /// What happens to a row, how it is called then, and how the row is called before and after.
    fn events(&self) -> impl Iterator<Item = (&'static str, String, &'static [&'static str])> {
        let added = self
            .added
            .then(|| ("added", "INSERT".to_owned(), &["NEW"][..]));
        let changed = format!("UPDATE OF {}", self.columns);
        added.into_iter().chain([
            ("changed", changed, &["OLD", "NEW"][..]),
            ("removed", "DELETE".to_owned(), &["OLD"][..]),
        ])
    }

    fn put_on_postgres(&self) -> String {
        let table = self.table;
        let put = self.events().map(|(name, event, rows)| {
            let touches = rows
                .iter()
                .map(|row| format!("PERFORM app_touch({});", self.owner(row)))
                .collect::<String>();
            format!(
                "CREATE FUNCTION app_{table}_{name}() RETURNS trigger LANGUAGE plpgsql AS $function$
                 BEGIN {touches} RETURN NULL; END $function$;
                 CREATE TRIGGER touch_{name} AFTER {event} ON {table}
                 FOR EACH ROW EXECUTE FUNCTION app_{table}_{name}();"
            )
        });
        put.collect()
    }

    fn take_from_postgres(&self) -> String {
        let table = self.table;
        let taken = self.events().map(|(name, ..)| {
            format!("DROP TRIGGER touch_{name} ON {table}; DROP FUNCTION app_{table}_{name};")
        });
        taken.collect()
    }

    fn put_on_sqlite(&self) -> String {
        let table = self.table;
        let put = self.events().map(|(name, event, rows)| {
            let touches = rows
                .iter()
                .map(|row| {
                    format!(
                        "INSERT INTO touched (owner) SELECT o.owner FROM (SELECT {} AS owner) o
                         WHERE o.owner IS NOT NULL AND o.owner NOT IN (SELECT owner FROM touched);",
                        self.owner(row)
                    )
                })
                .collect::<String>();
            format!(
                "CREATE TRIGGER touch_{table}_{name} AFTER {event} ON {table} BEGIN {touches} END;"
            )
        });
        put.collect()
    }

    fn take_from_sqlite(&self) -> String {
        let table = self.table;
        let taken = self
            .events()
            .map(|(name, ..)| format!("DROP TRIGGER touch_{table}_{name};"));
        taken.collect()
    }
}
