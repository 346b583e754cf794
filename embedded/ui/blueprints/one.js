// One blueprint: what a version says, its text to edit, its history, and two versions side by side.
import { el, fill, since } from "/ui/element.js";
import { short } from "/ui/format.js";
import { curl, empty, tabs } from "/ui/parts.js";
import { address } from "/ui/route.js";
import { comparing } from "/ui/blueprints/comparison.js";
import { contents } from "/ui/blueprints/contents.js";
import { editor } from "/ui/blueprints/editor.js";
import { history } from "/ui/blueprints/history.js";
import { customizations, remove } from "/ui/blueprints/texts.js";
import { called, highest, next } from "/ui/blueprints/version.js";

// one makes the view of a blueprint; gone(pushed) is called after a push, and without an argument after a deletion.
export function one(house, name, gone) {
	let data = null, compared = ""; // the version for which the reader has something to compare
	const head = el("header", { class: "top" }), note = el("div", { hidden: true });
	const said = el("div", {}), past = el("div", {});
	const edit = editor(house, { done: gone });
	const compare = comparing(name);
	const panes = tabs([
		{ id: "contents", name: "Contents", make: () => said },
		{ id: "edit", name: "Edit", make: () => edit.node },
		{ id: "history", name: "History", make: () => past },
		{ id: "compare", name: "Compare", make: () => compare.node },
	], { label: `Blueprint ${name}`, chosen: "contents", changed: draw });
	const body = el("section", { class: "card", "aria-label": name }, el("div", { class: "card-body" }, panes.node));
	const node = el("div", { class: "stack" }, head, note, body);
	body.hidden = true;
	fill(head, title(el("p", { class: "quiet", role: "status" }, "Reading it…")));

	function title(...rest) {
		return el("div", {}, el("p", { class: "quiet" }, el("a", { href: "#/blueprints" }, "Blueprints"), " /"), el("h2", {}, name), rest);
	}

	async function show(fresh) {
		const custom = fresh.text && await customizations(name, fresh.text.version);
		data = { ...fresh, custom };
		body.hidden = !data.text;
		if (!data.text) return nothing();
		draw();
	}

	function nothing() {
		const was = data.changes.length > 0;
		fill(head, title());
		note.hidden = false;
		fill(note, was ? empty(`No version ${data.version}`, "The history has these:", past)
			: data.releases.length ? empty("No text", "Releases came in under this name; this builder knows no blueprint for them.", el("p", {}, el("a", { href: address("releases", name) }, "Its releases")))
				: empty("No such blueprint", "This builder has none of this name."));
		fill(past, was && list());
	}

	const list = () => history(name, data.changes, data.releases, { shown: data.text?.version, compare: side });

	function side(from, to) {
		compared = data.text?.version;
		panes.show("compare");
		compare.show(versions(), from, to);
	}

	const versions = () => data.changes.filter((c) => c.kind !== "deleted").map((c) => c.version);

	function draw() {
		if (!data?.text) return;
		const { text, newest, changes, releases } = data;
		const old = newest?.version !== text.version;
		const release = releases.find((r) => r.version === text.version);
		fill(head,
			title(el("p", {}, el("b", {}, text.version), text.description && ` · ${text.description}`),
				el("p", { class: "quiet" }, "changed ", since(text.changed), ", commit ", el("code", { title: text.commit }, short(text.commit)))),
			el("div", { class: "tools" },
				el("label", {}, "Version ", picker()),
				release ? el("a", { class: "button", href: address("releases", name, text.version) }, `Release ${text.version}: ${release.state}`)
					: newest && el("a", { class: "button primary", href: address("releases", name, text.version) }, `Compose ${text.version}…`),
				newest && house.hasToken() && el("button", { class: "plain", data: { key: "delete" }, onclick: erase }, "Delete…")));
		note.hidden = !old;
		fill(note, old && el("p", { class: "news" }, newest ? ["This is an older version; the newest is ", el("a", { href: address("blueprints", name) }, newest.version), "."] : "This blueprint was deleted. Its history is here, and a push under this name brings it back."));
		fill(said, contents(text, data.custom));
		fill(past, list());
		if (panes.shown() === "compare" && compared !== text.version) {
			const before = versions().slice(versions().indexOf(text.version) + 1)[0];
			side(before || text.version, before ? text.version : versions()[0]);
		}
		const last = highest(changes.map((c) => c.version));
		edit.start({ name, text: newest ? newest.text : "", shown: old ? called(text.text, next(last, "", "")) : undefined, expect: newest?.version || "", last });
	}

	function picker() {
		const select = el("select", { data: { key: "version" }, "aria-label": "Version shown", onchange: () => house.go(address("blueprints", name, select.value)) },
			versions().map((v) => el("option", { value: v }, v)));
		select.value = data.text.version;
		return select;
	}

	async function erase() {
		const done = await house.confirm({
			title: `Delete ${name}?`, go: "Delete", danger: true,
			body: [el("p", {}, "It leaves the list. Its history, tags and releases stay, and a push under its name brings it back. Devices notice nothing."), curl("DELETE", `blueprints/${encodeURIComponent(name)}`)],
			run: () => remove(name),
		});
		if (done) { house.say(`${name} is deleted.`); house.go("#/blueprints"); }
	}

	return { node, show };
}
