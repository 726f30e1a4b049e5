#!/usr/bin/env bash
# Holds what is here to what its users will make of it. What a tool is missing for is named and left out; with
# BAILIWICK_TEST_DEPLOY=required that is a failure.
#
#   Debian: prometheus, systemd
#   pip:    check-jsonschema==0.39.0 helm-python-sdk==0.2.2 kubernetes-validate==1.37.0
#   npm:    dockerfile-utils@0.16.3
#
# BAILIWICK_BINARY names a build of the service, which then has to understand the settings of the chart and of the unit.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
missing=0

# has WHAT COMMAND...: whether the command succeeds, which it does where its tool is there.
has() {
    local what=$1
    shift
    if "$@" >/dev/null 2>&1; then return; fi
    echo "skipped: $what"
    missing=1
    return 1
}

if has "alerts: there is no promtool" promtool --version; then
    promtool check config prometheus/prometheus.yml
    promtool test rules prometheus/alerts_test.yml
fi

if has "units: there is no systemd-analyze" systemd-analyze --version; then
    for unit in systemd/*.service; do
        # The binary need not be installed.
        sed 's|/usr/bin/bailiwick|/bin/true|' "$unit" >"$scratch/${unit##*/}"
    done
    systemd-analyze verify --man=no "$scratch"/*.service
    for unit in "$scratch"/*.service; do
        systemd-analyze security --offline=true --threshold=15 "$unit" | tail -n 1
    done
fi

if has "composition: there is no check-jsonschema" python3 -c 'import check_jsonschema'; then
    python3 -m check_jsonschema --builtin-schema vendor.compose-spec compose.yaml
fi

if has "chart: there is no helm-python-sdk, or no kubernetes-validate" \
    python3 -c 'import helm_python, kubernetes_validate, yaml'; then
    python3 helm/check.py
fi

lint=../target/deploy/node_modules/.bin/dockerfile-utils
[[ -x $lint ]] || lint=dockerfile-utils
if has "image: there is no dockerfile-utils" command -v "$lint"; then
    "$lint" lint Dockerfile
    echo "the Dockerfile is in order"
fi

if [[ -n ${BAILIWICK_BINARY:-} ]]; then
    install -m 0600 systemd/bailiwick.toml "$scratch/bailiwick.toml"
    env -i BAILIWICK__PROFILE=production \
        BAILIWICK__DATABASE__URL=postgres://app@127.0.0.1/bailiwick BAILIWICK__MAIL__SMTP_URL=smtps://smtp.example.com \
        "$BAILIWICK_BINARY" --config "$scratch/bailiwick.toml" config check
fi

if ((missing)) && [[ ${BAILIWICK_TEST_DEPLOY:-} == required ]]; then
    echo "tools are missing" >&2
    exit 1
fi
