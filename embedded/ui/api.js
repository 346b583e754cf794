// Speaks to the builder's API: JSON in and out, the token, problem details as errors.

const KEY = "appliance-token";
let token = sessionStorage.getItem(KEY) || "";

export const hasToken = () => token !== "";

export function setToken(value) {
  token = value.trim();
  if (token) sessionStorage.setItem(KEY, token);
  else sessionStorage.removeItem(KEY);
}

// authorization is the header of a request that may need the token.
export const authorization = () => (token ? { Authorization: `Bearer ${token}` } : {});

// Problem is what the builder answered instead (RFC 9457). `kind` is the last part of its type;
// "unreachable" when there was no answer at all.
export class Problem extends Error {
  constructor(status, body) {
    super(body.detail || body.title || `the builder answered ${status}`);
    this.status = status;
    this.title = body.title || "The builder refused";
    this.kind = (body.type || "").split(":").pop();
    this.hint = body.hint || "";
    this.findings = body.findings || [];
  }
}

async function request(path, options = {}) {
  let response;
  try {
    response = await fetch(`/api/v1/${path}`, {
      cache: "no-cache",
      ...options,
      headers: { Accept: "application/json", ...authorization(), ...options.headers },
    });
  } catch (cause) {
    if (cause.name === "AbortError") throw cause;
    throw new Problem(0, { type: "unreachable", title: "No answer", detail: "the builder does not answer" });
  }
  const body = await response.json().catch(() => ({}));
  if (!response.ok) throw new Problem(response.status, body);
  return body;
}

// coalesced runs one load at a time. Calls while one is under way become one more afterwards.
export function coalesced(run) {
  let loading = null, again = false;
  return function load() {
    again = loading !== null;
    return (loading ??= run().finally(() => {
      loading = null;
      if (again) load();
    }));
  };
}

const at = (release) => `releases/${encodeURIComponent(release.blueprint)}/${encodeURIComponent(release.version)}`;

export const status = () => request("status");
export const releases = () => request("releases");
export const diff = (release, from, signal) => request(`${at(release)}/diff?from=${encodeURIComponent(from)}`, { signal });

const app = (name, rest) => `apps/${encodeURIComponent(name)}/${rest}`;
const post = (path, body) => request(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });

export const devices = () => request("devices");
export const device = (id) => request(`devices/${encodeURIComponent(id)}`);

export const apps = () => request("apps");
export const tags = (name) => request(app(name, "tags"));
export const history = (name) => request(app(name, "history"));

// retag names the digest that the tag must have now, as publish does the commit.
export const retag = (name, from, to, expect) => post(app(name, "retag"), { from, to, ...(expect ? { expect } : {}) });
export const undo = (name, to) => post(app(name, "undo"), { to });

// publish names the commit that must be published now, so that two people cannot overrun each other.
export const publish = (release, current, options) => request(`${at(release)}/publish`, {
  method: "POST",
  headers: { "Content-Type": "application/json", ...(current ? { "If-Match": `"${current}"` } : {}) },
  body: JSON.stringify(options),
});
