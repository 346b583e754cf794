// Draws the picture of the overview: a lane for each blueprint and each app, four nodes in a lane, arrows between them.
import { el, since } from "/ui/element.js";
import { count, moment } from "/ui/format.js";
import { badge, progress } from "/ui/parts.js";
import { address } from "/ui/route.js";

const FEW = 8; // names that a node shows before it says "and 5 more"

// node is one station; key names it for lights and for the focus, verb stands at the arrow that leads to it.
function node(key, place, { href, title, big, verb, look = "" }, ...lines) {
	return el("li", { class: "station", data: { place: String(place) } },
		place > 0 && el("span", { class: "arrow", data: { light: key } }, verb),
		el("a", { class: `node ${look}`, href, data: { key, light: key } },
			el("span", { class: "label" }, title),
			el("strong", { class: "value" }, big),
			lines.filter(Boolean).map((line) => el("span", { class: "line-of" }, line))));
}

// systemLane draws one lane of systems() in lanes.js.
export function systemLane(lane) {
	const { blueprint: b, name, releases, published, job, devices } = lane;
	const key = (place) => `system ${name} ${place}`;
	const newest = releases.at(-1);
	const stations = [
		node(key(0), 0, { href: address("blueprints", name), title: "Blueprint", big: name, look: "named" },
			b.versions ? `${b.version}, ${count(b.versions, "version")}` : "not in the repository of blueprints"),
		node(key(1), 1, { href: address("releases", name), title: "Releases", big: releases.length ? newest.version : "none yet", verb: "compose", look: releases.length ? "" : "dim" },
			releases.length > 0 && string(releases),
			releases.length > 0 && `${count(releases.length, "release")}${lane.staged ? `, ${lane.staged} staged` : ""}`,
			job && work(job)),
		node(key(2), 2, { href: address("releases", name, ...(published ? [published.version] : [])), title: "Published", big: published ? published.version : "nothing", verb: "publish", look: published ? "now" : "dim" },
			published ? [el("code", {}, published.ref)] : "devices get nothing from it yet",
			published?.published_at && since(published.published_at)),
		node(key(3), 3, { href: "#/devices", title: "Devices", big: devices.all.length ? String(devices.all.length) : "none yet", verb: "update", look: devices.all.length ? "" : "dim" },
			devices.states.length > 0 && devices.states.map(([state, n]) => badge(state, `${n} ${state.replace("-", " ")}`)),
			devices.versions.length > 0 && `run ${some(devices.versions.map(([v, n]) => (devices.versions.length > 1 ? `${v} (${n})` : v)))}`,
			devices.silent > 0 && el("span", { class: "bad" }, `${devices.silent} silent`)),
	];
	// A lane without releases ends where they will be: the rest of it would say "nothing" twice.
	return el("ol", { class: "lane", "aria-label": `From blueprint ${name} to its devices` }, releases.length || devices.all.length ? stations : stations.slice(0, 2));
}

// string is the line of releases, a bead for each, the oldest first.
function string(releases) {
	const shown = releases.slice(-FEW);
	return el("span", { class: "beads", role: "img", "aria-label": shown.map((r) => `${r.version} ${r.state}`).join(", ") },
		shown.map((r) => el("span", { class: "bead", data: { state: r.state }, title: `${r.version} ${r.state}` })));
}

const work = (job) => [
	el("span", { class: "work" }, `${job.state === "queued" ? "waits: " : ""}${job.kind} ${job.subject.split("@")[1] || ""}${job.stage ? `: ${job.stage}` : ""}`),
	job.state === "running" && progress(job.done, job.total, `${job.kind} of ${job.subject}`),
];

// appLane draws one lane of applications() in lanes.js.
export function appLane({ name, app, tags, now, runs, unready, versions }) {
	const key = (place) => `app ${name} ${place}`, href = address("apps", name);
	return el("ol", { class: "lane", "aria-label": `From app ${name} to the devices that run it` },
		node(key(0), 0, { href, title: "App", big: name, look: "named" }, [app.unit && `unit ${app.unit}`, app.port && `port ${app.port}`].filter(Boolean).join(", ")),
		node(key(1), 1, { href, title: "Tags", big: tags.length ? count(tags.length, "tag") : "none yet", verb: "push", look: tags.length ? "" : "dim" },
			el("span", { class: "chips" }, tags.slice(0, FEW).map((t) => el("span", { class: "chip", data: { now: now.includes(t.name) ? "yes" : "" } }, t.name)),
				tags.length > FEW && `and ${tags.length - FEW} more`)),
		node(key(2), 2, { href, title: ["Devices follow ", el("code", {}, app.tag)], big: app.digest ? now.join(", ") || "an image without a name" : "nothing", verb: "retag", look: app.digest ? "now" : "dim" },
			app.fault && el("span", { class: "bad" }, app.fault)),
		node(key(3), 3, { href: "#/devices", title: "Devices", big: runs ? String(runs) : "none yet", verb: "update", look: runs ? "" : "dim" },
			versions.length > 0 && `run ${some(versions.map(([v, n]) => (versions.length > 1 ? `${v} (${n})` : v)))}`,
			unready > 0 && el("span", { class: "bad" }, `${unready} not ready`)));
}

const some = (words) => (words.length > FEW ? `${words.slice(0, FEW).join(", ")} and ${words.length - FEW} more` : words.join(", "));

// started says when the builder started.
export const started = (status) => el("span", { title: moment(status.started) }, "builder started ", since(status.started));
