// Follows the builder's diary (Server-Sent Events) and never gives up: after a break it goes on where it stopped.
// It reads the stream with fetch, not EventSource: a private builder wants the token as a header,
// and kinds of events that this page does not know yet must arrive too.
import { authorization } from "/ui/api.js";

const SILENCE = 40_000; // the builder sends a comment every 15 s; after this long the connection is dead
const HIDDEN = 60_000;  // a tab nobody looks at gives its connection back

export function follow({ onEvent, onState }) {
  let last = 0, wait = 1000, current = null, timer = 0;

  async function connect() {
    clearTimeout(timer);
    const mine = current = new AbortController();
    try {
      await read(mine, (e) => { last = Math.max(last, e.id); onEvent(e); });
    } catch { /* a break is a break, whatever its cause */ }
    if (current !== mine) return;
    current = null;
    onState("wait");
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
  let hiding = 0;
  document.addEventListener("visibilitychange", () => {
    clearTimeout(hiding);
    if (document.hidden) hiding = setTimeout(sleep, HIDDEN);
    else wake();
  });
  addEventListener("online", wake);
  addEventListener("pagehide", sleep);
  addEventListener("pageshow", wake);
  wake();
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
