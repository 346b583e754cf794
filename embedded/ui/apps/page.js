// The page of the applications: every app, or the one of the address with its whole history.
import { apps as getApps, coalesced, devices as getDevices, history as getHistory, Problem, soon, tags as getTags } from "/ui/api.js";
import { appCard } from "/ui/apps/card.js";
import { el, fill } from "/ui/element.js";
import { count } from "/ui/format.js";
import { empty, tokenHint } from "/ui/parts.js";
import { address } from "/ui/route.js";

export function page(house) {
	const list = el("div", { class: "stack", "aria-busy": "true" }), total = el("span", { class: "quiet" }), back = el("p", { hidden: true }, el("a", { href: address("apps") }, "All apps")), hint = el("div");
	const node = el("div", { class: "page-apps" },
		el("header", { class: "page-head" }, el("h2", {}, "Apps"), total, back),
		el("p", { class: "quiet lead" }, "Devices follow one tag of each app. Moving that tag to another image is all that an update or a return takes."), hint, list);
	const cards = new Map(), copies = new Map(); // app -> its card; app -> the newest word of a mirror under way
	let chosen = "", shown = null;

	const load = coalesced(async () => {
		try {
			const [apps, devices] = await Promise.all([getApps(), getDevices().catch(() => [])]);
			shown = await Promise.all(apps.map((a) => whole(a, devices)));
			draw();
		} finally {
			list.removeAttribute("aria-busy");
		}
	});

	function draw() {
		if (!shown) return;
		const some = chosen ? shown.filter((a) => a.name === chosen) : shown;
		back.hidden = !chosen;
		total.textContent = chosen ? "" : count(shown.length, "app");
		fill(hint, some.length > 0 && (tokenHint(house, "move tags") || el("p", { class: "hint" }, "Drag a tag onto the followed one, or use its button.")));
		for (const name of cards.keys()) if (!shown.some((a) => a.name === name)) cards.delete(name);
		const nodes = some.map((a) => {
			if (!cards.has(a.name)) cards.set(a.name, appCard(house, a.name, { load, copies }));
			const card = cards.get(a.name);
			card.draw(a, { alone: chosen !== "" });
			return card.node;
		});
		if (!nodes.length) return fill(list, nothing());
		if (nodes.length !== list.children.length || nodes.some((n, i) => n !== list.children[i])) list.replaceChildren(...nodes);
	}

	const nothing = () => (chosen
		? empty("No such app", `This builder has no app “${chosen}”.`)
		: empty("No apps", "An [[app]] in the builder's appliance.toml makes one; its images are pushed to the builder's registry or mirrored."));

	const later = soon(load);
	return {
		node,
		title: () => (chosen ? `Apps · ${chosen}` : "Apps"),
		async open(path) {
			chosen = path[0] || "";
			draw();
			await load();
		},
		event(e) {
			if (e.kind === "app.mirroring") {
				copies.set(e.subject, e);
				cards.get(e.subject)?.progress();
			} else if (/^(tag|app|device)\./.test(e.kind)) {
				if (e.kind === "app.mirrored") copies.delete(e.subject);
				if (/^app\.(retagged|undone|pushed)/.test(e.kind)) cards.get(e.subject.split(":")[0])?.light();
				later();
			}
		},
		token: draw,
	};
}

// whole is an app with its tags, its moves and the devices that run it.
async function whole(a, devices) {
	const runs = devices.flatMap((d) => (d.apps || []).filter((x) => x.name === a.name).map((x) => ({ ...x, device: d })));
	if (a.fault) return { ...a, tagList: [], moves: [], runs };
	try {
		const [tagList, moves] = await Promise.all([getTags(a.name), getHistory(a.name)]);
		return { ...a, tagList, moves, runs };
	} catch (problem) {
		if (!(problem instanceof Problem)) throw problem;
		return { ...a, fault: problem.message, tagList: [], moves: [], runs };
	}
}
