// Every blueprint of the builder, and where the texts can be cloned from.
import { copyButton, el, since } from "/ui/element.js";
import { count } from "/ui/format.js";
import { badge, card, empty, table } from "/ui/parts.js";
import { address } from "/ui/route.js";

export function list(all) {
	if (!all.length) return empty("No blueprints yet", "A blueprint says what is in a system. Make one here, or push one with git.");
	return el("div", { class: "card flush" }, table([
		{ name: "Blueprint", head: true, cell: (b) => [b.version ? el("a", { href: address("blueprints", b.name) }, b.name) : b.name, b.description && el("span", { class: "quiet block" }, b.description)] },
		{ name: "Newest", cell: (b) => b.version || el("span", { class: "quiet" }, "no text") },
		{ name: "Versions", number: true, cell: (b) => String(b.versions || 0) },
		{ name: "Changed", cell: (b) => b.changed && since(b.changed) },
		{ name: "Releases", cell: (b) => (b.releases ? el("a", { href: address("releases", b.name) }, count(b.releases, "release")) : el("span", { class: "quiet" }, "none")) },
		{ name: "Devices get", cell: (b) => (b.published ? badge("published", b.published) : el("span", { class: "quiet" }, "nothing")) },
	], all, { caption: "Blueprints by name" }));
}

// follow tells of the repository elsewhere that blueprints are taken from, where there is one.
export const follow = (r) => r && el("p", { class: r.error || r.refused.length ? "bad" : "quiet" },
	`Follows ${r.url}`, r.looked > "1" && [", looked ", since(r.looked)], r.error && `: ${r.error}`, r.refused.map((f) => `; refused: ${f}`));

// clone is the line that gives all of them to an editor on any machine.
export function clone(url) {
	const line = `git clone ${url}/blueprints.git`;
	return card("With git",
		el("p", {}, "Blueprints are files of one git repository. Each version is a commit and a tag NAME/VERSION."),
		el("div", { class: "line" }, el("pre", { tabindex: "0" }, el("code", {}, line)), copyButton(() => line, "the clone command")),
		el("p", { class: "quiet" }, "A push takes any user and the token as the password, and is refused as a whole where a blueprint has a fault."));
}
