// Two versions of a blueprint side by side: what packages they want, and their texts line by line.
import { el, fill } from "/ui/element.js";
import { attempt } from "/ui/releases/attempt.js";
import { pair as choosing } from "/ui/releases/pair.js";
import { compare, parts } from "/ui/blueprints/lines.js";
import { comparison, show as text } from "/ui/blueprints/texts.js";

const AROUND = 3; // lines that are the same and stay beside those that are not

// comparing makes the viewer of one blueprint. show(versions, from, to) offers versions, newest first.
export function comparing(name) {
	const known = new Map(); // "from to" -> answers; a version never changes
	let versions = [], pair = [];

	const choice = choosing(take);
	const sum = el("p", { role: "status" }), body = el("div", {});
	const node = el("div", { class: "comparison pane" }, choice.node, sum, body);

	function show(offered, from, to) {
		versions = offered;
		take(from, to);
	}

	async function take(from, to) {
		pair = [from, to];
		choice.offer(versions.map((v) => [v, v]), pair);
		const key = pair.join(" ");
		if (!known.has(key)) {
			fill(sum, "Comparing…");
			const ask = async () => { known.set(key, await Promise.all([comparison(name, from, to), text(name, from), text(name, to)])); };
			if (!await attempt(body, ask, () => key === pair.join(" "))) return;
		}
		const [answer, before, after] = known.get(key);
		fill(sum, headline(answer, pair));
		const rows = compare(before.text, after.text);
		fill(body, rows.some((r) => r.kind !== "same") && sides(rows, pair));
	}

	return { node, show };
}

function headline(d, [from, to]) {
	const groups = [["added", d.added, "+"], ["removed", d.removed, "−"], ["changed", d.changed, "~"]].filter(([, list]) => list?.length);
	if (!d.text) return `${from} and ${to} say the same.`;
	if (!groups.length) return `From ${from} to ${to} the packages stay the same; other lines change.`;
	return [`From ${from} to ${to}: `, groups.map(([kind, list, sign]) => list.map((p) => [
		el("span", { class: "chip", data: { kind } }, el("span", { "aria-hidden": "true" }, `${sign} `), el("span", { class: "offscreen" }, `${kind} `), p.name, p.to !== undefined && ` ${p.from || "any"} → ${p.to || "any"}`), " "]))];
}

// sides draws the rows, folding what is the same and far from any difference.
function sides(rows, [from, to]) {
	const near = rows.map(() => false);
	rows.forEach((r, i) => {
		if (r.kind !== "same") for (let n = Math.max(0, i - AROUND); n <= Math.min(rows.length - 1, i + AROUND); n++) near[n] = true;
	});
	const lines = [];
	for (let i = 0; i < rows.length; i++) {
		if (near[i]) { lines.push(line(rows[i])); continue; }
		const start = i;
		while (i + 1 < rows.length && !near[i + 1]) i++;
		lines.push(fold(rows.slice(start, i + 1)));
	}
	return el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": `Texts of ${from} and ${to} side by side` },
		el("table", { class: "sides" },
			el("caption", { class: "offscreen" }, `Line by line, ${from} on the left and ${to} on the right`),
			el("colgroup", {}, ["at", "", "at", ""].map((c) => el("col", { class: c }))),
			el("thead", {}, el("tr", {}, el("th", { scope: "col", colspan: 2 }, from), el("th", { scope: "col", colspan: 2 }, to))),
			el("tbody", {}, lines)));
}

function fold(rows) {
	const unfold = () => {
		const region = row.closest(".scroll"); // the focus would be lost with the button
		row.replaceWith(...rows.map(line));
		region?.focus({ preventScroll: true });
	};
	const row = el("tr", { class: "fold" }, el("td", { colspan: 4 }, el("button", { class: "link", onclick: unfold },
		rows.length === 1 ? "1 line is the same" : `${rows.length} lines are the same`)));
	return row;
}

function line(r) {
	const cut = r.kind === "changed" ? parts(r.left.text, r.right.text) : [];
	const side = (part, pieces, kind) => [
		el("td", { class: "at", data: { kind: part ? kind : "none" } }, part ? String(part.number) : ""),
		el("td", { data: { kind: part ? kind : "none" } }, part && (pieces ? [pieces[0], pieces[1] && el("mark", {}, pieces[1]), pieces[2]] : part.text)),
	];
	const same = r.kind === "same";
	return el("tr", {}, side(r.left, cut[0], same ? "same" : "removed"), side(r.right, cut[1], same ? "same" : "added"));
}
