// The overview: the way of a blueprint and of an app to the devices in one picture, alive.
import { apps as getApps, coalesced, devices as getDevices, jobs as getJobs, orNone, Problem, releases as getReleases, soon, tags as getTags } from "/ui/api.js";
import { running } from "/ui/diary.js";
import { el, fill } from "/ui/element.js";
import { bytes, count } from "/ui/format.js";
import { applications, systems, touched } from "/ui/overview/lanes.js";
import { appLane, started, systemLane } from "/ui/overview/flow.js";
import { command, empty } from "/ui/parts.js";

const LIT = 2600; // how long a node stays lit, in ms; page.css moves for as long
const STALE = 30_000; // not every report of a device is in the diary, and none tells that a device is silent; in ms
const POLL = 1500; // between two looks at a job that reports no step, in ms

export const title = "Overview";

export function page(house) {
	const numbers = el("p", { class: "numbers quiet" });
	const picture = el("div", { class: "stack" });
	const node = el("div", { class: "page-overview" }, el("header", { class: "top" }, el("h2", {}, "Overview"), numbers), picture);
	const lit = new Map(); // key of a node -> until when
	let known = null, drawn = "", polling = 0;

	const load = coalesced(async () => {
		try {
			const [releases, apps, devices, jobs] = await Promise.all([getReleases(), orNone(getApps()), orNone(getDevices()), getJobs()]);
			const tags = new Map(await Promise.all(apps.map(async (a) => [a.name, await getTags(a.name).catch((problem) => {
				a.fault ||= problem.message; // one app that cannot be read hides no other
				return [];
			})])));
			known = { releases, apps, devices, jobs, tags };
			house.trouble(null);
			draw();
		} catch (problem) {
			if (!(problem instanceof Problem)) throw problem;
			house.trouble(problem);
		}
	});
	const later = soon(load);
	setInterval(() => { if (node.isConnected && !document.hidden) load(); }, STALE);

	function draw() {
		const status = house.status();
		if (!status) return;
		const all = { status, ...(known || { releases: [], apps: [], devices: [], jobs: [], tags: new Map() }) };
		const lanes = systems(all), apps = applications(all);
		const now = JSON.stringify([known !== null, status, lanes, apps]);
		if (now !== drawn) {
			drawn = now;
			fill(numbers, summary(all, known !== null));
			fill(picture,
				lanes.length ? flow("Systems", "A blueprint is composed into releases; devices get the one that is published.", lanes.map(systemLane)) : nothing(house.url()),
				known && apps.length > 0 && flow("Applications", "Devices follow one tag of an app; moving the tag moves the devices.", apps.map(appLane)));
		}
		shine();
		clearTimeout(polling);
		if (all.jobs.some((j) => j.state === "running") && node.isConnected) polling = setTimeout(load, POLL);
	}

	// shine sets the lights of the nodes; it draws nothing anew, so that the motion goes on.
	function shine() {
		const now = Date.now();
		for (const [key, until] of lit) if (until <= now) lit.delete(key);
		for (const one of picture.querySelectorAll("[data-light]")) one.classList.toggle("shining", lit.has(one.dataset.light));
	}

	function light(keys) {
		for (const key of keys) lit.set(key, Date.now() + LIT);
		if (!keys.length) return;
		shine();
		setTimeout(shine, LIT + 50);
	}

	return {
		node,
		open() { draw(); return load(); },
		event(e) {
			light(touched(e, known?.devices || []));
			if (e.kind === "job.progress") progressed(e);
			else if (!running(e)) later();
		},
		token() {},
	};

	// progressed moves the bar of a job without asking the builder for everything.
	function progressed(e) {
		const job = known?.jobs.find((j) => j.subject === e.subject && j.state !== "done" && j.state !== "failed" && j.state !== "cancelled");
		if (!job) return later();
		Object.assign(job, { state: "running", stage: e.message, done: e.done || 0, total: e.total || 0 });
		draw();
	}
}

const flow = (name, meaning, lanes) => {
	const id = `flow-${name.toLowerCase()}`;
	return el("section", { class: "card flow", "aria-labelledby": id },
		el("header", { class: "card-head" }, el("h3", { id }, name), el("p", { class: "quiet" }, meaning)),
		el("div", { class: "lanes" }, lanes));
};

function summary({ status, releases, apps, devices }, whole) {
	const silent = devices.filter((d) => d.stale).length;
	const parts = [
		count(status.blueprints.length, "blueprint"),
		whole && count(releases.length, "release"), whole && count(apps.length, "app"),
		whole && `${count(devices.length, "device")}${silent ? `, ${silent} silent` : ""}`,
		status.data_free_bytes >= 0 && `${bytes(status.data_free_bytes)} free`,
		started(status),
	].filter(Boolean);
	return parts.flatMap((part, i) => (i ? [" · ", part] : [part]));
}

const nothing = (url) => empty("Nothing here yet", "Write a blueprint, or import an edge-commit from image builder; it waits here until you publish it.",
	el("p", {}, el("a", { href: "#/blueprints" }, "To the blueprints")),
	command("appliance release import NAME@0.0.1 edge-commit.tar", "With the command line"),
	command(`curl -T edge-commit.tar -H "Authorization: Bearer $APPLIANCE_TOKEN" \\\n  ${url}/api/v1/releases/NAME/0.0.1`));
