// The page of installations: boot ISOs, the kickstart, one-time links and the machines that use them.
import { soon } from "/ui/api.js";
import { el, fill } from "/ui/element.js";
import { imagesPane } from "/ui/install/images.js";
import { kickstartPane } from "/ui/install/kickstart.js";
import { linkForm } from "/ui/install/links.js";
import { machines } from "/ui/install/machines.js";
import { empty, tabs } from "/ui/parts.js";
import { address } from "/ui/route.js";

export function page(house) {
	let name = "";
	const now = () => name;
	const images = imagesPane(house, now), script = kickstartPane(house, now), book = machines(house, now), links = linkForm(house, now, () => book.load());
	const chooser = el("div"), nothing = el("div", { hidden: true });
	const panes = tabs([
		{ id: "iso", name: "Boot ISO", make: () => images.node },
		{ id: "kickstart", name: "Kickstart", make: () => script.node },
		{ id: "machines", name: "Links and machines", make: () => el("div", { class: "stack" }, links.node, book.node) },
	], { label: "Ways to install", chosen: "iso", changed: (id) => { history.replaceState(null, "", address("install", name, id)); load(id); } });
	const node = el("div", { class: "page-install" },
		el("header", { class: "page-head" }, el("h2", {}, "Install"), chooser),
		el("p", { class: "quiet lead" }, "A machine installs itself from a boot ISO, or from any installer that is told where the kickstart is. Its disk is erased."),
		nothing, panes.node);

	const loads = { iso: images.load, kickstart: script.load, machines: book.load };
	const load = (id = panes.shown()) => loads[id]();
	const imagesSoon = soon(images.load), scriptSoon = soon(script.load), bookSoon = soon(book.load);

	function choose(names) {
		fill(chooser, names.length > 1 && el("label", { class: "inline" }, "Blueprint ",
			el("select", { data: { key: "install blueprint" }, onchange: (event) => house.go(address("install", event.target.value, panes.shown())) },
				names.map((n) => el("option", { value: n, selected: n === name }, n)))),
		names.length === 1 && el("span", { class: "quiet" }, `of ${name}`));
	}

	function redraw() {
		images.draw();
		links.draw();
		book.draw();
	}

	return {
		node,
		title: () => (name ? `Install ${name}` : "Install"),
		async open(path) {
			const names = house.blueprints();
			name = names.includes(path[0]) ? path[0] : path[0] ? "" : usual(house);
			if (loads[path[1]]) panes.show(path[1]);
			choose(names);
			nothing.hidden = name !== "";
			panes.node.hidden = name === "";
			if (!name) return fill(nothing, path[0] ? empty("No such blueprint", `This builder has no blueprint “${path[0]}”.`) : empty("Nothing to install yet", "Push a blueprint or import a release first."));
			redraw();
			await load();
		},
		event(e) {
			if (e.kind.startsWith("iso.")) {
				images.tell(e);
				if (e.kind !== "iso.hashing") imagesSoon();
			} else if (/^device\.(link-|fetched|install)/.test(e.kind)) {
				book.touch(e);
				bookSoon();
			} else if (e.kind === "release.published") scriptSoon();
		},
		token: redraw,
	};
}

// usual is the blueprint that somebody most likely wants to install: one that is published.
function usual(house) {
	const all = house.status().blueprints || [];
	return (all.find((b) => b.published) || all[0])?.name || "";
}
