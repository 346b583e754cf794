// Prune and verify: what goes, and whether every object is what its name says.
import { path } from "/ui/api.js";
import { el, fill } from "/ui/element.js";
import { bytes, count } from "/ui/format.js";
import { card, curl, progress, table, tokenHint } from "/ui/parts.js";
import { attempt } from "/ui/releases/attempt.js";
import { prune, verify } from "/ui/releases/calls.js";
import { curlIn } from "/ui/releases/curlin.js";

// upkeep makes the card of one blueprint; changed() says that something is otherwise now.
export function upkeep(house, name, changed) {
	const keep = el("input", { type: "number", min: 1, max: 1000, value: 3, placeholder: "all", oninput: look });
	const age = el("input", { type: "text", autocomplete: "off", placeholder: "any age; 30d", oninput: look });
	const dry = el("button", { class: "plain", onclick: () => run(dry, pruned, ask) }, "Show what would go");
	const check = el("button", { class: "plain", onclick: () => run(check, verified, examine) }, "Verify every object");
	const pruned = el("div", { class: "pane", role: "status" }), verified = el("div", { class: "pane", role: "status" });
	const hint = el("div", {}), line = el("div", {});
	const node = card("Upkeep", el("div", { class: "halves" },
		el("section", {}, el("h4", {}, "Prune"),
			el("p", { class: "quiet" }, "Drops old releases and every object that nothing needs. What is published, pinned, or was published until recently, stays."),
			el("div", { class: "fields" }, el("label", {}, el("span", {}, "Keep the newest"), keep), el("label", {}, el("span", {}, "Only those older than"), age)),
			el("div", { class: "tools" }, dry), pruned, line),
		el("section", {}, el("h4", {}, "Verify"),
			el("p", { class: "quiet" }, "Reads everything again and compares it with its checksum. Devices are served meanwhile."),
			el("div", { class: "tools" }, check), verified, curl("POST", path("releases", name, "verify")))), hint);

	const options = () => ({ keep: Math.max(0, Math.trunc(keep.value) || 0), ...(age.value.trim() ? { older_than: age.value.trim() } : {}) });

	function look() {
		dry.disabled = check.disabled = !house.hasToken();
		fill(hint, tokenHint(house, "prune and verify"));
		curlIn(line, "POST", path("releases", name, "prune"), { ...options(), dry_run: true });
		fill(pruned); // it spoke of other wishes
	}

	// run keeps a button quiet while its work goes on.
	async function run(button, out, work) {
		button.disabled = true;
		fill(out, progress(0, 0, button.textContent));
		await attempt(out, work);
		button.disabled = !house.hasToken();
	}

	async function ask() {
		const wish = options(), { releases, objects } = await prune(name, { ...wish, dry_run: true });
		const names = releases.map((id) => id.split("@").pop()).join(", ");
		return [
			el("p", {}, releases.length ? [`${count(releases.length, "release")} would go: `, el("b", { class: "bad" }, names), "."] : "No release would go."),
			el("p", { class: "quiet" }, objects.removed ? `Nothing needs ${count(objects.removed, "object")} of ${bytes(objects.bytes)}` : "Every object is needed by a release",
				releases.length ? "; what these releases leave behind comes on top." : "."),
			(releases.length > 0 || objects.removed > 0) && el("button", { class: "primary danger", onclick: () => really(wish, names) }, releases.length ? `Prune ${count(releases.length, "release")}…` : "Prune…"),
		];
	}

	async function really(wish, names) {
		let gone = null;
		const done = await house.confirm({
			title: `Prune ${name}?`, go: "Prune", danger: true,
			body: [
				el("p", {}, names ? `These releases go for good: ${names}.` : "Only objects go that nothing needs."),
				el("p", {}, "Devices get what they get now. A release that went can only be composed or imported again."),
				curl("POST", path("releases", name, "prune"), wish),
			],
			run: async () => { gone = await prune(name, wish); },
		});
		if (!done) return;
		fill(pruned, el("p", {}, `${count(gone.releases.length, "release")} and ${count(gone.objects.removed, "object")} of ${bytes(gone.objects.bytes)} are gone; ${count(gone.objects.kept, "object")} stayed.`));
		changed();
	}

	async function examine() {
		const v = await verify(name), bad = v.faults.length;
		return [
			el("p", {}, `${count(v.objects, "object")} in ${count(v.commits, "commit")}, ${bytes(v.bytes)}: `, el("b", { class: bad ? "bad" : "good" }, bad ? count(bad, "fault") : "no fault"), "."),
			bad > 0 && table([
				{ name: "Cause", head: true, cell: (f) => f.cause },
				{ name: "Path", cell: (f) => el("code", {}, f.path || "unknown") },
				{ name: "Detail", cell: (f) => f.detail },
			], v.faults, { caption: "Faults" }),
		];
	}

	look();
	return {
		node, token: look,
		tell(e) { if (e.kind === "release.verifying" && verified.querySelector("progress")) fill(verified, progress(e.done, e.total, "Verifying")); },
	};
}
