// The table of one blueprint's releases, newest first, as a line of time.
import { copyButton, el, since } from "/ui/element.js";
import { bytes, moment, short } from "/ui/format.js";

const states = {
  staged: "Kept here, invisible to devices until it is published",
  published: "What devices get now",
  superseded: "Was published before",
};

export const badge = (state) => el("span", { class: "badge", data: { state }, title: states[state] }, state);

// table shows releases; choose(version) selects one, publish(release) asks to publish it (null without a token).
export function table(releases, { selected, choose, publish }) {
  const column = (name, props = {}) => el("th", { scope: "col", ...props }, name);
  return el("table", { class: "releases" },
    el("caption", { class: "offscreen" }, "Releases, newest first"),
    el("thead", {}, el("tr", {},
      column("Version"), column("State"), column("Commit"), column("Date"), column("Packages", { class: "number" }),
      column("Size", { class: "number" }), column("Signed"), column(el("span", { class: "offscreen" }, "Actions")))),
    el("tbody", {}, releases.map((r) => row(r, { selected: r.version === selected, choose, publish }))));
}

function row(r, { selected, choose, publish }) {
  const cell = (name, props, ...content) => el("td", { data: { name }, ...props }, ...content);
  const pick = el("button", {
    class: "version", "aria-pressed": String(selected), data: { key: `pick ${r.version}` },
    title: "Show its difference and commands below", onclick: () => choose(r.version),
  }, r.version);
  return el("tr", { data: { state: r.state, version: r.version }, class: selected && "selected" },
    el("th", { scope: "row" }, pick),
    cell("State", {}, badge(r.state), marks(r)),
    cell("Commit", {}, el("code", { title: r.commit }, short(r.commit)), copyButton(() => r.commit, `commit of ${r.version}`)),
    cell("Date", {}, el("time", { datetime: r.time, title: `made ${moment(r.time)}, here since ${moment(r.added)}` }, moment(r.time)),
      r.published_at && el("span", { class: "quiet block" }, "published ", since(r.published_at))),
    cell("Packages", { class: "number" }, r.packages < 0 ? el("span", { class: "quiet", title: "The commit carries no package list" }, "no list") : String(r.packages)),
    cell("Size", { class: "number", title: `${r.objects} objects, ${r.new_objects} of them new with this release` }, bytes(r.size)),
    cell("Signed", {}, signed(r)),
    cell("", { class: "actions" }, publish && r.state !== "published" && el("button", {
      class: r.state === "staged" ? "primary small" : "plain small", data: { key: `publish ${r.version}` },
      "aria-label": `Publish ${r.blueprint} ${r.version}`, onclick: () => publish(r),
    }, r.state === "staged" ? "Publish…" : "Publish again…")));
}

function marks(r) {
  const words = [r.pinned && "pinned", r.sample && "sample, not bootable"].filter(Boolean);
  return words.length > 0 && el("span", { class: "marks" }, words.join(" · "));
}

function signed(r) {
  const kinds = Object.keys(r.signatures || {}).filter((k) => r.signatures[k] > 0).sort();
  if (kinds.length) return kinds.join(", ");
  return el("span", { class: "quiet", title: r.state === "staged" ? "It is signed when it is published" : "It carries no signature" },
    r.state === "staged" ? "when published" : "no");
}
