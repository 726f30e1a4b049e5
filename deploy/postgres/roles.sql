-- Makes the two roles of Bailiwick: the owner migrates and owns the tables, the app serves and owns nothing.
--
--   psql -v database=bailiwick -v owner=bailiwick_owner -v app=bailiwick_app -f roles.sql
--
-- Run it as an administrator, before the first `bailiwick migrate up`, and again whenever in doubt. The database exists.
-- `-v owner_password=…` and `-v app_password=…` set passwords; without them, a role's password stays as it is.

\set ON_ERROR_STOP on
\connect :"database"

BEGIN;

-- A DO block sees no psql variables.
SELECT set_config('bailiwick.owner', :'owner', true), set_config('bailiwick.app', :'app', true) \g /dev/null

-- Attributes are given at creation only: changing them takes a superuser, which a managed service does not have.
SELECT format('CREATE ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS', name)
FROM unnest(ARRAY[:'owner', :'app']) AS name
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name)
\gexec

\if :{?owner_password}
ALTER ROLE :"owner" PASSWORD :'owner_password';
\endif
\if :{?app_password}
ALTER ROLE :"app" PASSWORD :'app_password';
\endif

-- Default privileges are changed by whoever has those of the role.
SELECT NOT pg_has_role(:'owner', 'USAGE') AS stranger \gset
\if :stranger
GRANT :"owner" TO CURRENT_USER;
\endif

REVOKE CREATE ON SCHEMA public FROM PUBLIC;
-- A temporary table would stand before the real one of its name, for everybody who comes to that connection after.
REVOKE TEMPORARY ON DATABASE :"database" FROM PUBLIC;
GRANT CONNECT ON DATABASE :"database" TO :"owner", :"app";
GRANT USAGE, CREATE ON SCHEMA public TO :"owner";
GRANT USAGE ON SCHEMA public TO :"app";

-- For tables to come; a migration takes back what the app may not do to a table of its own, such as changing audit records.
ALTER DEFAULT PRIVILEGES FOR ROLE :"owner" IN SCHEMA public
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO :"app";
ALTER DEFAULT PRIVILEGES FOR ROLE :"owner" IN SCHEMA public
    GRANT USAGE ON SEQUENCES TO :"app";

\if :stranger
REVOKE :"owner" FROM CURRENT_USER;
\endif

-- GRANT only warns when it grants nothing, and a role that was there already may be too powerful.
DO $$
DECLARE
    owner text := current_setting('bailiwick.owner');
    app   text := current_setting('bailiwick.app');
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = app AND (rolsuper OR rolbypassrls OR rolcreaterole OR rolreplication)) THEN
        RAISE EXCEPTION 'role `%` is not bound by row-level security', app
            USING HINT = format('ALTER ROLE %I NOSUPERUSER NOBYPASSRLS NOCREATEROLE NOREPLICATION', app);
    END IF;
    IF pg_has_role(app, owner, 'MEMBER') THEN
        RAISE EXCEPTION 'role `%` must not be `%` or a member of it', app, owner;
    END IF;
    IF NOT has_schema_privilege(owner, 'public', 'CREATE') THEN
        RAISE EXCEPTION 'role `%` may not create tables: run this as the owner of the database', owner;
    END IF;
    IF has_database_privilege(app, current_database(), 'TEMPORARY') THEN
        RAISE EXCEPTION 'role `%` may create temporary tables: run this as the owner of the database', app;
    END IF;
    IF has_schema_privilege(app, 'public', 'CREATE') THEN
        RAISE EXCEPTION 'role `%` may create tables: run this as the owner of the database', app;
    END IF;
END
$$;

COMMIT;
