//! What the wall is like, in one word, so that whoever serves can tell whether it is still the one that was put up.

use crate::schema::{execute, postgres};
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if !postgres(manager) {
            return Ok(());
        }
        execute(manager, WALL).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if !postgres(manager) {
            return Ok(());
        }
        execute(manager, "DROP FUNCTION app_wall").await
    }
}

/// Policies, the tables that they are on, the functions that they ask, and what keeps records from change. A search path of its
/// own, since what it prints names the schemas that are not on it.
const WALL: &str = "
    DO $do$ BEGIN EXECUTE format($function$
        CREATE FUNCTION app_wall() RETURNS text STABLE SET search_path = pg_catalog
        RETURN (
            SELECT encode(sha256(convert_to(string_agg(line, E'\\n' ORDER BY line), 'UTF8')), 'hex')
            FROM (
                SELECT concat_ws('|', c.relname, p.polname, p.polcmd, p.polpermissive, p.polroles::text,
                                 coalesce(pg_get_expr(p.polqual, p.polrelid), '-'),
                                 coalesce(pg_get_expr(p.polwithcheck, p.polrelid), '-'))
                FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid
                WHERE c.relnamespace = %1$L::regnamespace
                UNION ALL
                SELECT concat_ws('|', relname, relrowsecurity, relforcerowsecurity) FROM pg_class
                WHERE relnamespace = %1$L::regnamespace AND relkind IN ('r', 'p') AND relrowsecurity
                UNION ALL
                SELECT pg_get_functiondef(oid) FROM pg_proc
                WHERE pronamespace = %1$L::regnamespace AND proname LIKE 'app\\_%%'
                UNION ALL
                SELECT concat_ws('|', pg_get_triggerdef(t.oid), t.tgenabled, pg_get_functiondef(t.tgfoid))
                FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
                WHERE c.relnamespace = %1$L::regnamespace AND NOT t.tgisinternal
            ) AS wall (line)
        )
    $function$, current_schema()); END $do$";
