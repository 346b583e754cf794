// Shows the diary, newest on top. Steps of one long operation share a line with a progress bar.
import { el } from "/ui/element.js";
import { clock, day, short } from "/ui/format.js";

const LINES = 150;

// words for kinds whose last part does not speak for itself, as that of "release.published" does.
const words = { "device.os-changed": "system changed", "delta.made": "delta made", "delta.withdrawn": "delta withdrawn", "server.started": "builder started", "tag.moved": "tag moved", "tag.refused": "tag refused", gap: "older entries are gone" };
const word = (kind) => words[kind] || kind.split(".").pop();

// ends says which operation an event finishes.
const ends = { "release.imported": "release.importing", "release.verified": "release.verifying", "release.pruned": "release.pruning", "app.mirrored": "app.mirroring" };

// running tells steps of an operation from what changes something.
export const running = (e) => /ing$/.test(e.kind);

export function diary(list, empty) {
  const open = new Map(); // "kind subject" of an operation under way -> its line

  return function add(e) {
    if (e.kind === "gap" && !list.children.length) return; // what was before the first visit is missed by nobody
    empty.hidden = true;
    const key = `${e.kind} ${e.subject}`;
    const ended = `${ends[e.kind]} ${e.subject}`;
    open.get(ended)?.remove();
    open.delete(ended);
    const node = line(e);
    if (open.has(key)) open.get(key).replaceWith(node);
    else list.prepend(node);
    if (running(e)) open.set(key, node);
    while (list.children.length > LINES) list.lastElementChild.remove();
  };
}

function line(e) {
  const today = day(e.time) === day(Date.now());
  return el("li", { data: { kind: e.kind } },
    el("time", { datetime: e.time, title: `${day(e.time)} ${clock(e.time)}` }, today ? clock(e.time) : day(e.time)),
    el("p", {},
      word(e.kind), " ",
      e.subject && el("strong", {}, e.subject)),
    e.message && el("p", { class: "quiet", title: e.message }, e.message.replace(/\b[0-9a-f]{64}\b/g, short)),
    e.total > 0 && running(e) && el("progress", { max: e.total, value: e.done || 0, "aria-label": `${e.subject}: ${word(e.kind)}` }));
}
