"""How schemathesis comes by what opens everything, and what it must not be told about a valid request.

Whoever asks has founded an organization and runs the platform. What is asked in their name signs them out, removes them,
and suspends or deletes their organization, so what they have is looked at after whatever may have changed it, and made
anew where it is good no more.
"""

import itertools
import os
import re
import subprocess

import requests
import schemathesis
from schemathesis.generation import GenerationMode

ADDRESS = os.environ["BAILIWICK_ADDRESS"]
PASSWORD = "correct horse battery staple"
NUMBERS = itertools.count()
SESSION = requests.Session()
# A body of the right form is refused for what only the policy of passwords knows.
BEYOND_THE_SCHEMA = {"#/password", "#/new_password"}
ID = re.compile("[a-z]+_[0-7][0-9a-hjkmnp-tv-z]{25}")
MISUNDERSTOOD = {"malformed_body", "invalid_query", "invalid_id", "unsupported_media_type"}


def ask(method, path, body=None, token=None):
    headers = {"authorization": f"Bearer {token}"} if token else {}
    return SESSION.request(method, ADDRESS + path, json=body, headers=headers, cookies={}, timeout=30)


def told(answer):
    answer.raise_for_status()
    return answer.json()


def registered(name):
    """Somebody new: their address."""
    email = f"{name}-{os.getpid()}-{next(NUMBERS)}@example.com"
    told(ask("POST", "/users/register", {"name": name, "email": email, "password": PASSWORD}))
    return email


def signed_in(email):
    return told(ask("POST", "/login", {"email": email, "password": PASSWORD}))


class Operator:
    """Somebody who owns an organization and runs the platform."""

    def __init__(self):
        self.token = None
        self.in_doubt = True

    def opens(self):
        if self.token is None:
            return False
        doors = ["/api/v1/organization", "/api/v1/platform/tenants?limit=1"]
        if any(ask("GET", door, token=self.token).status_code != 200 for door in doors):
            return False
        return "owner" in told(ask("GET", "/api/v1/me", token=self.token))["roles"]

    def enter(self):
        email = registered("operator")
        command = [os.environ["BAILIWICK_BINARY"], "admin", "create", "--email", email]
        subprocess.run(command, check=True, capture_output=True)
        user = signed_in(email)["access_token"]
        name = {"name": f"Company {os.getpid()} {next(NUMBERS)}"}
        founded = told(ask("POST", "/api/v1/organizations", name, user))
        entered = told(ask("POST", "/organization/select", {"org_id": founded["id"]}, user))
        self.token = entered["access_token"]
        # Somebody to do something with.
        told(ask("POST", "/api/v1/members", {"email": registered("member"), "role": "member"}, self.token))


OPERATOR = Operator()


@schemathesis.auth(refresh_interval=None)
class Bearer:
    def get(self, case, context):
        if OPERATOR.in_doubt and not OPERATOR.opens():
            OPERATOR.enter()
        OPERATOR.in_doubt = False
        return OPERATOR.token

    def set(self, case, data, context):
        schemes = case.operation.definition.raw.get("security", [])
        if any("bearer" in scheme for scheme in schemes):
            case.headers["Authorization"] = f"Bearer {data}"


@schemathesis.hook
def after_call(context, case, response):
    changed = case.method != "GET" and response.status_code < 300
    if changed or response.status_code in (401, 403):
        OPERATOR.in_doubt = True


def is_positive(case):
    return case.meta is not None and case.meta.generation.mode == GenerationMode.POSITIVE


@schemathesis.hook
def before_call(context, case, kwargs):
    """Nobody guesses a password or a token: every other valid request has one that is good."""
    if not is_positive(case) or next(NUMBERS) % 2:
        return
    path = case.operation.path
    if path.endswith("/login") and isinstance(case.body, dict):
        name = "email" if case.media_type == "application/json" else "username"
        case.body = {name: registered("guest"), "password": PASSWORD}
    elif path in ("/refresh_token", "/logout", "/api/v1/auth/refresh", "/api/v1/auth/logout"):
        case.body = {"refresh_token": signed_in(registered("guest"))["refresh_token"]}
        case.media_type = "application/json"


@schemathesis.check
def a_valid_request_is_understood(ctx, response, case):
    """A request that keeps the schemas may be refused by a rule, and never for its form."""
    if response.status_code != 400 or not is_positive(case):
        return
    ids = (case.path_parameters or {}).values()
    if not all(ID.fullmatch(str(one)) for one in ids):
        # It was not made up from the schema: schemathesis guesses links too, and takes null for an id.
        return
    problem = response.json()
    if "error" in problem:
        # The words of RFC 6749: which parameters a grant takes, no schema of a form says.
        return
    faults = {fault["pointer"] for fault in problem.get("errors", [])}
    understood = problem["code"] != "invalid_body" or faults and faults <= BEYOND_THE_SCHEMA
    assert understood and problem["code"] not in MISUNDERSTOOD, f"a valid request is not understood: {problem}"
