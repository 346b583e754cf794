// Makes DOM elements. Data only ever becomes text nodes and attribute values here, never markup.
import { ago, utc } from "/ui/format.js";

// el makes one element: attributes by name, "on…" functions as listeners, `data` as dataset;
// undefined, null and false are left out, both among attributes and among children.
export function el(tag, attributes = {}, ...children) {
	const node = document.createElement(tag);
	if (tag === "button") node.type = "button";
	for (const [name, value] of Object.entries(attributes)) {
		if (value === undefined || value === null || value === false) continue;
		if (typeof value === "function") node.addEventListener(name.slice(2), value);
		else if (name === "data") Object.assign(node.dataset, value);
		else node.setAttribute(name, value === true ? "" : value);
	}
	node.append(...children.flat(Infinity).filter((c) => c !== undefined && c !== null && c !== false));
	return node;
}

// fill replaces what node holds, gives the focus back to the control with the same data-key, and leaves open what the
// reader has unfolded.
export function fill(node, ...children) {
	const focused = node.contains(document.activeElement) && document.activeElement.dataset.key;
	const folds = () => [...node.querySelectorAll("details")];
	const open = folds().map((d) => d.open && d.firstChild.textContent);
	node.replaceChildren(...children.flat(Infinity).filter(Boolean));
	folds().forEach((d, i) => { if (open[i] === d.firstChild.textContent) d.open = true; });
	if (focused) node.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
}

// since is "4 minutes ago", kept true by the page's clock.
export const since = (iso) => el("span", { data: { ago: iso }, title: utc(iso) }, ago(iso));

// say shows a short sentence at the foot of the page and to screen readers.
let quieting;
export function say(text) {
	const notice = document.getElementById("notice");
	notice.textContent = text;
	notice.classList.add("shown");
	clearTimeout(quieting);
	quieting = setTimeout(() => notice.classList.remove("shown"), 6000);
}

// copyButton copies text() and says so on itself.
export function copyButton(text, label) {
	const button = el("button", { class: "copy", "aria-label": `Copy ${label}`, title: `Copy ${label}` }, "Copy");
	button.addEventListener("click", async () => {
		const done = await copy(text());
		button.textContent = done ? "Copied" : "Press Ctrl+C";
		button.classList.toggle("done", done);
		setTimeout(() => { button.textContent = "Copy"; button.classList.remove("done"); }, 1800);
	});
	return button;
}

// copy works without https too, where browsers hide the clipboard API: a builder in a lab is plain http.
async function copy(text) {
	try {
		await navigator.clipboard.writeText(text);
		return true;
	} catch { /* not allowed or not there: the old way */ }
	const back = document.activeElement;
	const area = el("textarea", { class: "offscreen", readonly: true, "aria-hidden": "true" });
	area.value = text;
	document.body.append(area);
	area.select();
	const done = document.execCommand("copy");
	area.remove();
	back?.focus({ preventScroll: true });
	return done;
}
