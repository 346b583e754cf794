// A button that acts at its second click and says so after the first.
import { el } from "/ui/element.js";

const PATIENCE = 6000; // how long it waits for the second click

// twice keeps which of several buttons waits; redraw() is called whenever that changes.
export function twice(redraw) {
	let armed = "", disarming = 0;

	function arm(key) {
		armed = key;
		clearTimeout(disarming);
		if (key) disarming = setTimeout(() => arm(""), PATIENCE);
		redraw();
	}

	// button acts with act; what is a sentence for those who do not see where it stands.
	function button({ key, label, what, look = "plain small", act }) {
		const ready = armed === key;
		return el("button", {
			class: ready ? "primary small danger" : look, data: { key }, "aria-label": ready ? `${what}: click again to confirm` : what,
			onclick: () => { if (!ready) return arm(key); arm(""); act(); },
		}, ready ? "Click again to confirm" : label);
	}

	return { button, armed: () => armed };
}
