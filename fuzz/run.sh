#!/usr/bin/env bash
# Holds what the parsers promise against whatever libFuzzer thinks of: `fuzz/run.sh [seconds per target, default 30]`.
#
# It needs the toolchain of the workspace, which is stable, and a C++ compiler, which it installs: the coverage counters
# are LLVM's own, and come with plain codegen flags. A line a target says how it went; a crash fails the whole, and its
# input is kept in fuzz/artifacts. What is new is kept in fuzz/target/found, and never written into the corpus.
#
# To see one input again:     fuzz/target/*/release/TARGET FILE
# To choose from new finds:   fuzz/target/*/release/TARGET -merge=1 SMALL_AND_EMPTY_FOLDER fuzz/target/found/TARGET
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

seconds=${1:-30}
if ! [[ $seconds =~ ^[1-9][0-9]*$ ]]; then
    echo "usage: fuzz/run.sh [seconds per target]" >&2
    exit 2
fi
export PATH="$HOME/.cargo/bin:$PATH"

if ! command -v c++ >/dev/null; then
    sudo=()
    ((EUID == 0)) || sudo=(sudo)
    "${sudo[@]}" apt-get update -qq
    "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends g++
fi

# With `--target`, what only builds is not counted.
host=$(rustc -vV | sed -n 's/^host: //p')
flags=(--cfg=fuzzing -Cpasses=sancov-module)
for option in level=4 inline-8bit-counters pc-table trace-compares; do
    flags+=("-Cllvm-args=-sanitizer-coverage-$option")
done
unset CARGO_ENCODED_RUSTFLAGS CARGO_TARGET_DIR CARGO_BUILD_TARGET_DIR
RUSTFLAGS="${flags[*]}" cargo build --release --locked --target "$host"

failed=0
for source in fuzz_targets/*.rs; do
    target=$(basename "$source" .rs)
    found=target/found/$target artifacts=artifacts/$target log=target/$target.log
    mkdir -p "$found" "$artifacts"
    status=0
    "target/$host/release/$target" -max_total_time="$seconds" -print_final_stats=1 -max_len=4096 -timeout=10 \
        -rss_limit_mb=2048 -artifact_prefix="$artifacts/" "$found" "corpus/$target" >"$log" 2>&1 || status=$?
    covered() { sed -nE "s/^#[0-9]+\s+$1\s+cov: ([0-9]+).*/\1/p" "$log" | tail -1; }
    executions=$(sed -nE 's/^stat::number_of_executed_units:\s+//p' "$log")
    before=$(covered INITED) after=$(covered '[A-Z]+')
    result=ok
    if ((status)); then
        failed=1
        result="FAILED: $(grep -m1 -E 'panicked at|ERROR: libFuzzer' "$log" || echo "exit status $status"), see fuzz/$log"
    fi
    printf '%-14s %10s executions  %7d a second  coverage %5s, %s of it new  %s\n' "$target" "${executions:-0}" \
        "$((${executions:-0} / seconds))" "${after:-0}" "$((${after:-0} - ${before:-0}))" "$result"
done
rmdir artifacts/* artifacts 2>/dev/null || true
exit "$failed"
