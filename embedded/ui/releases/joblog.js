// The log of a job, which grows as long as the job goes on.
import { Problem } from "/ui/api.js";
import { el } from "/ui/element.js";
import { command, curlLine } from "/ui/parts.js";
import { follow } from "/ui/releases/calls.js";

const MOST = 400_000; // characters that are kept; a browser gets slow beyond

// joblog makes the view of one job's log. It follows from open() to close().
export function joblog(id) {
	const out = el("pre", { class: "log", tabindex: "0", role: "log", "aria-label": `Log of job ${id}`, "aria-live": "off" });
	const state = el("p", { class: "quiet", role: "status" });
	const line = curlLine("GET", `jobs/${id}/log?follow=1`).replace("-fsS", "-fsSN");
	const node = el("div", { class: "pane" }, out, state, command(line));
	let abort = null;

	async function open() {
		if (abort) return;
		const mine = abort = new AbortController();
		out.textContent = "";
		state.textContent = "following";
		try {
			await follow(id, write, mine.signal);
			if (abort === mine) state.textContent = out.textContent ? "This is all of it." : "Nothing was written.";
		} catch (problem) {
			if (abort !== mine || problem.name === "AbortError") return;
			state.textContent = problem instanceof Problem ? `The log cannot be read: ${problem.message}.` : "The log broke off; close and open it to go on.";
			abort = null;
		}
	}

	function write(piece) {
		const below = out.scrollHeight - out.scrollTop - out.clientHeight < 40; // the reader looks at the end
		out.append(piece);
		for (let size = out.textContent.length; size > MOST && out.childNodes.length > 1;) {
			size -= out.firstChild.length;
			out.firstChild.remove();
		}
		if (below) out.scrollTop = out.scrollHeight;
	}

	return { node, open, close() { abort?.abort(); abort = null; } };
}
