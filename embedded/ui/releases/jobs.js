// The jobs that make releases: the one under way with its progress, and how the others ended.
import { el, fill, since } from "/ui/element.js";
import { badge, curl, progress } from "/ui/parts.js";
import { address } from "/ui/route.js";
import { cancel } from "/ui/releases/calls.js";
import { joblog } from "/ui/releases/joblog.js";

export const ended = (j) => ["done", "failed", "cancelled"].includes(j.state);
const running = (j) => !ended(j) && j.state !== "queued";
const looks = { done: "done", failed: "failed", cancelled: "idle", queued: "idle" };
const FEW = 5; // ended jobs that are shown at first

// jobs makes the list of one blueprint's jobs; changed() says that something is otherwise now.
export function jobs(house, changed) {
	const node = el("ol", { class: "jobs" });
	const rows = new Map(); // ID -> row
	let all = false, known = [], released = [];
	let watched = () => {}; // folds the log that unfolded by itself: what is made while the reader is here does so

	// show draws jobs, the newest first, with a link to those of releases that are still there.
	function show(list, releases) {
		released = releases;
		known = [...list].sort((a, b) => (a.id < b.id ? 1 : -1));
		const shown = known.filter((j, i) => all || !ended(j) || i < FEW);
		for (const [id, row] of rows) if (!shown.some((j) => j.id === id)) { row.close(); rows.delete(id); }
		const more = known.length - shown.length;
		fill(node, shown.map((j) => {
			if (!rows.has(j.id)) rows.set(j.id, row(j.id));
			rows.get(j.id).show(j);
			return rows.get(j.id).node;
		}), more > 0 && el("li", {}, el("button", { class: "plain small", onclick: () => { all = true; show(known, released); } }, `Show ${more} older`)));
	}

	// tell takes an event of progress, which says as much as the list would.
	function tell(e) {
		const j = known.find((k) => k.subject === e.subject && !ended(k));
		if (!j) return;
		Object.assign(j, { stage: e.message, done: e.done || 0, total: e.total || 0 });
		if (j.state === "queued") j.state = "running";
		rows.get(j.id)?.show(j);
	}

	function row(id) {
		const log = joblog(id), head = el("div", { class: "job" }), bar = el("div", {}), fault = el("div", { class: "findings", hidden: true });
		const toggle = el("button", { class: "plain small", "aria-expanded": "false", data: { key: `log ${id}` }, onclick: () => unfold(log.node.hidden) }, "Log");
		log.node.hidden = true;
		const line = el("li", {}, head, bar, fault, log.node);

		function unfold(open) {
			log.node.hidden = !open;
			toggle.setAttribute("aria-expanded", String(open));
			if (open) log.open(); else log.close();
		}

		let seen = false;
		function show(j) {
			const version = j.subject.split("@").pop();
			fill(head,
				el("b", {}, version), badge(looks[j.state] || "running", j.cancelling && !ended(j) ? "being cancelled" : j.state),
				el("span", { class: "quiet", title: `job ${j.id}` }, words(j)),
				toggle,
					j.state === "done" && released.some((r) => r.version === version) && el("a", { href: address("releases", ...j.subject.split("@")) }, "Show the release"),
					!ended(j) && !j.cancelling && house.hasToken() && el("button", { class: "plain small", data: { key: `cancel ${id}` }, onclick: () => stop(j) }, "Cancel…"));
			fill(bar, !ended(j) && j.state !== "queued" && progress(j.done, j.total, `Progress of ${j.subject}`));
			fault.hidden = j.state !== "failed";
			fill(fault, el("p", {}, j.error || "It failed without a word; the log may say why."));
			if (running(j) && !seen) {
				seen = true;
				watched();
				watched = () => unfold(false);
				unfold(true);
			}
		}
		return { node: line, show, close: log.close };
	}

	async function stop(j) {
		await house.confirm({
			title: `Cancel the compose of ${j.subject.replace("@", " ")}?`, go: "Cancel the compose", danger: true,
			body: [el("p", {}, "What was made so far is thrown away. Releases and devices notice nothing."), curl("DELETE", `jobs/${encodeURIComponent(j.id)}`)],
			run: () => cancel(j.id),
		});
		changed();
	}

	return { node, show, tell, close() { for (const row of rows.values()) row.close(); rows.clear(); } };
}

// words say what a job does, or how it went.
function words(j) {
	if (j.state === "queued") return ["waits since ", since(j.created)];
	if (!ended(j)) {
		const percent = j.total > 0 ? `${Math.min(100, Math.floor(100 * (j.done || 0) / j.total))} %` : "";
		return [percent, j.stage].filter(Boolean).join(", ") || ["began ", since(j.started || j.created)];
	}
	return [since(j.ended || j.created), j.started && j.ended && `, took ${took(new Date(j.ended) - new Date(j.started))}`];
}

function took(ms) {
	const s = Math.round(ms / 1000);
	if (s < 10) return `${(ms / 1000).toFixed(1)} s`;
	return s < 60 ? `${s} s` : `${Math.floor(s / 60)} min ${s % 60} s`;
}
