// A form that asks the builder for something: its fields, what went wrong, the button, and the same with curl.
import { Problem } from "/ui/api.js";
import { copyButton, el, fill } from "/ui/element.js";
import { explain, tokenHint } from "/ui/parts.js";

// asking makes it of fields. act() does it; line() is its command; what completes "To … from this page, enter the
// token"; why goes to those who have none yet; changed() hears of every change of a field. draw() shows what has changed.
export function asking({ house, act, line, what, go, busy, why, key, look = "primary", changed = () => {} }, ...fields) {
	const trouble = el("div", { class: "findings", role: "alert", hidden: true }), hint = el("div"), code = el("code");
	const button = el("button", { class: look, data: { key } }, go);
	button.type = "submit";

	function draw() {
		changed();
		code.textContent = line();
		fill(hint, tokenHint(house, what));
	}

	async function submit(event) {
		event.preventDefault();
		trouble.hidden = true;
		if (!house.hasToken() && !await house.askToken(why)) return;
		button.disabled = true;
		button.textContent = busy;
		try {
			await act();
		} catch (problem) {
			if (!(problem instanceof Problem)) throw problem;
			fill(trouble, explain(problem));
			trouble.hidden = false;
		} finally {
			button.disabled = false;
			button.textContent = go;
		}
	}

	const node = el("form", { onsubmit: submit, oninput: draw, onchange: draw }, fields, trouble, el("div", { class: "choices start" }, button), hint,
		el("details", { class: "curl" }, el("summary", {}, "With curl"), el("div", { class: "line" }, el("pre", { tabindex: "0" }, code), copyButton(line, "the command"))));
	return { node, draw, button };
}
