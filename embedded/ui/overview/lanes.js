// Makes of the builder's answers what the picture of the overview shows: pure functions.
import { byVersion } from "/ui/format.js";

const tally = (list, of) => {
	const counts = new Map();
	for (const one of list) counts.set(of(one), (counts.get(of(one)) || 0) + 1);
	return counts;
};

// running tells a job under way from one that has ended.
const running = (job) => job.state === "queued" || job.state === "running";

// systems are the lanes blueprint -> releases -> published -> devices; those that devices get something from first.
export function systems({ status, releases, devices, jobs }) {
	return status.blueprints.map((blueprint) => {
		const own = releases.filter((r) => r.blueprint === blueprint.name).sort((a, b) => byVersion(a.version, b.version));
		return {
			name: blueprint.name, blueprint, releases: own,
			published: own.find((r) => r.state === "published"),
			staged: own.filter((r) => r.state === "staged").length,
			job: jobs.find((j) => running(j) && j.subject.split("@")[0] === blueprint.name),
			devices: crowd(devices.filter((d) => d.blueprint === blueprint.name)),
		};
	}).sort((a, b) => Boolean(b.published) - Boolean(a.published) || Boolean(b.releases.length) - Boolean(a.releases.length));
}

// crowd is what a node says of many devices: how many are in each state, and how many run each version.
export function crowd(devices) {
	const states = tally(devices, (d) => d.state);
	const versions = tally(devices.filter((d) => d.release || d.os_version), (d) => d.release || d.os_version);
	return {
		all: devices, silent: devices.filter((d) => d.stale).length,
		states: order.filter((s) => states.has(s)).map((s) => [s, states.get(s)]),
		versions: [...versions].sort((a, b) => b[1] - a[1]),
	};
}

const order = ["green", "trial", "checking", "red", "rolled-back", "enrolled", "unknown"];

// applications are the lanes app -> tags -> what the followed tag names -> what devices run.
export function applications({ apps, tags, devices }) {
	return apps.map((app) => {
		const own = tags.get(app.name) || [];
		const runs = devices.flatMap((d) => d.apps.filter((a) => a.name === app.name));
		return {
			name: app.name, app,
			tags: own.filter((t) => !t.followed && !t.name.endsWith(".prev")),
			now: own.find((t) => t.followed)?.same_as.filter((n) => !n.endsWith(".prev")) || app.same_as || [],
			runs: runs.length, unready: runs.filter((a) => !a.ready).length,
			versions: [...tally(runs.filter((a) => a.digest), (a) => a.version || a.digest.replace(/^sha\d+:/, "").slice(0, 12))].sort((a, b) => b[1] - a[1]),
		};
	});
}

// touched are the nodes that an event concerns, as "LANE PLACE" with the places of a lane counted from 0; an arrow is
// named after the node it leads to. devices are those known, for an event names a device and the picture its blueprint.
export function touched(e, devices) {
	const [name] = e.subject.split(/[@:]/);
	const area = e.kind.split(".")[0];
	if (area === "blueprint") return [`system ${name} 0`];
	if (area === "job") return [`system ${name} 1`];
	if (area === "release" || area === "delta") return [`system ${name} ${e.kind === "release.published" ? 2 : 1}`];
	if (e.kind === "app.retagged" || e.kind === "app.undone") return [`app ${name} 2`];
	if (area === "app" || area === "tag") return [`app ${name} 1`];
	if (area !== "device") return [];
	const id = e.subject.split("/").pop();
	const device = devices.find((d) => d.id === id);
	if (!device) return [];
	if (e.kind.startsWith("device.app-")) return device.apps.filter((a) => e.message.includes(a.name)).map((a) => `app ${a.name} 3`);
	return [`system ${device.blueprint} 3`];
}
