"""requests-oauthlib against a running service: a machine's token, and a person's until it is refused."""

import sys

from oauthlib.oauth2 import BackendApplicationClient, LegacyApplicationClient
from oauthlib.oauth2.rfc6749.errors import InvalidClientError, InvalidGrantError
from requests_oauthlib import OAuth2Session

address, account, key = sys.argv[1:]
projects = address + "/api/v1/projects"
endpoint = address + "/oauth/token"

machine = OAuth2Session(client=BackendApplicationClient(client_id=account))
machine.fetch_token(endpoint, client_id=account, client_secret=key)
assert machine.get(projects).status_code == 200
try:
    machine.fetch_token(endpoint, client_id=account, client_secret="bw_x")
    raise AssertionError("another secret was taken")
except InvalidClientError:
    pass

person = OAuth2Session(client=LegacyApplicationClient(client_id="bailiwick-first-party"))
person.fetch_token(
    endpoint, username="ada@example.com", password="correct horse battery", include_client_id=True
)
assert person.get(projects).status_code == 200
person.refresh_token(endpoint, client_id="bailiwick-first-party")
assert person.get(projects).status_code == 200
try:
    person.fetch_token(endpoint, username="ada@example.com", password="another horse", include_client_id=True)
    raise AssertionError("another password was taken")
except InvalidGrantError:
    pass
print("done")
