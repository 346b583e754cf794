// What the builder is asked and told about releases and the jobs that make them.
import { answer, path, post, request, send } from "/ui/api.js";

const of = (r, ...rest) => path("releases", r.blueprint, r.version, ...rest);

export const packages = (r) => request(of(r, "packages"));
export const commit = (r) => request(of(r, "commit"));
export const files = (r, from) => request(`${of(r, "files")}?from=${from}`);
export const sbom = async (r) => (await answer(of(r, "sbom"))).text();

export const pin = (r, pinned) => send(pinned ? "PUT" : "DELETE", of(r, "pin"));
export const remove = (r) => request(of(r), { method: "DELETE" });
export const prune = (name, options) => post(path("releases", name, "prune"), options);
export const verify = (name) => post(path("releases", name, "verify"));

export const compose = (name, version, options) => post(path("releases", name, version, "compose"), options);
export const cancel = (id) => request(path("jobs", id), { method: "DELETE" });

// follow hands on the pieces of a job's log as they come, until the job ends or signal does.
export async function follow(id, each, signal) {
	const response = await answer(`${path("jobs", id, "log")}?follow=1`, { signal, headers: { Accept: "text/plain" } });
	const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
	for (;;) {
		const { done, value } = await reader.read();
		if (done) return;
		each(value);
	}
}
