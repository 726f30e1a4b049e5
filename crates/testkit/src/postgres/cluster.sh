# Starts a throwaway PostgreSQL from the binaries in $1, says `ready FOLDER`, removes it all when
# standard input ends. The test process holds the other end, so it ends however the process does.
# Signals and a reader that went away change nothing: a half-made cluster is finished, then removed.
set -u
trap '' HUP INT TERM PIPE
umask 077
export LC_ALL=C

# A copy of a template is hundreds of files: memory makes them up to ten times as fast as a disk.
# A container's own /dev/shm of 64 MB is too small for that.
free=$(df -Pk /dev/shm | { read -r _ && read -r _ _ _ free _ && echo "$free"; })
[ "${free:-0}" -gt 1000000 ] && TMPDIR=/dev/shm

# A root that has dropped its rights may not write to its own TMPDIR.
dir=$(mktemp -d "${TMPDIR:-/tmp}/bailiwick-postgres.XXXXXX") ||
    dir=$(mktemp -d /tmp/bailiwick-postgres.XXXXXX) || exit 1

give_up() {
    cat "$dir/log"
    rm -rf "$dir"
    exit 1
}

"$1/initdb" --pgdata="$dir/data" --username=postgres --auth=trust \
    --encoding=UTF8 --locale=C --no-sync >"$dir/log" 2>&1 </dev/null || give_up

cat >>"$dir/data/postgresql.conf" <<CONF
listen_addresses = ''
unix_socket_directories = '$dir'
port = 5432
max_connections = 200
fsync = off
synchronous_commit = off
full_page_writes = off
wal_level = minimal
max_wal_size = 256MB
max_wal_senders = 0
CONF

if ! "$1/pg_ctl" start --wait --timeout=60 --pgdata="$dir/data" --log="$dir/log" \
    >>"$dir/log" 2>&1 </dev/null; then
    "$1/pg_ctl" stop --mode=immediate --pgdata="$dir/data" >>"$dir/log" 2>&1
    give_up
fi

echo "ready $dir"
exec >/dev/null
read -r _

"$1/pg_ctl" stop --mode=immediate --pgdata="$dir/data"
rm -rf "$dir"
