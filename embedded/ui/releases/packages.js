// Every package of a release, to search in.
import { path } from "/ui/api.js";
import { el, fill } from "/ui/element.js";
import { curl } from "/ui/parts.js";
import { packages as ask } from "/ui/releases/calls.js";
import { group, nothingLike, ofPackage } from "/ui/releases/entries.js";
import { lazy } from "/ui/releases/lazy.js";

// packages makes the pane; show(release) draws when it is in sight.
export function packages() {
	const filter = el("input", { type: "search", placeholder: "Search", "aria-label": "Search the packages", autocomplete: "off" });
	const list = el("div", { class: "groups" });

	const pane = lazy(async (r) => (r.packages < 0 ? null : ask(r)), (r, all) => {
		if (!all) return el("p", {}, "The commit of this release carries no package list. What differs from another release can be seen by files.");
		const entries = all.map(ofPackage);
		const draw = () => fill(list, group("packages", "Packages", entries, filter.value) || nothingLike(filter.value));
		filter.oninput = draw;
		draw();
		return [el("div", { class: "tools" }, filter), list, curl("GET", path("releases", r.blueprint, r.version, "packages"))];
	});
	return pane;
}
