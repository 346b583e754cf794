// What the builder's host has and lacks for composing. It runs programs there, so only when the reader asks.
import { path, request } from "/ui/api.js";
import { copyButton, el, fill } from "/ui/element.js";
import { badge } from "/ui/parts.js";
import { attempt } from "/ui/releases/attempt.js";

const looks = { ok: "done", warning: "running", missing: "failed" };

export function preflight() {
	const out = el("div", { class: "pane", role: "status" });

	async function look(event) {
		if (!event.target.open) return;
		fill(out, el("p", { class: "quiet" }, "Looking…"));
		await attempt(out, async () => draw(await request(path("preflight"))));
	}
	return el("details", { ontoggle: look }, el("summary", {}, "Can this host compose?"), out);
}

const draw = (f) => [
	el("p", {}, `${f.host} `, el("b", { class: f.fit ? "good" : "bad" }, f.fit ? "can compose" : "cannot compose yet"), ` with ${f.backend}${f.target && `: ${f.target}`}.`),
	el("ul", { class: "jobs" }, f.findings.map((one) => el("li", {},
		el("div", { class: "job" }, badge(looks[one.verdict], one.verdict), el("b", {}, one.check), el("span", { class: "quiet" }, one.detail)),
		one.cure && el("div", { class: "line" }, el("pre", { tabindex: "0" }, el("code", {}, one.cure)), copyButton(() => one.cure, "the cure"))))),
];
