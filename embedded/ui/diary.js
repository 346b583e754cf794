// Shows the diary, newest on top. Steps of one long operation share a line with a progress bar.
import { el } from "/ui/element.js";
import { clock, day, short, utc } from "/ui/format.js";
import { progress } from "/ui/parts.js";
import { address } from "/ui/route.js";

const LINES = 150;

// words for kinds whose last part does not speak for itself, as that of "release.published" does.
const words = {
	"device.os-changed": "system changed", "delta.made": "delta made", "delta.withdrawn": "delta withdrawn", "server.started": "builder started",
	"tag.moved": "tag moved", "tag.refused": "tag refused", "iso.added": "image added", "iso.adding": "adding image", "iso.built": "image built", "iso.removed": "image removed",
	"blueprint.fetched": "blueprints fetched", "job.queued": "job waits", "job.running": "job began", "job.progress": "working on", "job.done": "job done", "job.failed": "job failed",
	"job.cancelled": "job cancelled", "device.token-made": "device token made", "device.token-revoked": "device token revoked", gap: "older entries are gone",
};
const word = (kind) => words[kind] || kind.split(".").pop().replaceAll("-", " ");

// ends says which operation an event finishes.
const ends = {
	"release.imported": "release.importing", "release.verified": "release.verifying", "release.pruned": "release.pruning", "app.mirrored": "app.mirroring",
	"iso.added": "iso.adding", "job.done": "job.progress", "job.failed": "job.progress", "job.cancelled": "job.progress",
};

// running tells steps of an operation from what changes something.
export const running = (e) => /ing$/.test(e.kind) && e.kind !== "job.running" || e.kind === "job.progress";

export function diary(list, empty) {
	const open = new Map(); // "kind subject" of an operation under way -> its line

	function clear() {
		list.replaceChildren();
		open.clear();
		empty.hidden = false;
	}

	function add(e) {
		if (e.kind === "gap" && !list.children.length) return; // what was before the first visit is missed by nobody
		empty.hidden = true;
		const key = `${e.kind} ${e.subject}`;
		const ended = `${ends[e.kind]} ${e.subject}`;
		open.get(ended)?.remove();
		open.delete(ended);
		const node = line(e);
		if (open.get(key)?.isConnected) open.get(key).replaceWith(node);
		else list.prepend(node);
		if (running(e)) open.set(key, node);
		while (list.children.length > LINES) list.lastElementChild.remove();
	}

	return { add, clear };
}

function line(e) {
	const today = day(e.time) === day(Date.now());
	const to = about(e);
	const subject = e.kind.startsWith("device.") ? e.subject.split("/")[0] : e.subject; // a device's ID says nothing to a reader
	return el("li", { data: { kind: e.kind, outcome: e.outcome || "" } },
		el("time", { datetime: e.time, title: utc(e.time) }, today ? clock(e.time) : day(e.time)),
		el("p", {},
			word(e.kind), " ",
			e.subject && el("strong", { title: e.subject }, to ? el("a", { href: to }, subject) : subject)),
		e.message && el("p", { class: "quiet", title: e.message }, e.message.replace(/\b[0-9a-f]{64}\b/g, short)),
		e.total > 0 && running(e) && progress(e.done, e.total, `${e.subject}: ${word(e.kind)}`));
}

// about is the address of the page that tells more of an event's subject, or "".
function about(e) {
	const [name, version] = e.subject.split("@");
	switch (e.kind.split(".")[0]) {
		case "release": case "job": case "delta":
			return /deleted|pruned/.test(e.kind) || !version ? address("releases", name) : address("releases", name, version.split(" ")[0]);
		case "blueprint":
			return version ? address("blueprints", name, version) : "";
		case "app":
			return address("apps", e.subject.split(":")[0]);
		case "device":
			return e.subject.includes("/") ? address("devices", e.subject.split("/").pop()) : "";
		case "iso":
			return "#/install";
	}
	return "";
}
