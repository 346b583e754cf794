// A choice of two versions to compare, with a button that exchanges them.
import { el, fill } from "/ui/element.js";

// pair makes one; take(from, to) hears of the reader's choice. offer(options, chosen) sets what there is, as [version,
// label], and leaves a list alone that is the same: it may be open.
export function pair(take) {
	const values = () => selects.map((s) => s.value);
	const selects = ["From", "To"].map((label) => el("select", { "aria-label": `${label} version`, onchange: () => take(...values()) }));
	const swap = el("button", { class: "plain small", "aria-label": "Exchange the two versions", title: "Exchange", onclick: () => take(...values().reverse()) }, "⇄");
	return {
		node: el("span", { class: "pair" }, selects[0], swap, selects[1]),
		offer(options, chosen) {
			selects.forEach((s, i) => {
				if (s.dataset.offered !== options.join()) {
					s.dataset.offered = options.join();
					fill(s, options.map(([value, label]) => el("option", { value }, label)));
				}
				s.value = chosen[i];
			});
		},
	};
}
