// A text with line numbers in which faults are marked at their lines.
import { el, fill } from "/ui/element.js";
import { offset } from "/ui/blueprints/offset.js";

// textarea makes one; changed() is called at each change of the reader.
export function textarea({ label, changed }) {
	const area = el("textarea", { "aria-label": label, wrap: "off", spellcheck: "false", autocapitalize: "off", autocomplete: "off", rows: 22, oninput: edit, onscroll: follow });
	const numbers = el("ol", { class: "numbers", "aria-hidden": "true" });
	const list = el("ul");
	const told = el("div", { class: "findings", role: "alert", hidden: true }, el("strong", {}), list);
	const node = el("div", { class: "pane" }, el("div", { class: "sheet" }, numbers, area), told);
	let marked = [];

	function edit() {
		if (marked.length) mark([]); // they speak of what was pushed, not of what is there now
		count();
		changed();
	}

	function follow() {
		numbers.style.transform = `translateY(${-area.scrollTop}px)`;
	}

	// count keeps as many numbers as there are lines.
	function count() {
		const lines = area.value.split("\n").length;
		while (numbers.children.length > lines) numbers.lastChild.remove();
		while (numbers.children.length < lines) numbers.append(el("li", {}, String(numbers.children.length + 1)));
		follow();
	}

	// go puts the cursor where a fault is and brings it into sight.
	function go(fault) {
		const at = offset(area.value, fault);
		area.focus();
		area.setSelectionRange(at, at);
		const height = parseFloat(getComputedStyle(area).lineHeight) || 20;
		area.scrollTop = Math.max(0, (fault.line - 4) * height);
		follow();
	}

	// mark shows faults at their lines and sets the cursor at the first.
	function mark(faults) {
		for (const { line } of marked) numbers.children[line - 1]?.removeAttribute("class");
		marked = faults;
		told.hidden = faults.length === 0;
		area.toggleAttribute("aria-invalid", faults.length > 0);
		for (const { line } of faults) numbers.children[Math.min(line, numbers.children.length) - 1]?.setAttribute("class", "fault");
		told.firstChild.textContent = faults.length === 1 ? "The builder found a fault" : `The builder found ${faults.length} faults`;
		fill(list, faults.map((f) => el("li", {}, el("button", { class: "link", onclick: () => go(f) }, `line ${f.line}, column ${f.column}`), " ", f.text)));
		if (faults.length) go(faults[0]);
	}

	return {
		node, mark,
		text: () => area.value,
		set(text) { area.value = text; area.scrollTop = 0; mark([]); count(); },
		lock(locked) { area.readOnly = locked; },
	};
}
