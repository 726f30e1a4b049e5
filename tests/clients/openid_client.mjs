// openid-client against a running service: discovery, a machine's token, and a person's from beginning to end.

import assert from "node:assert/strict";
import { webcrypto } from "node:crypto";
import * as client from "openid-client";

// Node 18 has it, and not where browsers have it.
globalThis.crypto ??= webcrypto;

const [address, account, key] = process.argv.slice(2);
const projects = new URL("/api/v1/projects", address);
const plain = { algorithm: "oauth2", execute: [client.allowInsecureRequests] };
const read = async (token) =>
  (await fetch(projects, { headers: { authorization: `Bearer ${token}` } })).status;

for (const method of [client.ClientSecretBasic, client.ClientSecretPost]) {
  const machine = await client.discovery(new URL(address), account, undefined, method(key), plain);
  const token = await client.clientCredentialsGrant(machine);
  assert.equal(await read(token.access_token), 200);
  const seen = await client.tokenIntrospection(machine, token.access_token);
  assert.deepEqual([seen.active, seen.sub], [true, account]);
}

const mistaken = await client.discovery(new URL(address), account, undefined, client.ClientSecretBasic("bw_x"), plain);
// Where a challenge goes with the refusal, it is the challenge that is told.
await assert.rejects(client.clientCredentialsGrant(mistaken), { status: 401, code: "OAUTH_WWW_AUTHENTICATE_CHALLENGE" });

const person = await client.discovery(new URL(address), "bailiwick-first-party", undefined, client.None(), plain);
const first = await client.genericGrantRequest(person, "password", {
  username: "ada@example.com",
  password: "correct horse battery",
});
assert.equal(await read(first.access_token), 200);
const second = await client.refreshTokenGrant(person, first.refresh_token);
assert.equal(await read(second.access_token), 200);
await client.tokenRevocation(person, second.refresh_token);
assert.equal(await read(second.access_token), 401);
await assert.rejects(client.refreshTokenGrant(person, second.refresh_token), { error: "invalid_grant" });
console.log("done");
