// Shows what tells two releases of one blueprint apart: packages or files.
import { diff, path } from "/ui/api.js";
import { el, fill } from "/ui/element.js";
import { attempt } from "/ui/releases/attempt.js";
import { files } from "/ui/releases/calls.js";
import { curlIn } from "/ui/releases/curlin.js";
import { group, matching, nothingLike, ofChange, ofFile, ofPackage } from "/ui/releases/entries.js";
import { pair as choosing } from "/ui/releases/pair.js";
import { segments } from "/ui/releases/segments.js";

const groups = [["removed", "Removed"], ["added", "Added"], ["upgraded", "Upgraded"], ["downgraded", "Downgraded"], ["changed", "Changed"]];

// difference makes the viewer of one blueprint. show() says what to compare; a pair that the reader
// chose in the viewer stays until forget().
export function difference(name) {
	const known = new Map(); // "basis commit commit" -> answer; commits never change, so neither does the answer
	let releases = [], pair = [], chosen = null, wanted = "", answer = null, basis = "packages";

	const choice = choosing((...versions) => { chosen = versions; show(releases, ...versions); });
	const filter = el("input", { type: "search", placeholder: "Search", "aria-label": `Search the difference of ${name}`, autocomplete: "off" });
	const by = segments("What is compared", [["packages", "Packages"], ["files", "Files"]], basis, (value) => { basis = value; load(); });
	const sum = el("p", { role: "status" });
	const body = el("div", { class: "groups" }), line = el("div", {});
	const node = el("div", { class: "pane" },
		el("div", { class: "tools" }, choice.node, by, filter),
		sum, body, line);

	filter.addEventListener("input", draw);

	function show(all, ...suggested) {
		releases = all;
		if (!chosen?.every(find)) chosen = null;
		pair = chosen || suggested;
		choice.offer(all.map((r) => [r.version, r.state === "staged" ? r.version : `${r.version} (${r.state})`]), pair);
		return load();
	}

	const find = (version) => releases.find((r) => r.version === version);

	async function load() {
		const [from, to] = pair.map(find);
		if (!from || !to) return;
		const key = wanted = `${basis} ${from.commit} ${to.commit}`;
		curlIn(line, "GET", `${path("releases", name, to.version, basis === "files" ? "files" : "diff")}?from=${from.version}`);
		if (!known.has(key)) {
			fill(sum, "Comparing…");
			const ask = async () => { known.set(key, await (basis === "files" ? files : diff)(to, from.version)); };
			if (!await attempt(body, ask, () => key === wanted)) return;
		}
		if (answer === known.get(key)) return;
		answer = known.get(key);
		draw();
	}

	function draw() {
		if (!answer) return;
		const lists = entries(answer);
		const text = filter.value, total = lists.reduce((n, [, , list]) => n + list.length, 0);
		filter.hidden = total === 0;
		fill(sum, headline(answer, lists, total, basis));
		const found = lists.some(([, , list]) => matching(list, text).length);
		fill(body, found || !total ? lists.map(([kind, title, list]) => group(kind, title, list, text)) : nothingLike(text));
	}

	return { node, show, forget: () => { chosen = null; } };
}

// entries brings both kinds of answer into one form: [kind, title, entries], empty groups left out.
function entries(answer) {
	const lists = {};
	if (answer.basis === "files") {
		for (const f of answer.files || []) (lists[f.change] ||= []).push(ofFile(f));
	} else {
		for (const [kind] of groups) lists[kind] = (answer.packages?.[kind] || []).map((p) => (p.to ? ofChange(p) : ofPackage(p)));
	}
	return groups.map(([kind, title]) => [kind, title, lists[kind] || []]).filter(([, , list]) => list.length);
}

function headline(answer, lists, total, wanted) {
	const [from, to] = [answer.from, answer.to].map((id) => id.split("@").pop());
	const files = answer.basis === "files";
	if (from === to) return "These are the same release.";
	if (!total) return `${from} and ${to} hold the same ${files ? "files" : "packages"}.`;
	return [
		files && wanted !== "files" && el("span", { class: "warn" }, "One of these commits carries no package list, so this is the difference of their files. "),
		`From ${from} to ${to}: `,
		lists.map(([kind, , list], i) => [i > 0 && ", ", el("span", { class: "tally", data: { kind } }, `${list.length.toLocaleString("en")} ${kind}`)]),
		".",
	];
}
