// The releases of a blueprint: what devices get, what there was and is to come, what tells releases apart.
import { jobs as getJobs, path, releases as getReleases, request, soon } from "/ui/api.js";
import { el, fill } from "/ui/element.js";
import { empty } from "/ui/parts.js";
import { address } from "/ui/route.js";
import { history } from "/ui/blueprints/texts.js";
import { one } from "/ui/releases/one.js";

const getBlueprint = (name) => request(path("blueprints", name));

export function page(house) {
	const views = new Map(); // name -> its view, with what the reader chose in it
	const names = el("nav", { class: "names", "aria-label": "Blueprints" }), body = el("div", { class: "stack" });
	const node = el("div", { class: "page-releases" },
		el("div", { class: "top" }, el("div", {}, el("h2", {}, "Releases"), el("p", { class: "quiet" }, "What devices get, and what they could get. A release is staged until it is published.")), names), body);
	let here = [], turn = 0, releases = null, all = [];
	let fresh = null; // the blueprint, younger than the status

	async function open(parts) {
		here = parts;
		draw();
		await load();
	}

	async function load() {
		const mine = ++turn, name = chosen();
		const b = known().find((k) => k.name === name);
		const answers = await Promise.all([getReleases(), getJobs(), b?.version ? history(name) : [], b ? getBlueprint(name) : null]);
		if (mine !== turn) return;
		[releases, all] = answers;
		fresh = answers[3];
		view(name)?.know(answers[2]);
		draw();
	}

	const known = () => house.status().blueprints;

	// chosen is the blueprint of the address, or the first that has releases.
	const chosen = () => here[0] || (known().find((b) => b.releases > 0) || known()[0])?.name || "";

	function view(name) {
		if (!name || !(known().some((b) => b.name === name) || releases?.some((r) => r.blueprint === name))) return null;
		if (!views.has(name)) views.set(name, one(house, name, refresh));
		return views.get(name);
	}

	function draw() {
		const name = chosen(), shown = view(name);
		fill(names, known().length > 1 && known().map((b) => el("a", { href: address("releases", b.name), "aria-current": b.name === name && "true", data: { key: `name ${b.name}` } }, b.name)));
		if (!shown) {
			fill(body, here[0] ? empty(`No blueprint ${here[0]}`, "There is nothing under this name on this builder.", el("p", {}, el("a", { href: "#/releases" }, "All releases")))
				: empty("No releases yet", "Compose one from a blueprint, or import an edge-commit.", el("p", {}, el("a", { href: "#/blueprints" }, "Blueprints"))));
			return;
		}
		if (body.firstChild !== shown.node || body.children.length > 1) body.replaceChildren(shown.node);
		const b = fresh?.name === name ? fresh : known().find((k) => k.name === name) || { name, size: 0, objects: 0 };
		shown.show({
			blueprint: b, version: here[0] ? here[1] || "" : "", loaded: releases !== null,
			releases: (releases || []).filter((r) => r.blueprint === name), jobs: all.filter((j) => j.subject.startsWith(`${name}@`)),
		});
	}

	const refresh = soon(load);

	return {
		node, open,
		title: () => ["Releases", ...here.slice(0, 2)].join(" "),
		event(e) {
			if (e.kind === "job.progress" || e.kind === "release.verifying") views.get(e.subject.split("@")[0])?.tell(e);
			else if (/^(release|job|blueprint|delta)\./.test(e.kind) && !e.total) refresh();
		},
		token: () => { for (const v of views.values()) v.token(); draw(); },
	};
}
