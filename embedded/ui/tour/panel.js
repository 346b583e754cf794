// The guided tour: seven steps beside any page. Each says what to tell, does it, and shows when it was seen done.
import { coalesced, soon } from "/ui/api.js";
import { el, fill } from "/ui/element.js";
import { address } from "/ui/route.js";
import { deeds } from "/ui/tour/deeds.js";
import { gather } from "/ui/tour/load.js";
import { keep, place } from "/ui/tour/place.js";
import { choices } from "/ui/tour/choices.js";
import { count, seen, signs } from "/ui/tour/steps.js";
import { words } from "/ui/tour/words.js";

// panel makes the tour; see the shell for who calls what.
export function panel(house) {
	const here = place(), narrow = matchMedia("(max-width: 78rem)");
	const total = el("p", { class: "quiet", role: "status" });
	const list = el("ol", { class: "steps", onkeydown: walk, onclick: fold });
	const cast = el("div");
	const node = el("div", { class: "card tour-panel" },
		el("header", {}, el("h2", {}, "Guided tour"), total), list, cast);
	let state, drawn = "", done = null;

	const load = coalesced(async () => {
		state = await gather(here);
		draw();
	});
	const changed = () => load().catch(house.trouble);
	const loadSoon = soon(changed);
	const shown = () => node.isConnected && node.closest("[hidden]") === null;

	function draw() {
		const now = JSON.stringify([state, here, house.hasToken()]);
		if (now === drawn) return;
		drawn = now;
		if (!state) {
			total.textContent = "";
			fill(cast);
			return fill(list, el("li", { class: "quiet" }, "The tour needs a blueprint with three releases. Compose or import them, or look at the samples: appliance serve --sample"));
		}
		const marks = words.map((_, n) => seen(n, state));
		tell(marks);
		const unfolded = [...list.querySelectorAll("details[open]")].map((d) => d.dataset.key);
		fill(list, words.map((w, n) => step(w, n, marks[n])));
		for (const d of list.querySelectorAll("details")) d.open = unfolded.includes(d.dataset.key);
		fill(cast, choices(state, (choice) => { keep(Object.assign(here, choice)); changed(); }));
	}

	// tell says which steps were seen just now, not those that were when the panel was opened.
	function tell(marks) {
		const fresh = done && marks.map((m, n) => m && !done[n] && n).filter((n) => n !== false);
		done = marks;
		total.textContent = `${marks.filter(Boolean).length} of ${count} seen`;
		if (fresh?.length) house.say(`Seen: ${fresh.map((n) => words[n].title(state)).join("; ")}.`);
	}

	function step(w, n, mark) {
		const current = here.step === n, open = current && !here.folded, id = `tour-step-${n}`;
		return el("li", { class: current && "open", data: { state: mark ? "done" : "wait" } },
			el("h3", {}, el("button", { class: "step", data: { key: id }, "aria-expanded": String(open), "aria-controls": open && id, "aria-current": current && "step", onclick: () => go(open ? -1 : n) },
				el("span", { class: "number", "aria-hidden": "true" }, mark ? "✓" : String(n)),
				el("span", {}, el("span", { class: "offscreen" }, `Step ${n}: `), w.title(state), mark && el("span", { class: "offscreen" }, " (seen)")))),
			open && el("div", { class: "body", id }, body(w, n)));
	}

	function body(w, n) {
		const parts = [deeds(n, state, house, changed)].flat(Infinity);
		parts.forEach((p, i) => { if (p?.tagName === "DETAILS") p.dataset.key = `${n} ${i}`; });
		return [
			el("h4", {}, "Say"), el("div", { class: "say" }, w.say(state).map((text) => el("p", {}, text))),
			el("h4", {}, "Do"), el("div", { class: "do" }, parts),
			el("h4", {}, "Watch"), el("p", {}, w.watch(state)), w.where && way(...w.where(state)),
			el("h4", {}, "Seen"), el("ul", { class: "signs" }, signs(n, state).map(sign)),
			el("p", { class: "turn" },
				n > 0 && turn(n - 1, "Back"), n < count - 1 && turn(n + 1, "Next step")),
		];
	}

	const turn = (n, text) => el("button", { class: "plain small", onclick: () => go(n) }, text);

	// go opens a step, or none with -1, and puts the focus on it.
	function go(n) {
		keep(Object.assign(here, { step: n, folded: false }));
		draw();
		const head = n < 0 ? null : list.children[n]?.querySelector("button");
		head?.focus({ preventScroll: true });
		head?.scrollIntoView({ block: "nearest" });
	}

	// fold makes room for the page that a link of the panel opens, where the panel stands above it.
	function fold(event) {
		if (!narrow.matches || !event.target.closest("a")) return;
		keep(Object.assign(here, { folded: true }));
		draw();
	}

	// walk moves along the steps with the arrow keys.
	function walk(event) {
		const heads = [...list.querySelectorAll(".step")], at = heads.indexOf(document.activeElement);
		const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: heads.length - 1 }[event.key];
		if (at < 0 || !heads[to]) return;
		event.preventDefault();
		heads[to].focus();
	}

	return {
		node,
		refresh: load,
		event: (e) => { if (shown() && !/ing$/.test(e.kind) && e.kind !== "job.progress") loadSoon(); },
		token: () => { if (state !== undefined) draw(); },
	};
}

const way = (text, ...to) => el("p", { class: "ways" }, el("a", { href: address(...to), data: { key: `tour way ${to.join("/")}` } }, text));

const marks = { done: "seen", wait: "not yet", none: "" };
const sign = (x) => el("li", { data: { state: x.state } }, x.text,
	el("span", { class: "offscreen" }, marks[x.state] && `: ${marks[x.state]}`),
	x.detail && el("span", { class: "quiet block" }, x.detail));
