//! The second wall: PostgreSQL itself keeps the rows of one tenant from transactions of another.
//!
//! A transaction says for whom it works in settings that end with it, `app.tenant_id` and its like; none is nobody, and
//! what was set before reads as `''`.

use crate::{
    guard::{Guard, own},
    schema::{execute, postgres},
};
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if !postgres(manager) {
            return Ok(());
        }
        execute(manager, FUNCTIONS).await?;
        for guard in GUARDS {
            execute(manager, &guard.put()).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if !postgres(manager) {
            return Ok(());
        }
        for guard in GUARDS {
            execute(manager, &guard.take()).await?;
        }
        execute(
            manager,
            "DROP FUNCTION app_is_sweeping, app_is_operator, app_is_session, app_is_role_on_offer, app_is_invited_to,
                           app_is_invited, app_is_member, app_is_member_of, app_user_id, app_tenant_id",
        )
        .await
    }
}

/// For whom a transaction works. What a function asks of a guarded table is guarded as well.
const FUNCTIONS: &str = "
    CREATE FUNCTION app_tenant_id() RETURNS uuid STABLE PARALLEL SAFE
        RETURN nullif(current_setting('app.tenant_id', true), '')::uuid;

    CREATE FUNCTION app_user_id() RETURNS uuid STABLE PARALLEL SAFE
        RETURN nullif(current_setting('app.user_id', true), '')::uuid;

    CREATE FUNCTION app_is_member_of(tenant uuid) RETURNS boolean STABLE PARALLEL SAFE
        RETURN EXISTS (SELECT FROM members m WHERE m.tenant_id = tenant AND m.user_id = app_user_id());

    CREATE FUNCTION app_is_member(tenant uuid, member uuid) RETURNS boolean STABLE PARALLEL SAFE
        RETURN EXISTS (SELECT FROM members m
                       WHERE m.tenant_id = tenant AND m.id = member AND m.user_id = app_user_id());

    CREATE FUNCTION app_is_invited(address text, secret bytea) RETURNS boolean STABLE PARALLEL SAFE
        RETURN secret = decode(nullif(current_setting('app.invitation', true), ''), 'hex')
            OR EXISTS (SELECT FROM users u WHERE u.id = app_user_id() AND u.email = address);

    CREATE FUNCTION app_is_invited_to(tenant uuid) RETURNS boolean STABLE PARALLEL SAFE
        RETURN EXISTS (SELECT FROM invitations i
                       WHERE i.tenant_id = tenant AND app_is_invited(i.email, i.secret_hash));

    CREATE FUNCTION app_is_role_on_offer(tenant uuid, role uuid) RETURNS boolean STABLE PARALLEL SAFE
        RETURN EXISTS (SELECT FROM invitation_roles r WHERE r.tenant_id = tenant AND r.role_id = role);

    CREATE FUNCTION app_is_session(session uuid) RETURNS boolean STABLE PARALLEL SAFE
        RETURN EXISTS (SELECT FROM sessions s WHERE s.id = session AND s.user_id = app_user_id());

    CREATE FUNCTION app_is_operator() RETURNS boolean STABLE PARALLEL SAFE
        RETURN EXISTS (SELECT FROM operators
                       WHERE user_id = nullif(current_setting('app.operator_id', true), '')::uuid);

    CREATE FUNCTION app_is_sweeping() RETURNS boolean STABLE PARALLEL SAFE
        RETURN coalesce(current_setting('app.sweep', true), '') = 'on';";

const GUARDS: [Guard; 13] = [
    Guard {
        // Operators see that an organization is there, and how many are in it; the sweep, what is to be erased.
        read: "id = app_tenant_id() OR app_is_member_of(id) OR app_is_invited_to(id) OR app_is_operator()
               OR (deleted_at IS NOT NULL AND app_is_sweeping())",
        add: "id = app_tenant_id()",
        change: "id = app_tenant_id()",
        ..own("tenants")
    },
    own("slugs"),
    Guard {
        read: "tenant_id = app_tenant_id() OR app_is_member_of(tenant_id) OR app_is_role_on_offer(tenant_id, id)",
        ..own("roles")
    },
    Guard {
        read: "tenant_id = app_tenant_id() OR app_is_member_of(tenant_id)",
        ..own("role_includes")
    },
    Guard {
        read: "tenant_id = app_tenant_id() OR user_id = app_user_id() OR app_is_operator()",
        ..own("members")
    },
    Guard {
        read: "tenant_id = app_tenant_id() OR app_is_member(tenant_id, member_id)",
        ..own("member_roles")
    },
    own("projects"),
    Guard {
        read: "tenant_id = app_tenant_id() OR app_is_member(tenant_id, member_id)",
        ..own("project_roles")
    },
    Guard {
        read: "tenant_id = app_tenant_id() OR app_is_invited(email, secret_hash)",
        ..own("invitations")
    },
    Guard {
        read: "tenant_id = app_tenant_id() OR EXISTS (
                   SELECT FROM invitations i
                   WHERE i.tenant_id = invitation_roles.tenant_id AND i.id = invitation_id
                     AND app_is_invited(i.email, i.secret_hash))",
        ..own("invitation_roles")
    },
    own("ownership_offers"),
    Guard {
        read: "tenant_id = app_tenant_id() OR app_is_session(session_id)",
        // A chain leads into an organization that the person is a member of.
        add: "app_is_session(session_id) AND (tenant_id IS NULL OR app_is_member(tenant_id, member_id))",
        change: "tenant_id = app_tenant_id() OR app_is_session(session_id)",
        ..own("refresh_chains")
    },
    Guard {
        // What is of no tenant is recorded by whoever does it, and read by nobody.
        add: "tenant_id IS NULL OR tenant_id = app_tenant_id()",
        change: "false",
        ..own("audit_events")
    },
];
