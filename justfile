# List the recipes.
default:
    @just --list

# Serve.
run:
    cargo run

# Change the schema: up, down, status or fresh.
migrate *ARGS='up':
    cargo run -- migrate {{ ARGS }}

# Drop all tables and migrate from zero.
fresh:
    cargo run -- migrate fresh

# Run all tests; without a PostgreSQL, those that need one say that they were skipped.
test:
    cargo test --workspace

# Run all tests, and fail where there is no PostgreSQL.
test-pg:
    BAILIWICK_TEST_POSTGRES=required cargo test --workspace

# Check the format and the lints.
lint:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets -- -D warnings
    cargo fmt --all --check --manifest-path examples/policy/Cargo.toml
    cargo clippy --manifest-path examples/policy/Cargo.toml --workspace --all-targets -- -D warnings

# Write the generated documents anew.
docs:
    BAILIWICK_UPDATE_DOCS=1 cargo test --package bailiwick-tests examples::sqlite
    BAILIWICK_UPDATE_DOCS=1 cargo test --package bailiwick-tests -- documents:: round_trips::
    BAILIWICK_UPDATE_DOCS=1 cargo test --package bailiwick-domain -- policy_matrix:: public_api::
    BAILIWICK_UPDATE_DOCS=1 cargo test --package bailiwick-server --test it configuration::the_page
    BAILIWICK_UPDATE_DOCS=1 cargo test --package bailiwick-tests walls::sqlite

# Build the book (docs/book.toml) into target/book; the first time, its two programs are built too, which takes minutes.
book:
    cargo install --quiet --locked --root target/tools mdbook@0.5.4 mdbook-mermaid@0.17.1
    rm -rf target/book-src && mkdir -p target/book-src && cp -r docs README.md target/book-src
    PATH="$PWD/target/tools/bin:$PATH" mdbook-mermaid install target/book-src/docs
    PATH="$PWD/target/tools/bin:$PATH" mdbook build target/book-src/docs --dest-dir "$PWD/target/book"

# Prove that nothing of a tenant reaches another (docs/tenant-isolation.md); needs PostgreSQL.
isolation: && strict second-wall
    BAILIWICK_TEST_POSTGRES=required cargo test --package bailiwick-migration
    BAILIWICK_TEST_POSTGRES=required cargo test --package bailiwick-server --test it isolation::
    BAILIWICK_TEST_POSTGRES=required cargo test --package bailiwick-tests -- attack:: tenancy:: walls:: oracle:: canonical::
    cargo test --package bailiwick-domain --test it

# Run what tells tenants apart against a service that remembers nothing.
strict:
    BAILIWICK_TEST_CACHE=off BAILIWICK_TEST_POSTGRES=required cargo test --package bailiwick-tests -- \
        attack:: canonical:: oracle:: sessions:: tenancy:: walls::

# Run what is tested over HTTP on PostgreSQL against a build in which no query is narrowed to its tenant.
second-wall:
    BAILIWICK_TEST_POSTGRES=required cargo test --package bailiwick-tests --package bailiwick-infrastructure \
        --features bailiwick-infrastructure/without-first-wall --test it postgres::

# Ask for what the OpenAPI document promises, on both databases, for so many seconds each; needs pip and PostgreSQL.
schemathesis SECONDS='900':
    python3 -c 'import schemathesis' 2>/dev/null || PYTHONPATH=target/python python3 -c 'import schemathesis' 2>/dev/null || \
        pip3 install --quiet --target target/python 'schemathesis==4.32.5'
    PYTHONPATH="$PWD/target/python" BAILIWICK_TEST_SCHEMATHESIS=required BAILIWICK_TEST_POSTGRES=required \
        BAILIWICK_SCHEMATHESIS_SECONDS={{ SECONDS }} cargo test --package bailiwick-server --test it schemathesis::

# Hold what the parsers promise against whatever the fuzzer thinks of, each for so many seconds.
fuzz SECONDS='30':
    fuzz/run.sh {{ SECONDS }}

# Drill faults, floods and restarts to the full, with times that count, and print what came of it (docs/resilience.md).
faults *ARGS:
    BAILIWICK_FAULTS=full BAILIWICK_TEST_POSTGRES=required cargo test --profile drill --package bailiwick-server --test faults -- {{ ARGS }}

# Hold what is in deploy/ to what its users will make of it; names the tools that are missing.
deploy:
    cargo build
    BAILIWICK_BINARY="$PWD/target/debug/bailiwick" deploy/check.sh

# Hold what the service is built from to deny.toml; needs `cargo install --locked cargo-deny`.
deny:
    cargo deny --locked check bans licenses sources

# Write what the service is built from to target/bailiwick.cdx.json, as CycloneDX; needs `cargo install --locked cargo-cyclonedx`.
sbom:
    SOURCE_DATE_EPOCH=$(git log -1 --format=%ct) cargo cyclonedx --format json --spec-version 1.5 --override-filename bailiwick.cdx
    mv crates/server/bailiwick.cdx.json target/
    find . -name bailiwick.cdx.json -not -path './target/*' -delete    # it writes one for each package

# Measure how fast it is beside what is possible here (docs/benchmarks/README.md), in about twelve minutes beside the build.
bench *ARGS='--json docs/benchmarks/latest.json':
    cargo build --release --locked --package bailiwick-server --package bailiwick-bench
    target/release/bailiwick-bench {{ ARGS }}

# The same at a glance, with whatever is built: every answer is looked at, and the figures mean nothing.
bench-short:
    cargo build --locked --workspace
    target/debug/bailiwick-bench --short

# Take every guard away in turn, and see that a test turns red (hours; needs `cargo install cargo-mutants`).
mutants *ARGS:
    tests/mutants.sh {{ ARGS }}
