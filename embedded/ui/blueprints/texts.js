// What the builder is asked about the texts of blueprints.
import { answer, path, request } from "/ui/api.js";

const of = (name, rest = "") => path("blueprints", name) + rest;
const none = (fallback) => (problem) => { if (problem.status === 404) return fallback; throw problem; };

export const list = () => request("blueprints");

// show is one version of a blueprint; null where there is only a name without a text. Version "" is the newest.
export const show = (name, version = "") => request(of(name, `?version=${encodeURIComponent(version)}`)).catch(none(null));

// customizations are what the text says beyond packages, as tables.
export const customizations = (name, version) => request(of(name, `/customizations?version=${encodeURIComponent(version)}`));

// history is every change, newest first; [] of a blueprint that only has releases.
export const history = (name) => request(of(name, "/history")).catch(none([]));

// comparison of two versions: packages, and a unified difference of the texts.
export const comparison = (name, from, to) =>
	request(of(name, `/diff?from=${encodeURIComponent(`${name}@${from}`)}&to=${encodeURIComponent(to)}`));

// pushed says how a push goes: expect is the version that must be the newest, "" that there must be none.
export const pushed = (name, { raise, message }, expect) => ({
	path: of(name, query({ raise, message })),
	headers: expect ? { "If-Match": `"${expect}"` } : { "If-None-Match": "*" },
});

const query = (values) => {
	const given = Object.entries(values).filter(([, value]) => value);
	return given.length ? `?${new URLSearchParams(given)}` : "";
};

export async function push(name, text, options, expect) {
	const { path: where, headers } = pushed(name, options, expect);
	const response = await answer(where, { method: "PUT", headers: { "Content-Type": "application/toml", ...headers }, body: text });
	return response.json();
}

export const remove = (name) => request(of(name), { method: "DELETE" });
