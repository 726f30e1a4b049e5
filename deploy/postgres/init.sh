#!/bin/sh
# Makes the roles when the database container of compose.yaml first starts.
set -eu

psql --no-psqlrc --username="$POSTGRES_USER" --dbname="$POSTGRES_DB" --file=/etc/bailiwick/roles.sql \
    -v database="$POSTGRES_DB" \
    -v owner=bailiwick_owner -v owner_password="$BAILIWICK_OWNER_PASSWORD" \
    -v app=bailiwick_app -v app_password="$BAILIWICK_APP_PASSWORD"
