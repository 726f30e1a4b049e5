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

# Write the generated documents anew.
docs:
    BAILIWICK_UPDATE_DOCS=1 cargo test --package bailiwick-tests documents::
    BAILIWICK_UPDATE_DOCS=1 cargo test --package bailiwick-domain policy_matrix::
