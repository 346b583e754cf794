// The blueprints: all of them, or one with its versions, its contents, what tells versions apart, and the editor.
import { releases as allReleases, soon } from "/ui/api.js";
import { el, fill } from "/ui/element.js";
import { address } from "/ui/route.js";
import { fresh } from "/ui/blueprints/fresh.js";
import { clone, follow, list } from "/ui/blueprints/list.js";
import { one } from "/ui/blueprints/one.js";
import { history, list as fetchList, show } from "/ui/blueprints/texts.js";

export function page(house) {
	const node = el("div", { class: "page-blueprints" });
	const views = new Map(); // name -> its view, with what the reader wrote in it
	let here = [], turn = 0, all = null;

	const make = fresh(house, { done: (p) => { make.close(); house.go(address("blueprints", p.name, p.version)); }, cancel: () => { make.close(); drawList(); } });
	const actions = el("div", { class: "tools" }), table = el("div", {});
	const overview = [el("div", { class: "top" }, el("div", {}, el("h2", { id: "blueprints-title" }, "Blueprints"),
		el("p", { class: "quiet" }, "What is in a system, in text: packages, users, services. A release is composed of one version.")), actions), make.node, table, clone(house.url())];

	// open shows what the address says and then loads it.
	async function open(parts) {
		here = parts;
		const mine = ++turn;
		if (parts[0]) await openOne(parts, () => mine === turn);
		else await openList(() => mine === turn);
	}

	async function openList(current) {
		if (node.firstChild !== overview[0]) fill(node, overview);
		drawList();
		const answer = await fetchList();
		if (!current()) return;
		all = answer;
		drawList();
	}

	function drawList() {
		const known = all || house.status().blueprints;
		fill(actions, make.node.hidden && (house.hasToken()
			? el("button", { class: "primary", data: { key: "new" }, onclick: () => { make.open(known.filter((b) => b.version).map((b) => b.name)); drawList(); } }, "New blueprint")
			: el("button", { class: "plain", data: { key: "token" }, onclick: () => house.askToken() }, "Enter the token to make one")));
		fill(table, follow(house.status().remote), list(known));
	}

	async function openOne([name, version = ""], current) {
		if (!views.has(name)) views.set(name, one(house, name, (p) => house.go(address("blueprints", name, p?.version || ""))));
		const view = views.get(name);
		if (node.firstChild !== view.node) fill(node, view.node);
		const [changes, every] = await Promise.all([history(name), allReleases()]);
		const releases = every.filter((r) => r.blueprint === name);
		const newest = changes[0]?.kind === "deleted" ? null : changes[0];
		const wanted = version || changes.find((c) => c.kind !== "deleted")?.version;
		const [text, top] = wanted ? await Promise.all([show(name, wanted), newest && newest.version !== wanted ? show(name, newest.version) : null]) : [null, null];
		if (!current()) return;
		await view.show({ changes, releases, text, newest: newest && (top || text), version });
	}

	const refresh = soon(() => open(here));

	return {
		node, open,
		title: () => ["Blueprints", ...here.slice(0, 2)].join(" "),
		event(e) { if (/^(blueprint|release)\./.test(e.kind) && !e.total) refresh(); },
		token() {
			make.token();
			open(here); // texts hide hashes of passwords from those without it
		},
	};
}
