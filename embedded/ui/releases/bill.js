// The bill of materials of a release (SPDX 2.3): what it counts, by licence, and the file to keep.
import { path } from "/ui/api.js";
import { el, fill } from "/ui/element.js";
import { bytes, count } from "/ui/format.js";
import { curl } from "/ui/parts.js";
import { commit, sbom } from "/ui/releases/calls.js";
import { group, nothingLike } from "/ui/releases/entries.js";
import { lazy } from "/ui/releases/lazy.js";

export const bill = () => lazy(ask, draw);

// ask looks first whether there is one: only releases composed here from packages have it.
async function ask(r) {
	const { documents } = await commit(r);
	if (!documents.includes("sbom.spdx.json")) return null;
	const text = await sbom(r);
	return { text, bill: JSON.parse(text) };
}

function draw(r, found) {
	if (!found) return el("p", {}, `There is no bill of materials of ${r.version}: only a release that was composed here from packages has one. This one came in as ${r.origin}.`);
	const { text, bill } = found;
	const all = Array.isArray(bill.packages) ? bill.packages.filter((p) => p && typeof p === "object") : [];
	const entries = all.map((p) => ({ name: words(p.name), detail: [[words(p.versionInfo), licence(p)].filter(Boolean).join(" · ")] }));
	const filter = el("input", { type: "search", placeholder: "Search", "aria-label": "Search the bill of materials", autocomplete: "off" });
	const list = el("div", { class: "groups" });
	const show = () => fill(list, group("packages", "Packages", entries, filter.value) || nothingLike(filter.value));
	filter.oninput = show;
	show();
	return [
		el("p", {}, `${words(bill.spdxVersion) || "A document"} of ${count(all.length, "package")}, ${bytes(new Blob([text]).size)}, made ${words(bill.creationInfo?.created) || "at an unknown time"}.`),
		el("div", { class: "tools" }, el("button", { class: "plain", onclick: () => save(`${r.blueprint}-${r.version}.spdx.json`, text) }, "Save as a file"), filter),
		licences(all), list, curl("GET", path("releases", r.blueprint, r.version, "sbom")),
	];
}

const words = (value) => (typeof value === "string" ? value : "");

function licence(p) {
	const known = [p.licenseConcluded, p.licenseDeclared].map(words).find((l) => l && l !== "NOASSERTION" && l !== "NONE");
	return known || "";
}

function licences(all) {
	const counts = new Map();
	for (const p of all) counts.set(licence(p) || "not stated", (counts.get(licence(p) || "not stated") || 0) + 1);
	const chips = [...counts].sort((a, b) => b[1] - a[1]).slice(0, 15).map(([name, n]) => [el("span", { class: "chip" }, name, el("span", { class: "quiet" }, ` ${n}`)), " "]);
	return chips.length > 0 && el("p", {}, el("span", { class: "quiet" }, "Licences, the most used first "), chips);
}

// save gives a text to the browser as a file; a link to the API would lack the token that a private builder wants.
function save(name, text) {
	const url = URL.createObjectURL(new Blob([text], { type: "application/json" }));
	const link = el("a", { href: url, download: name });
	document.body.append(link);
	link.click();
	link.remove();
	setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
