// Lets the reader choose which releases play, where there are more than the tour needs.
import { el } from "/ui/element.js";
import { enough, playable } from "/ui/tour/cast.js";

const roles = ["At first", "Broken", "Good"];

// choices gives the part of the panel, or nothing where there is nothing to choose. chosen({blueprint, versions}) hears of it.
export function choices(s, chosen) {
	const names = playable(s.all);
	if (names.length < 2 && s.versions.length <= enough) return null;
	const now = [s.first, s.broken, s.good].map((r) => r.version);
	const blueprint = select("Blueprint", names, s.blueprint, (value) => chosen({ blueprint: value, versions: undefined }));
	// A version that is chosen twice changes places with the other.
	const versions = roles.map((label, i) => select(label, s.versions, now[i], (value) => {
		const next = now.map((v, k) => (k === i ? value : v === value ? now[i] : v));
		chosen({ blueprint: s.blueprint, versions: next });
	}));
	return el("details", { class: "curl cast", data: { key: "cast" } }, el("summary", {}, "What plays"), names.length > 1 && blueprint, versions);
}

const select = (label, values, value, changed) => el("label", {}, el("span", {}, label),
	el("select", { data: { key: `tour ${label}` }, onchange: (event) => changed(event.target.value) },
		values.map((v) => el("option", { value: v, selected: v === value }, v))));
