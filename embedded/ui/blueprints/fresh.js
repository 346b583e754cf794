// Makes a new blueprint: its name, what it begins with, and the editor.
import { el, fill } from "/ui/element.js";
import { card } from "/ui/parts.js";
import { editor } from "/ui/blueprints/editor.js";
import { show } from "/ui/blueprints/texts.js";
import { called } from "/ui/blueprints/version.js";

const example = `name = ""
description = ""
version = "0.0.1"

[[packages]]
name = "vim-minimal"
version = "*"

[customizations.services]
enabled = ["sshd"]

[[customizations.user]]
name = "admin"
groups = ["wheel"]
`;

const form = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

// fresh makes the card. open(names) begins anew.
export function fresh(house, { done, cancel }) {
	const edit = editor(house, { done, cancel });
	const name = el("input", { type: "text", autocomplete: "off", spellcheck: "false", maxlength: 64, "aria-describedby": "fresh-name-fault", oninput: take });
	const from = el("select", { onchange: take });
	const fault = el("p", { id: "fresh-name-fault", class: "bad", role: "status" });
	const rest = el("div", { hidden: true }, edit.node);
	const early = el("div", { class: "choices" }, el("button", { class: "plain", onclick: cancel }, "Cancel"));
	const node = card("New blueprint",
		el("div", { class: "fields" }, el("label", {}, el("span", {}, "Name"), name), el("label", {}, el("span", {}, "Begin with"), from)), fault, rest, early);
	let names = [];
	node.hidden = true;

	async function take() {
		const value = name.value.trim();
		const wrong = value === "" ? "" : !form.test(value) ? "Letters, digits, dot, underscore and hyphen, beginning with a letter or digit; at most 64."
			: names.includes(value) ? "There is one of this name already." : "";
		fault.textContent = wrong;
		name.toggleAttribute("aria-invalid", wrong !== "");
		rest.hidden = value === "" || wrong !== "";
		early.hidden = !rest.hidden;
		if (rest.hidden) return;
		const base = from.value ? (await show(from.value))?.text || example : example;
		if (name.value.trim() !== value) return;
		const text = called(base.replace(/^name\s*=.*$/m, `name = "${value}"`), "0.0.1");
		edit.start({ name: value, text: "", shown: text, expect: "", last: "", redo: true });
	}

	function open(all) {
		names = all;
		name.value = "";
		fill(from, el("option", { value: "" }, "an example"), all.map((n) => el("option", { value: n }, `a copy of ${n}`)));
		take();
		node.hidden = false;
		name.focus();
	}

	return { node, open, close: () => { node.hidden = true; }, token: edit.token };
}
