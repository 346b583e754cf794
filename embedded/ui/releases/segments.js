// A choice of a few ways to look at one thing.
import { el } from "/ui/element.js";

let groups = 0;

// segments offers [value, label] pairs; choose(value) hears of a choice.
export function segments(legend, options, chosen, choose) {
	const name = `segments-${++groups}`;
	return el("fieldset", { class: "segments" }, el("legend", { class: "offscreen" }, legend),
		options.map(([value, label]) => el("label", {},
			el("input", { type: "radio", name, value, checked: value === chosen, onchange: () => choose(value) }), el("span", {}, label))));
}
