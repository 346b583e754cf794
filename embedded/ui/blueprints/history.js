// The versions of a blueprint, newest first: who changed what in git, and what became of each.
import { copyButton, el, since } from "/ui/element.js";
import { short } from "/ui/format.js";
import { badge, empty, table } from "/ui/parts.js";
import { address } from "/ui/route.js";

// history draws changes; releases are those of the blueprint, shown the version that is looked at, compare(from, to)
// shows two.
export function history(name, changes, releases, { shown, compare }) {
	if (!changes.length) return empty("No history", "This builder knows releases under this name, but no text.");
	const release = (c) => c.kind !== "deleted" && releases.find((r) => r.version === c.version);
	const before = (c) => changes.slice(changes.indexOf(c) + 1).find((o) => o.kind !== "deleted");
	return table([
		{ name: "Version", head: true, cell: (c) => (c.kind === "deleted" ? el("span", { class: "quiet" }, c.version) : el("a", { class: "version", href: address("blueprints", name, c.version), "aria-current": c.version === shown && "true" }, c.version)) },
		{ name: "Change", cell: (c) => [c.subject, el("span", { class: "quiet block" }, `${c.kind} by ${c.author}, `, since(c.time))] },
		{ name: "Commit", cell: (c) => [el("code", { title: c.commit }, short(c.commit)), copyButton(() => c.commit, `commit of ${c.version}`)] },
		{ name: "Release", cell: (c) => {
			if (c.kind === "deleted") return el("span", { class: "quiet" }, "deleted");
			const r = release(c);
			return r ? el("a", { href: address("releases", name, c.version) }, badge(r.state)) : el("a", { href: address("releases", name, c.version) }, "not composed");
		} },
		{ name: "Compare", actions: true, cell: (c) => c.kind !== "deleted" && before(c) && el("button", { class: "plain small", data: { key: `compare ${c.version}` }, onclick: () => compare(before(c).version, c.version) }, `Compare with ${before(c).version}`) },
	], changes, { caption: `History of ${name}, newest first`, row: (c) => ({ class: c.version === shown && c.kind !== "deleted" && "selected" }) });
}
