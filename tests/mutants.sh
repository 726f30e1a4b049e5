#!/usr/bin/env bash
# Takes every guard away in turn, and sees that a test turns red.
#
#   tests/mutants.sh [policy|rotation|guard|store]...
#
# Each is one part of the house, with the tests that have to notice. What they let through is under
# target/mutants/PART/mutants.out/missed.txt.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

mutate() {
    local part=$1 package=$2
    shift 2
    cargo mutants --package "$package" --output "target/mutants/$part" --test-tool cargo --cap-lints=true \
        --no-shuffle --baseline skip --timeout 300 "$@" || true
    local caught missed
    caught=$(cat "target/mutants/$part/mutants.out/"{caught,timeout}.txt | wc -l)
    missed=$(wc -l <"target/mutants/$part/mutants.out/missed.txt")
    printf '%s: %d of %d killed\n' "$part" "$caught" "$((caught + missed))"
}

black_box=(--test-package bailiwick-api --test-package bailiwick-tests -- --test it -- sqlite:: sweep:: compile_fail::)

for part in "${@:-policy rotation guard store}"; do
    for part in $part; do
        case $part in
        policy)
            mutate policy bailiwick-domain --file 'crates/domain/src/access/*.rs' --file 'crates/domain/src/role.rs' \
                -- --test it -- --skip small_worlds --skip compile_fail
            ;;
        rotation) mutate rotation bailiwick-domain --file 'crates/domain/src/session.rs' -- --test it -- rotation:: ;;
        guard) mutate guard bailiwick-api --file 'crates/api/src/access.rs' "${black_box[@]}" ;;
        store)
            mutate store bailiwick-infrastructure --file 'crates/infrastructure/src/store/owned.rs' \
                --file 'crates/infrastructure/src/store/tenant.rs' "${black_box[@]}"
            ;;
        *)
            echo "there is no part $part" >&2
            exit 2
            ;;
        esac
    done
done
