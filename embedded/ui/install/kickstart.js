// The kickstart that anybody may read: its text with line numbers, and what the lint finds at which line.
import { path, Problem } from "/ui/api.js";
import { el, fill } from "/ui/element.js";
import { count } from "/ui/format.js";
import { kickstart, query } from "/ui/install/calls.js";
import { choice, NAME, TARGETS, text } from "/ui/install/fields.js";
import { address } from "/ui/install/qr.js";
import { badge, card, curl, empty, explain } from "/ui/parts.js";

const looks = { error: "failed", warning: "running", info: "queued" };

// kickstartPane makes the pane; name() is the blueprint.
export function kickstartPane(house, name) {
	const device = text("For the device", { placeholder: "any", pattern: NAME, maxlength: 64, hint: "What appliance.toml calls it; its disk and address go into the text." });
	const target = choice("Installer", TARGETS);
	const out = el("div", { class: "stack" });
	let asking = null, shown = null;

	async function load() {
		if (!device.control.checkValidity()) return;
		asking?.abort();
		const mine = asking = new AbortController();
		const of = { name: name(), device: device.value(), asked: target.value() };
		if (!of.name) return;
		out.setAttribute("aria-busy", "true");
		try {
			const got = await kickstart(of.name, of.device, of.asked, mine.signal);
			if (mine === asking) draw({ ...of, ...got });
		} catch (problem) {
			if (problem.name === "AbortError") return;
			if (!(problem instanceof Problem)) throw problem;
			if (mine === asking) { shown = null; fill(out, refused(problem)); }
		} finally {
			if (mine === asking) out.removeAttribute("aria-busy");
		}
	}

	function draw(k) {
		const now = JSON.stringify(k);
		if (now === shown) return;
		shown = now;
		const url = `${house.url()}/${encodeURIComponent(k.name)}/kickstart.ks${query({ device: k.device, target: k.asked })}`;
		const lines = k.text.replace(/\n$/, "").split("\n");
		const listing = el("ol", { class: "code", "aria-label": "Lines of the kickstart", tabindex: "0" }, lines.map((line, i) => oneLine(line, k.findings.filter((f) => f.line === i + 1))));
		const goTo = (line) => {
			const node = listing.children[line - 1];
			node.scrollIntoView({ block: "center" });
			node.classList.add("lit");
			setTimeout(() => node.classList.remove("lit"), 2500);
		};
		fill(out,
			card("Where installers find it",
				address(url, "the kickstart's address"),
				el("p", {}, "An installer that is started by other means takes it as an argument of its kernel:"),
				address(`inst.ks=${url}`, "the kernel argument", { follow: false }),
				el("p", { class: "quiet" }, "There is no secret in it: a device that is to enrol by itself is installed over a one-time link."),
				curl("GET", `${path("blueprints", k.name, "kickstart")}${query({ device: k.device, target: k.asked })}`)),
			card(["What the lint finds ", el("span", { class: "quiet" }, `for ${TARGETS.find(([value]) => value === k.target)?.[1] || k.target}`)], findings(k.findings, goTo)),
			card(["Text ", el("span", { class: "quiet" }, count(lines.length, "line"))], listing));
	}

	const form = el("form", { class: "card fields", "aria-label": "Which kickstart", onsubmit: (event) => { event.preventDefault(); load(); } }, device.node, target.node);
	target.control.addEventListener("change", load);
	device.control.addEventListener("change", load);
	return { node: el("div", { class: "stack" }, form, out), load };
}

const refused = (problem) => (problem.kind === "nothing-published"
	? empty("No kickstart yet", "There is nothing to install: publish a release of this blueprint first.", el("p", {}, el("a", { href: "#/releases" }, "To the releases")))
	: el("div", { class: "findings", role: "alert" }, explain(problem)));

function findings(all, goTo) {
	if (!all.length) return el("p", { class: "good" }, "Nothing is wrong with it.");
	return el("ul", { class: "lint" }, all.map((f) => el("li", {},
		badge(looks[f.level] || f.level, f.level), " ",
		el("button", { class: "link", onclick: () => goTo(f.line) }, `line ${f.line}`), " ",
		el("span", {}, f.text), f.cure && el("span", { class: "quiet" }, `; ${f.cure}`), " ", el("span", { class: "quiet" }, `(${f.rule})`))));
}

function oneLine(line, found) {
	const kind = /^\s*#/.test(line) ? "comment" : /^%/.test(line) ? "section" : null;
	const worst = ["error", "warning", "info"].find((level) => found.some((f) => f.level === level));
	return el("li", { data: { kind: kind || "", level: worst || "" } }, el("code", {}, line),
		found.map((f) => el("p", { class: "remark" }, `${f.level}: ${f.text}`)));
}
