// Speaks to the builder's API: JSON in and out, the token, problem details as errors.

const KEY = "appliance-token";
let token = sessionStorage.getItem(KEY) || "";
let refused = () => {};

export const hasToken = () => token !== "";

export function setToken(value) {
	token = value.trim();
	if (token) sessionStorage.setItem(KEY, token);
	else sessionStorage.removeItem(KEY);
}

// onRefused names who hears of every answer 401, before its caller does.
export function onRefused(hear) { refused = hear; }

// authorization is the header of a request that may need the token.
export const authorization = () => (token ? { Authorization: `Bearer ${token}` } : {});

// Problem is what the builder answered instead (RFC 9457). `kind` is the last part of its type;
// "unreachable" when there was no answer at all, with status 0.
export class Problem extends Error {
	constructor(status, body) {
		super(body.detail || body.title || `the builder answered ${status}`);
		this.status = status;
		this.title = body.title || "The builder refused";
		this.kind = (body.type || "").split(":").pop();
		this.hint = body.hint || "";
		this.findings = body.findings || [];
		this.faults = body.faults || []; // {line, column, text} of a blueprint, from 1
		this.body = body;
	}
}

// answer sends a request below /api/v1/ and gives the Response, or throws a Problem. Unlike request it
// leaves the body alone, for texts and streams.
export async function answer(path, options = {}) {
	let response;
	try {
		response = await fetch(`/api/v1/${path}`, {
			cache: "no-cache",
			...options,
			headers: { Accept: "application/json", ...authorization(), ...options.headers },
		});
	} catch (cause) {
		if (cause.name === "AbortError") throw cause;
		throw unreachable("the builder does not answer");
	}
	if (response.ok) return response;
	const problem = new Problem(response.status, await response.json().catch(() => ({})));
	if (problem.status === 401 && !options.quiet) refused(problem);
	throw problem;
}

const unreachable = (detail) => new Problem(0, { type: "unreachable", title: "No answer", detail });

// request is answer with the body read as JSON; {} of an answer without content. An answer that breaks off is none.
export async function request(path, options) {
	const response = await answer(path, options);
	if (response.status === 204) return {};
	try {
		return await response.json();
	} catch (cause) {
		if (cause.name === "AbortError") throw cause;
		throw unreachable("the answer of the builder broke off");
	}
}

// send gives a JSON body with a method; headers such as If-Match may come along.
export const send = (method, path, body, headers = {}) => request(path, {
	method,
	headers: { ...(body === undefined ? {} : { "Content-Type": "application/json" }), ...headers },
	body: body === undefined ? undefined : JSON.stringify(body),
});
export const post = (path, body, headers) => send("POST", path, body, headers);

// path joins parts to a path, each part encoded: path("releases", name, version).
export const path = (...parts) => parts.map(encodeURIComponent).join("/");

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

// soon is run after a pause of 120 ms without a further call: a burst of events is one load.
export function soon(run, pause = 120) {
	let timer = 0;
	return () => { clearTimeout(timer); timer = setTimeout(run, pause); };
}

const at = (release) => path("releases", release.blueprint, release.version);

export const status = () => request("status", { quiet: true }); // the shell sees to its 401
export const releases = () => request("releases");
export const diff = (release, from, signal) => request(`${at(release)}/diff?from=${encodeURIComponent(from)}`, { signal });

export const devices = () => request("devices");
export const device = (id) => request(path("devices", id));

export const apps = () => request("apps");
export const tags = (name) => request(path("apps", name, "tags"));
export const history = (name) => request(path("apps", name, "history"));

// retag names the digest that the tag must have now, as publish does the commit.
export const retag = (name, from, to, expect) => post(path("apps", name, "retag"), { from, to, ...(expect ? { expect } : {}) });
export const undo = (name, to) => post(path("apps", name, "undo"), { to });

// publish names the commit that must be published now, so that two people cannot overrun each other.
export const publish = (release, current, options) => post(`${at(release)}/publish`, options, current ? { "If-Match": `"${current}"` } : {});

// tryToken asks the builder whether a token is right and throws a Problem where it is not.
export async function tryToken(value) {
	const text = value.trim();
	if (!/^[\x21-\x7e]+$/.test(text)) throw new Problem(401, { type: "unauthorized", title: "No token" }); // no header can hold it
	await answer("token", { quiet: true, headers: { Authorization: `Bearer ${text}` } });
}

// jobs are the works under way and those that ended; none on a builder that composes nothing.
export const jobs = () => orNone(request("jobs"));

// orNone is the list of what a builder may lack altogether, such as apps and devices.
export const orNone = (list) => list.catch((problem) => { if (problem.status === 404) return []; throw problem; });
