// Follows the builder's diary (Server-Sent Events) and never gives up: after a break it goes on where it stopped.
// It reads the stream with fetch, not EventSource: a private builder wants the token as a header,
// and kinds of events that this page does not know yet must arrive too.
import { authorization } from "/ui/api.js";

const SILENCE = 40_000; // the builder sends a comment every 15 s; after this long the connection is dead
const HIDDEN = 60_000;  // a tab nobody looks at gives its connection back

// follow calls onEvent for each event and onState with "live", "wait" (it tries again by itself) or "locked" (the
// builder wants a token; call wake once there is one).
export function follow({ onEvent, onState }) {
	let last = 0, wait = 1000, current = null, timer = 0, stopped = false;

	async function connect() {
		clearTimeout(timer);
		const mine = current = new AbortController();
		let state = "wait";
		try {
			await read(mine, (e) => { last = Math.max(last, e.id); onEvent(e); });
		} catch (cause) { // a break is a break, whatever its cause, but for a door that stays shut
			if (cause.message === "401") state = "locked";
		}
		if (current !== mine) return;
		current = null;
		onState(state);
		if (state === "locked") { stopped = true; return; }
		timer = setTimeout(connect, wait * (0.75 + Math.random() / 2));
		wait = Math.min(wait * 2, 15_000);
	}

	async function read(abort, each) {
		let watchdog = setTimeout(() => abort.abort(), SILENCE);
		try {
			const headers = { Accept: "text/event-stream", ...authorization(), ...(last ? { "Last-Event-ID": String(last) } : {}) };
			const response = await fetch("/api/v1/events", { headers, signal: abort.signal, cache: "no-store" });
			if (!response.ok) throw new Error(String(response.status));
			onState("live");
			wait = 1000;
			const parse = parser(each);
			for (const reader = response.body.pipeThrough(new TextDecoderStream()).getReader(); ;) {
				const { done, value } = await reader.read();
				if (done) return;
				clearTimeout(watchdog);
				watchdog = setTimeout(() => abort.abort(), SILENCE);
				parse(value);
			}
		} finally {
			clearTimeout(watchdog);
		}
	}

	const sleep = () => { clearTimeout(timer); const old = current; current = null; old?.abort(); };
	const wake = () => { if (!current) { wait = 1000; connect(); } };
	const rouse = () => { if (!stopped) wake(); };
	let hiding = 0;
	document.addEventListener("visibilitychange", () => {
		clearTimeout(hiding);
		if (document.hidden) hiding = setTimeout(sleep, HIDDEN);
		else rouse();
	});
	addEventListener("online", rouse);
	addEventListener("pagehide", sleep);
	addEventListener("pageshow", rouse);
	wake();
	return {
		wake() { stopped = false; wake(); },
		// stop forgets where it was: the next wake begins with all that the builder remembers.
		stop() { sleep(); last = 0; stopped = true; },
	};
}

// parser takes pieces of an event stream and hands on each event's data as JSON.
export function parser(each) {
	let rest = "", data = "";
	return (piece) => {
		const lines = (rest + piece).split("\n");
		rest = lines.pop();
		for (const line of lines) {
			const text = line.endsWith("\r") ? line.slice(0, -1) : line;
			if (text.startsWith("data:")) data += text.slice(5).trimStart();
			if (text === "" && data) {
				const whole = data;
				data = "";
				each(JSON.parse(whole));
			}
		}
	};
}
