"""Authlib against a running service: a machine's token, and a person's from beginning to end."""

import sys

import requests
from authlib.integrations.requests_client import OAuth2Session

address, account, key = sys.argv[1:]
projects = address + "/api/v1/projects"
metadata = requests.get(address + "/.well-known/oauth-authorization-server").json()

for method in ("client_secret_basic", "client_secret_post"):
    assert method in metadata["token_endpoint_auth_methods_supported"]
    machine = OAuth2Session(account, key, token_endpoint_auth_method=method)
    token = machine.fetch_token(metadata["token_endpoint"], grant_type="client_credentials")
    assert machine.get(projects).status_code == 200
    seen = machine.introspect_token(metadata["introspection_endpoint"], token=token["access_token"]).json()
    assert seen["active"] and seen["sub"] == account, seen

person = OAuth2Session("bailiwick-first-party", token_endpoint_auth_method="none")
first = person.fetch_token(
    metadata["token_endpoint"], username="ada@example.com", password="correct horse battery"
)
assert person.get(projects).status_code == 200
second = person.refresh_token(metadata["token_endpoint"], refresh_token=first["refresh_token"])
assert second["refresh_token"] != first["refresh_token"]
assert person.get(projects).status_code == 200
revoked = person.revoke_token(
    metadata["revocation_endpoint"], token=second["refresh_token"], token_type_hint="refresh_token"
)
assert revoked.status_code == 200, revoked.text
assert person.get(projects).status_code == 401
print("done")
