"""Lints the chart as Helm does, renders it, and holds what comes of it to the schemas of Kubernetes and to what was promised."""

import os
import pathlib
import subprocess

import helm_python
import kubernetes_validate
import yaml

CHART = pathlib.Path(__file__).parent / "bailiwick"
KUBERNETES = ("1.27", "1.32")
LEAST = {"secret": "bailiwick", "settings": {"http": {"public_url": "https://id.example.com"}, "mail": {"from": "a@example.com"}}}
MORE = {
    "secret": "bailiwick",
    "replicas": 3,
    "image": {"repository": "registry.example.com/bailiwick", "digest": "sha256:" + "0" * 64},
    "imagePullSecrets": [{"name": "registry"}],
    "settings": {
        "http": {"public_url": "https://id.example.com", "trusted_proxies": ["10.0.0.0/8"], "connections": 4096},
        "mail": {"from": "a@example.com"},
        "sessions": {"absolute_ttl": 2592000},
        "registration": {"verify_email": True},
        "traces": {"endpoint": "http://otel:4318/v1/traces", "sample_ratio": 0.25},
    },
    "networkPolicy": {"clients": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "ingress"}}}]},
    "nodeSelector": {"kubernetes.io/os": "linux"},
    "tolerations": [{"key": "dedicated", "operator": "Exists"}],
    "affinity": {"nodeAffinity": {}},
}
REFUSED = (
    {},
    {"secret": "bailiwick", "settings": {"http": {"public_url": "http://id.example.com"}, "mail": {"from": "a@example.com"}}},
    {**LEAST, "replica": 3},
)


def linted(values):
    report = helm_python.chart.lint(CHART, values, strict=True, namespace="auth")
    # An icon is for catalogues.
    return [message for message in report["messages"] if message["severity"] > 1] + report["errors"]


def rendered(values):
    with helm_python.chart.Chart.load(CHART) as chart:
        manifests = chart.render(values, name="id", namespace="auth")
    documents = (yaml.safe_load_all(text) for path, text in manifests.items() if path.endswith(".yaml"))
    return {document["kind"]: document for each in documents for document in each if document}


def check(values):
    assert not linted(values), linted(values)
    found = rendered(values)
    for version in KUBERNETES:
        for document in found.values():
            kubernetes_validate.validate(document, version, strict=True)
    wanted = {"Deployment", "Job", "NetworkPolicy", "PodDisruptionBudget", "Service", "ServiceAccount"}
    assert set(found) == wanted, set(found)

    for kind in ("Deployment", "Job"):
        pod = found[kind]["spec"]["template"]["spec"]
        (container,) = pod["containers"]
        assert pod["securityContext"]["runAsNonRoot"] and not pod["automountServiceAccountToken"]
        assert container["securityContext"]["readOnlyRootFilesystem"]
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
        files = {item["key"] for item in pod["volumes"][0]["secret"]["items"]}
        # Whoever serves does not own the tables.
        assert ("owner-url" in files) == (kind == "Job"), files
        for variable in container["env"]:
            assert isinstance(variable["value"], str), variable
            folder = "/run/secrets/bailiwick/"
            if variable["value"].startswith(folder):
                assert variable["value"].removeprefix(folder) in files, variable

    spec = found["Deployment"]["spec"]
    pod = spec["template"]["spec"]
    (container,) = pod["containers"]
    assert {"startupProbe", "livenessProbe", "readinessProbe"} <= set(container)
    labels = spec["template"]["metadata"]["labels"]
    for selector in (
        spec["selector"]["matchLabels"],
        found["Service"]["spec"]["selector"],
        found["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"],
        found["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"],
    ):
        assert selector.items() <= labels.items(), selector
    # Nothing that selects the pods that serve selects those that migrate.
    job = found["Job"]["spec"]["template"]["metadata"]["labels"]
    assert not spec["selector"]["matchLabels"].items() <= job.items()
    return {variable["name"]: variable["value"] for variable in container["env"]}


check(LEAST)
settings = check(MORE)
for name, value in {
    "HTTP__TRUSTED_PROXIES": '["10.0.0.0/8"]',
    "HTTP__CONNECTIONS": "4096",
    "SESSIONS__ABSOLUTE_TTL": "2592000",
    "REGISTRATION__VERIFY_EMAIL": "true",
    "TRACES__SAMPLE_RATIO": "0.25",
}.items():
    assert settings[f"BAILIWICK__{name}"] == value, (name, settings)
for values in REFUSED:
    assert linted(values), values
binary = os.environ.get("BAILIWICK_BINARY")
if binary:
    # The service understands what the chart sets.
    files = {name for name in settings if name.endswith("_FILE")}
    environment = {name: value for name, value in settings.items() if name not in files}
    printed = subprocess.run([binary, "config", "print"], env=environment, check=True, capture_output=True, text=True).stdout
    for line in ('profile = "production"', 'trusted_proxies = ["10.0.0.0/8"]', "connections = 4096", "verify_email = true", "sample_ratio = 0.25"):
        assert line in printed.splitlines(), (line, printed)
print("the chart is in order")
