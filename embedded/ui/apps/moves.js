// The history of an app: which tag was moved from what to what, when and by whom.
import { brief, kinds } from "/ui/apps/words.js";
import { el, since } from "/ui/element.js";
import { table } from "/ui/parts.js";
import { address } from "/ui/route.js";

const MOST = 200; // moves that are shown of an app

// moves is the whole history of an app that is alone on the page, or its last line.
export function moves(a, alone) {
	if (!a.moves.length) return alone && el("p", { class: "quiet" }, "No tag has been moved yet.");
	if (!alone) return last(a);
	return el("div", {}, el("h4", {}, "History"), table([
		{ name: "When", head: true, cell: (m) => since(m.time) },
		{ name: "What", cell: (m) => kinds[m.kind] || m.kind },
		{ name: "Tag", cell: (m) => m.to },
		{ name: "Before", cell: (m) => called(a, m.before) },
		{ name: "After", cell: (m) => called(a, m.after) },
		{ name: "By", cell: (m) => m.actor && el("span", { title: m.actor }, m.actor.split(" ")[0]) },
	], a.moves.slice(0, MOST), { caption: `Moves of the tags of ${a.name}, the newest first` }),
	a.moves.length > MOST && el("p", { class: "quiet" }, `and ${a.moves.length - MOST} older ones`));
}

const last = (a) => {
	const m = a.moves[0];
	return el("p", { class: "quiet", title: m.actor }, `${kinds[m.kind] || m.kind} `, since(m.time),
		`: ${m.to} from `, called(a, m.before), " to ", called(a, m.after), ". ", el("a", { href: address("apps", a.name) }, `History (${a.moves.length})`));
};

// called is a digest by its present tags, where it has one that never was the followed one.
function called(a, digest) {
	if (!digest) return "nothing";
	const names = a.tagList.filter((t) => t.digest === digest && t.name !== a.tag).map((t) => t.name);
	return el("span", { title: digest }, names.length ? [names.join(", "), " ", el("code", { class: "quiet" }, brief(digest))] : el("code", {}, brief(digest)));
}
