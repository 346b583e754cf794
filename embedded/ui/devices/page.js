// The page of the devices: all of them, each with what it reported last, or one of them in full.
import { coalesced, device as getDevice, devices as getDevices, path as joined, Problem, send, soon } from "/ui/api.js";
import { detail } from "/ui/devices/detail.js";
import { enrolment } from "/ui/devices/enrol.js";
import { installing } from "/ui/devices/installing.js";
import { lights } from "/ui/devices/lights.js";
import { list } from "/ui/devices/list.js";
import { fits, troubled, under } from "/ui/devices/words.js";
import { el, fill } from "/ui/element.js";
import { count } from "/ui/format.js";
import { curl, empty } from "/ui/parts.js";
import { address } from "/ui/route.js";

const EVERY = 30_000; // not every report is in the diary

const views = { all: ["All", () => true], trouble: ["In trouble", troubled], under: ["In trial", under] };

export function page(house) {
	const search = el("input", { type: "search", id: "device-search", placeholder: "Name, version, app…", "aria-label": "Search devices", oninput: draw });
	const view = el("select", { id: "device-view", "aria-label": "Which devices", onchange: draw }, Object.entries(views).map(([value, [words]]) => el("option", { value }, words)));
	const total = el("span", { class: "quiet", role: "status" }), back = el("p", { hidden: true }, el("a", { href: address("devices") }, "All devices"));
	const tools = el("div", { class: "tools" }, search, view), body = el("div", { class: "stack", "aria-busy": "true" });
	const enrol = enrolment(house), machines = installing(), lamps = lights(draw);
	const node = el("div", { class: "page-devices" }, el("header", { class: "page-head" }, el("h2", {}, "Devices"), total, back, tools), body, enrol.node);
	let chosen = "", devices = null, installations = [], one = null, drawn = "";

	const load = coalesced(async () => {
		try {
			const id = chosen;
			const [all, found] = await Promise.all([getDevices(), id ? getDevice(id).catch(missing) : null]);
			installations = id ? [] : await machines.load(all);
			devices = all;
			one = id && id === chosen ? found : null;
			draw();
		} finally {
			body.removeAttribute("aria-busy");
		}
	});

	const missing = (problem) => {
		if (problem instanceof Problem && (problem.status === 404 || problem.status === 409)) return { fault: problem.message };
		throw problem;
	};

	function draw() {
		if (!devices) return;
		const now = JSON.stringify([chosen, devices, installations, one, lamps.state(), search.value, view.value, house.hasToken()]);
		if (now === drawn) return;
		drawn = now;
		back.hidden = !chosen;
		tools.hidden = chosen !== "" || devices.length + installations.length === 0;
		enrol.node.hidden = chosen !== "";
		if (chosen) drawOne();
		else drawAll();
	}

	function drawAll() {
		const some = devices.filter((d) => views[view.value][1](d) && fits(d, search.value));
		const under = installations.filter((i) => view.value !== "trouble" || i.step === "failed").filter((i) => [i.device, i.hostname, i.blueprint, i.id, i.step].join(" ").includes(search.value));
		const silent = devices.filter((d) => d.stale).length;
		total.textContent = [some.length < devices.length ? `${some.length} of ${count(devices.length, "device")}` : count(devices.length, "device"), silent && `${silent} silent`, installations.length && `${installations.length} being installed`].filter(Boolean).join(", ");
		if (!devices.length && !installations.length) return fill(body, empty("No devices yet", "A device that is installed over a one-time link enrols by itself at its first boot.", el("p", {}, el("a", { href: address("install") }, "To the installation"))));
		fill(body, some.length + under.length
			? el("section", { class: "card", "aria-label": "Devices" }, list(some, under, lamps), el("div", { class: "foot" }, curl("GET", "devices")))
			: empty("None of them", "No device fits what you search for."));
	}

	function drawOne() {
		total.textContent = "";
		if (!one) return fill(body, el("p", { class: "quiet" }, "Reading what it reported…"));
		if (one.fault) return fill(body, empty("No such device", one.fault));
		fill(body, detail(one, { lit: lamps.lit(one.id), forget: house.hasToken() ? () => forget(one) : null }));
	}

	async function forget(d) {
		const done = await house.confirm({
			title: `Forget ${d.name}?`, go: "Forget it", danger: true, run: () => send("DELETE", joined("devices", d.id)),
			body: [el("p", {}, "Its row and history go, and its key counts no more: to come back it must enrol with a new token. The device itself goes on as it is and keeps following what is published."),
				curl("DELETE", joined("devices", d.id))],
		});
		if (!done) return;
		house.say(`${d.name} is forgotten.`);
		house.go(address("devices"));
		await load();
	}

	const later = soon(load);
	setInterval(() => { if (node.isConnected && !document.hidden) load().catch(() => {}); }, EVERY); // the shell tells who does not answer

	return {
		node,
		title: () => (chosen ? `Devices · ${one?.name || chosen}` : "Devices"),
		async open(path) {
			if ((path[0] || "") !== chosen) one = null;
			chosen = path[0] || "";
			draw();
			enrol.draw();
			await load();
		},
		event(e) {
			if (e.kind.startsWith("device.")) {
				const id = /installation ([a-z0-9]+)/.exec(e.message)?.[1];
				lamps.light(id && /^device\.(link-|fetched|install)/.test(e.kind) ? id : e.subject.split("/").pop(), e);
				draw();
				later();
			} else if (/^(app|release)\.(retagged|undone|mirrored|published|imported|deleted)$/.test(e.kind)) later(); // what commits and digests are called
		},
		token() { draw(); enrol.draw(); },
	};
}
