// What a version of a blueprint says, in words instead of TOML.
import { el } from "/ui/element.js";
import { count } from "/ui/format.js";
import { badge } from "/ui/parts.js";

// called is a key as a person says it.
const called = (key) => (key[0].toUpperCase() + key.slice(1)).replaceAll("_", " ");

// contents draws a summary and its customizations.
export function contents(b, customizations) {
	const facts = [
		["Distribution", b.distro || el("span", { class: "quiet" }, "that of the builder’s configuration")],
		b.architecture && ["Architecture", b.architecture],
		b.groups?.length && ["Package groups", b.groups.map((g) => [el("span", { class: "chip" }, g), " "])],
		b.enabled_modules?.length && ["Modules", b.enabled_modules.map((m) => [el("span", { class: "chip" }, m), " "])],
		b.containers?.length && ["Containers", b.containers.map((c) => el("code", { class: "block" }, c))],
		...Object.entries(customizations).map(([key, value]) => [called(key), told(value)]),
	].filter(Boolean);
	return el("div", { class: "contents" },
		el("section", {}, el("h3", {}, "Packages ", el("span", { class: "quiet" }, String(b.packages.length))),
			b.packages.length
				? el("ul", { class: "chips" }, b.packages.map((p) => el("li", { class: "chip" }, p.name, p.version && p.version !== "*" && el("span", { class: "quiet" }, ` ${p.version}`))))
				: el("p", { class: "quiet" }, "None beyond those that every edge system has.")),
		el("section", {}, el("h3", {}, "Everything else"), el("dl", { class: "told" }, facts.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value))))));
}

// told draws any value of a blueprint: texts and numbers as they are, lists as chips, tables as lines.
function told(value) {
	if (Array.isArray(value)) {
		if (!value.length) return el("span", { class: "quiet" }, "none");
		return value.every((v) => typeof v !== "object") ? value.map((v) => [el("span", { class: "chip" }, String(v)), " "]) : el("ul", {}, value.map((v) => el("li", {}, told(v))));
	}
	if (value && typeof value === "object") return item(value);
	if (typeof value === "boolean") return value ? "yes" : "no";
	return plain(String(value));
}

// item is one table on one line: what it is called first, then the rest.
function item(table) {
	const head = ["name", "path", "mountpoint", "id", "user"].find((key) => typeof table[key] === "string");
	const rest = Object.entries(table).filter(([key]) => key !== head);
	return [head && el("b", {}, table[head]), rest.map(([key, value], i) => [
		(head || i > 0) && el("span", { class: "quiet" }, " · "), el("span", { class: "quiet" }, `${key.replaceAll("_", " ")} `),
		key === "password" ? badge("idle", "set") : told(value)])];
}

const LONG = 160;

// plain folds what has several lines or is long: keys and contents of files.
function plain(text) {
	if (text.length <= LONG && !text.includes("\n")) return text;
	const lines = text.replace(/\n$/, "").split("\n").length;
	return el("details", {}, el("summary", {}, lines > 1 ? count(lines, "line") : `${text.slice(0, 40)}…`), el("pre", { tabindex: "0" }, el("code", {}, text)));
}
