// Lists of many packages or files: drawn in columns, searched, and only in part at first.
import { el } from "/ui/element.js";
import { count, evr } from "/ui/format.js";

const MANY = 120; // entries of one group drawn before the reader asks for the rest

// An entry is {name, detail: [texts]}: with two or more texts the first turned into the second.
export const ofPackage = (p) => ({ name: p.name, detail: [`${evr(p)} ${p.arch}`] });
export const ofChange = (p) => ({ name: p.to.name, detail: [evr(p.from), `${evr(p.to)} ${p.to.arch}`] });
export const ofFile = (f) => ({ name: f.path + (f.dir ? "/" : ""), detail: [f.dir && f.change !== "changed" ? "and all below" : ""] });

// matching are the entries whose name has every word.
export function matching(list, text) {
	const words = text.toLowerCase().split(/\s+/).filter(Boolean);
	return words.length ? list.filter((e) => { const name = e.name.toLowerCase(); return words.every((w) => name.includes(w)); }) : list;
}

// group draws those of list that match; null where none does.
export function group(kind, title, list, text) {
	const shown = matching(list, text);
	if (!shown.length) return null;
	const items = el("ul", {}, shown.slice(0, MANY).map(item));
	const rest = shown.length > MANY && el("button", { class: "plain small", onclick: () => {
		items.append(...shown.slice(MANY).map(item));
		rest.remove();
	} }, `Show ${count(shown.length - MANY, "more entry", "more entries")}`);
	return el("section", { class: "group" },
		el("h4", { data: { kind } }, title, " ", el("span", { class: "quiet" }, shown.length === list.length ? String(list.length) : `${shown.length} of ${list.length}`)),
		items, rest);
}

function item(e) {
	const [first, second] = e.detail;
	return el("li", {},
		el("span", { class: "name" }, e.name), " ",
		second !== undefined
			? el("span", { class: "detail" }, first, " → ", second)
			: first && el("span", { class: "detail" }, first));
}

export const nothingLike = (text) => el("p", { class: "quiet" }, `Nothing here matches “${text.trim()}”.`);
