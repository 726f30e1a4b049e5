"use strict";

// Whoever reads the document signs in here, and each call below is made with their token. Tokens stay in this page.
(() => {
  const ui = SwaggerUIBundle({
    url: "/openapi.json",
    dom_id: "#operations",
    docExpansion: "list",
    defaultModelsExpandDepth: 0,
    displayOperationId: true,
    displayRequestDuration: true,
    filter: true,
    showExtensions: true,
    tryItOutEnabled: true,
    validatorUrl: null,
  });

  const form = (id) => document.getElementById(id);
  const said = document.getElementById("said");
  let tokens = null;
  let renewal = 0;

  const tell = (text, refused = false) => {
    said.textContent = text;
    said.classList.toggle("refused", refused);
  };

  // Cookies are for pages that keep somebody signed in. This one does not.
  const call = async (method, path, body) => {
    const headers = { "content-type": "application/json" };
    if (tokens !== null && !path.startsWith("/api/v1/auth/")) {
      headers.authorization = `Bearer ${tokens.access_token}`;
    }
    const answer = await fetch(path, {
      method,
      headers,
      credentials: "omit",
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await answer.text();
    const read = text === "" ? null : JSON.parse(text);
    if (answer.ok) {
      return read;
    }
    const faults = (read.errors ?? []).map((fault) => `${fault.pointer}: ${fault.detail}`);
    throw new Error(`${answer.status} ${read.code}: ${[read.detail, ...faults].join("; ")}`);
  };

  const keep = (pair) => {
    tokens = pair;
    clearTimeout(renewal);
    if (pair === null) {
      ui.authActions.logout(["bearer"]);
    } else {
      ui.preauthorizeApiKey("bearer", pair.access_token);
      renewal = setTimeout(renew, Math.max(pair.expires_in - 30, 5) * 1000);
    }
    for (const button of document.querySelectorAll("#sign-out, #found button, #enter button")) {
      button.disabled = pair === null;
    }
  };

  const renew = () =>
    call("POST", "/api/v1/auth/refresh", { refresh_token: tokens.refresh_token })
      .then(keep)
      .catch((error) => {
        keep(null);
        tell(`Signed out: ${error.message}`, true);
      });

  const show = async () => {
    const mine = await call("GET", "/api/v1/me/organizations");
    const options = mine.data.map((one) => new Option(one.name, one.id, false, one.id === tokens.organization_id));
    form("enter").elements.organization.replaceChildren(...options);
    const me = await call("GET", "/api/v1/me");
    const entered = mine.data.find((one) => one.id === me.org_id);
    tell(`${me.name} is signed in, ${entered ? `in ${entered.name} as ${me.roles.join(", ")}` : "in no organization"}.`);
  };

  const enter = async (id) => {
    keep(await call("POST", "/organization/select", { org_id: id }));
    await show();
  };

  const on = (id, act) => {
    form(id).addEventListener("submit", (event) => {
      event.preventDefault();
      const fields = Object.fromEntries(new FormData(form(id)));
      act(fields).catch((error) => tell(error.message, true));
    });
  };

  on("register", async (fields) => {
    const made = await call("POST", "/api/v1/auth/register", fields);
    const entry = form("sign-in").elements;
    entry.email.value = fields.email;
    entry.password.value = fields.password;
    form("register").reset();
    tell(made.id ? `${made.name} is registered: now sign in.` : "A mail tells how to go on.");
  });

  on("sign-in", async (fields) => {
    keep(await call("POST", "/api/v1/auth/login", fields));
    form("sign-in").reset();
    await show();
  });

  on("found", async (fields) => {
    const made = await call("POST", "/api/v1/organizations", fields);
    form("found").reset();
    await enter(made.id);
  });

  on("enter", (fields) => enter(fields.organization));

  form("sign-out").addEventListener("click", () => {
    call("POST", "/api/v1/auth/logout", { refresh_token: tokens.refresh_token })
      .then(() => {
        keep(null);
        tell("Nobody is signed in.");
      })
      .catch((error) => tell(error.message, true));
  });
})();
