// Words for devices, their states and what became of them: pure functions.
import { short } from "/ui/format.js";

// looks are the badges of states, with words where a state has some of its own.
export const looks = { enrolled: "queued", unknown: "queued", checking: "running", trial: "running", green: "green", red: "red", "rolled-back": "rolled-back" };

export const stateWords = (d) => (d.state === "trial" && d.attempt ? `trial ${d.attempt} of ${d.attempts || "?"}` : d.state.replace("-", " "));

export const system = (d) => d.release || d.os_version || short(d.commit) || "unknown";

// rolledBack is "0.0.3 to 0.0.2: CHECK: REASON".
export const rolledBack = (r) => [`${r.from_version || short(r.from)} to ${r.to_version || short(r.to)}`, r.check, r.reason].filter(Boolean).join(": ");

// mood is how an event of the diary looks on the row that it concerns.
export function mood(kind) {
	if (/^device\.(green|app-updated|app-ready|installed|enrolled)$/.test(kind)) return "good";
	if (/^device\.(red|rolled-back|app-rolled-back|app-failed|app-not-ready|install-failed)$/.test(kind)) return "bad";
	if (/^device\.(trial|os-changed|fetched|installing|link-made)$/.test(kind)) return "warn";
	return "plain";
}

// weight says which of several events of one moment a row tells: what went wrong, and of that the return.
export const weight = (kind) => (/rolled-back$/.test(kind) ? 3 : { bad: 2, warn: 1 }[mood(kind)] || 0);

const spoken = { "os-changed": "system changed", "app-updated": "app updated", "app-rolled-back": "app rolled back", "app-failed": "app update failed", "app-ready": "app ready", "app-not-ready": "app not ready", "install-failed": "installation failed", "link-made": "link made", "link-revoked": "link revoked", fetched: "kickstart fetched" };

// happened is an event in a few words: "app rolled back".
export const happened = (kind) => { const last = kind.replace(/^device\./, ""); return spoken[last] || last.replaceAll("-", " "); };

// troubled tells whether somebody should look at a device.
export const troubled = (d) => d.state === "red" || d.state === "rolled-back" || d.stale || d.apps.some((a) => !a.ready);

// under tells whether something new is being tried on it.
export const under = (d) => d.state === "trial" || d.state === "checking" || d.state === "enrolled";

// fits tells whether all words of a search are somewhere in what a row shows.
export function fits(d, search) {
	const text = [d.id, d.name, d.blueprint, system(d), d.commit, stateWords(d), ...d.apps.flatMap((a) => [a.name, a.version, a.digest]), d.rollback && rolledBack(d.rollback)].join(" ").toLowerCase();
	return search.toLowerCase().split(/\s+/).every((word) => text.includes(word));
}
