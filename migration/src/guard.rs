//! What keeps the rows of one tenant from transactions of another, table by table (PostgreSQL).
//!
//! The policies are restrictive, so that one that is added later can narrow what is seen and never widen it, and forced,
//! so that they bind the owner of the tables as well: a migration that changes rows of tenants has to lift that first.

/// What a transaction may do with the rows of one table, as conditions in SQL. Where nothing else is said: with those of its tenant, all.
#[derive(Debug, Clone, Copy)]
pub struct Guard {
    /// The table.
    pub table: &'static str,
    /// What is seen.
    pub read: &'static str,
    /// What is added.
    pub add: &'static str,
    /// What is changed or removed, and what may come of it.
    pub change: &'static str,
}

const OWN: &str = "tenant_id = app_tenant_id()";

/// All that a transaction may do with the rows of its tenant, and nothing with others.
#[must_use]
pub const fn own(table: &'static str) -> Guard {
    Guard {
        table,
        read: OWN,
        add: OWN,
        change: OWN,
    }
}

impl Guard {
    /// The statements that put it up.
    #[must_use]
    pub fn put(&self) -> String {
        let Self {
            table,
            read,
            add,
            change,
        } = self;
        format!(
            "ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
             CREATE POLICY {table}_all ON {table} USING (true);
             CREATE POLICY {table}_read ON {table} AS RESTRICTIVE FOR SELECT USING ({read});
             CREATE POLICY {table}_add ON {table} AS RESTRICTIVE FOR INSERT WITH CHECK ({add});
             CREATE POLICY {table}_change ON {table} AS RESTRICTIVE FOR UPDATE USING ({change});
             CREATE POLICY {table}_remove ON {table} AS RESTRICTIVE FOR DELETE USING ({change});"
        )
    }

    /// The statements that take it down.
    #[must_use]
    pub fn take(&self) -> String {
        let table = self.table;
        let policies = ["all", "read", "add", "change", "remove"]
            .map(|policy| format!("DROP POLICY {table}_{policy} ON {table};"));
        format!(
            "{} ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY;",
            policies.concat()
        )
    }
}
