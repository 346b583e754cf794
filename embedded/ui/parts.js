// Parts that every page is made of: cards, tables, badges, tabs, command lines, empty states.
import { copyButton, el } from "/ui/element.js";

let ids = 0;
const unique = (stem) => `${stem}-${++ids}`;

// card is a titled box; its children go below the title. title is text or nodes.
export function card(title, ...children) {
	const id = unique("card");
	return el("section", { class: "card", "aria-labelledby": id },
		el("header", { class: "card-head" }, el("h3", { id }, title)),
		el("div", { class: "card-body" }, ...children));
}

// badge is a state in a word. Its colours: good (published, done, green), warn (staged, running), bad (failed,
// rolled-back), idle (superseded, queued); an unknown state is idle.
export const badge = (state, text = state, title) => el("span", { class: "badge", data: { state }, title }, text);

// table draws rows by columns {name, cell(row), head, number, actions, hidden}: `head` makes the cell the row's
// header, `number` sets it to the right, `actions` narrow and to the right, `hidden` hides the column's name from
// sight. row(row) gives the attributes of its <tr>. On narrow screens each row becomes a block with the names
// before the values.
export function table(columns, rows, { caption, row = () => ({}) } = {}) {
	const look = (c) => [c.number && "number", c.actions && "actions"].filter(Boolean).join(" ") || null;
	const cell = (c, r) => c.head
		? el("th", { scope: "row", class: look(c) }, c.cell(r))
		: el("td", { class: look(c), data: { name: c.hidden || c.actions ? "" : c.name } }, c.cell(r));
	return el("div", { class: "scroll" }, el("table", { class: "table" },
		caption && el("caption", { class: "offscreen" }, caption),
		el("thead", {}, el("tr", {}, columns.map((c) => el("th", { scope: "col", class: look(c) },
			c.hidden || c.actions ? el("span", { class: "offscreen" }, c.name || "Actions") : c.name)))),
		el("tbody", {}, rows.map((r) => el("tr", row(r), columns.map((c) => cell(c, r)))))));
}

// tabs shows one of several panes {id, name, make()}; make is called at the first showing and gives the pane's node.
// changed(id) hears of a choice of the reader. Returns {node, show(id), shown()}.
export function tabs(panes, { label, chosen, changed = () => {} }) {
	const stem = unique("tabs");
	const bodies = new Map(panes.map((p) => [p.id, el("div", { role: "tabpanel", id: `${stem}-${p.id}-pane`, "aria-labelledby": `${stem}-${p.id}`, hidden: true })]));
	const buttons = panes.map((p) => el("button", { role: "tab", id: `${stem}-${p.id}`, "aria-controls": `${stem}-${p.id}-pane`, data: { key: `${stem} ${p.id}` },
		onclick: () => { show(p.id); changed(p.id); } }, p.name));
	let current = "";

	function show(id) {
		const at = Math.max(0, panes.findIndex((p) => p.id === id));
		current = panes[at].id;
		buttons.forEach((b, i) => { b.setAttribute("aria-selected", String(i === at)); b.tabIndex = i === at ? 0 : -1; });
		for (const [name, body] of bodies) body.hidden = name !== current;
		const body = bodies.get(current);
		if (!body.firstChild) body.append(panes[at].make());
	}

	function move(event) {
		const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
		if (!step) return;
		const next = (buttons.indexOf(document.activeElement) + step + panes.length) % panes.length;
		event.preventDefault();
		buttons[next].focus();
		buttons[next].click();
	}

	const node = el("div", { class: "tabs" },
		el("div", { role: "tablist", "aria-label": label, onkeydown: move }, buttons), [...bodies.values()]);
	show(chosen);
	return { node, show, shown: () => current };
}

const quoted = (text) => `'${text.replaceAll("'", `'\\''`)}'`;

// curlLine is the command that does what a page does. path is below /api/v1/; body is an object (sent as JSON), a text
// or undefined; headers are lines such as `If-Match: "…"`; token: false leaves the token out, as of a GET.
export function curlLine(method, path, body, { headers = [], token = method !== "GET" } = {}) {
	const json = body !== undefined && typeof body !== "string";
	const lines = [
		method === "GET" ? "curl -fsS" : `curl -fsS -X ${method}`,
		token && `-H "Authorization: Bearer $APPLIANCE_TOKEN"`,
		json && `-H 'Content-Type: application/json'`,
		...headers.map((h) => `-H ${quoted(h)}`),
		body !== undefined && `--data-binary ${quoted(json ? JSON.stringify(body) : body)}`,
		quoted(`${location.origin}/api/v1/${path}`),
	];
	return lines.filter(Boolean).join(" \\\n  ");
}

// curl shows that command, folded away, with a button that copies it.
export const curl = (method, path, body, options) => command(curlLine(method, path, body, options));

// command shows a command line, folded away under a name.
export const command = (line, name = "With curl") => el("details", { class: "curl" },
	el("summary", {}, name),
	el("div", { class: "line" }, el("pre", { tabindex: "0" }, el("code", {}, line)), copyButton(() => line, "the command")));

// empty says why there is nothing here and what to do.
export const empty = (title, text, ...more) => el("div", { class: "card empty" }, el("h3", {}, title), text && el("p", {}, text), ...more);

// progress is a bar; without a total it only moves.
export const progress = (done, total, label) => el("progress", { ...(total > 0 ? { max: total, value: Math.min(done || 0, total) } : {}), "aria-label": label });

// explain is a Problem in full: what happened, its findings and the hint.
export const explain = (problem) => [
	el("strong", {}, problem.title), el("p", {}, problem.message),
	problem.findings?.length > 0 && el("ul", {}, problem.findings.map((f) => el("li", {}, f.check && el("b", {}, f.check, " "), f.message))),
	problem.hint && el("p", { class: "quiet" }, `Hint: ${problem.hint}`),
].filter(Boolean);

// tokenHint stands where the actions would be while there is no token: "To publish from this page, enter the token."
export const tokenHint = (house, what) => !house.hasToken() && el("p", { class: "hint" },
	`To ${what} from this page, `, el("button", { class: "link", data: { key: `token ${what}` }, onclick: () => house.askToken() }, "enter the token"), ".");
