// The devices: what each reported last, and on a click all of it. A row lights up when the diary speaks of it.
import { coalesced, device as getDevice, devices as getDevices, Problem } from "/ui/api.js";
import { brief } from "/ui/apps.js";
import { el, fill, since } from "/ui/element.js";
import { count, moment, short } from "/ui/format.js";

const LIT = 4000; // how long a row stays lit

// devices makes the part of the page with every device.
export function devices() {
  const list = el("div", { class: "scroll" }), total = el("p", { class: "quiet" });
  const node = el("section", { class: "card devices", id: "devices", "aria-labelledby": "devices-title", hidden: true },
    el("header", { class: "head" }, el("div", { class: "title" }, el("h2", { id: "devices-title" }, "Devices"), total)), list);
  const lit = new Map(); // ID -> until when
  let shown = [], open = "", detail = null, drawn = "";

  const load = coalesced(fetchAll);

  async function fetchAll() {
    try {
      const all = await getDevices();
      const one = open && all.some((d) => d.id === open) ? await getDevice(open) : null;
      shown = all;
      if (!one) open = "";
      detail = one && one.id === open ? one : null;
      draw();
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem; // as for apps
    }
  }

  function draw() {
    const now = Date.now();
    for (const [id, until] of lit) if (until < now) lit.delete(id);
    const state = JSON.stringify([shown, open, detail, [...lit]]);
    if (state === drawn) return;
    drawn = state;
    node.hidden = shown.length === 0;
    const quiet = shown.filter((d) => d.stale).length;
    total.textContent = count(shown.length, "device") + (quiet ? `, ${quiet} silent` : "");
    fill(list, el("table", { class: "releases" },
      el("caption", { class: "offscreen" }, "Devices by name"),
      el("thead", {}, el("tr", {}, ["Name", "System", "State", "Applications", "Last rollback", "Last contact"].map((name) => el("th", { scope: "col" }, name)))),
      el("tbody", {}, shown.map((d) => [row(d), d.id === open && detail && el("tr", {}, el("td", { class: "more", colspan: 6 }, more(detail)))]))));
  }

  function row(d) {
    const cell = (name, ...content) => el("td", { data: { name } }, ...content);
    return el("tr", { data: { state: d.state }, class: lit.has(d.id) && "lit" },
      el("th", { scope: "row" }, el("button", { class: "link", "aria-expanded": String(d.id === open), title: d.id, data: { key: `device ${d.id}` }, onclick: () => toggle(d.id) }, d.name),
        el("span", { class: "quiet block" }, d.blueprint)),
      cell("System", el("span", { title: d.commit }, d.release || d.os_version || short(d.commit) || "unknown")),
      cell("State", el("span", { class: "badge", data: { state: looks[d.state] } }, words(d))),
      cell("Applications", d.apps.map((a) => el("span", { class: a.ready ? "block" : "block bad", title: a.digest }, `${a.name} ${a.version || brief(a.digest) || "?"}${a.ready ? "" : ", not ready"}`))),
      cell("Last rollback", d.rollback && el("span", { class: "marks" }, told(d.rollback))),
      cell("Last contact", d.last_contact ? el("span", { class: d.stale && "bad", title: moment(d.last_contact) }, since(d.last_contact), d.stale && ", silent") : el("span", { class: "quiet" }, "never")));
  }

  function toggle(id) {
    open = id === open ? "" : id;
    detail = null;
    draw();
    if (open) load();
  }

  // touch lights up the device of an event; its subject is NAME/ID.
  function touch(subject) {
    lit.set(subject.split("/").pop(), Date.now() + LIT);
    setTimeout(draw, LIT + 50);
  }

  return { node, load, draw, touch };
}

const looks = { green: "published", trial: "staged", checking: "staged", red: "bad", "rolled-back": "bad" };

const words = (d) => (d.state === "trial" && d.attempt ? `trial ${d.attempt} of ${d.attempts || "?"}` : d.state.replace("-", " "));

const told = (r) => [`${r.from_version || short(r.from)} to ${r.to_version || short(r.to)}`, r.check, r.reason].filter(Boolean).join(": ");

// more is what a device said in full.
function more(d) {
  const s = d.status || { boot: {} };
  const lines = (title, all, line) => all?.length > 0 && el("div", {}, el("h4", {}, title), el("ul", {}, all.map((one) => el("li", {}, line(one)))));
  return [
    el("p", { class: "quiet" }, `ID ${d.id}, enrolled ${moment(d.enrolled)}`, s.boot.engine && `, boots judged by ${s.boot.engine}`, s.version && `, appliance ${s.version}`),
    d.rollback && el("div", { class: "findings" }, el("p", {}, el("strong", {}, "Rolled back "), since(d.rollback.time), ": ", told(d.rollback))),
    lines("Checks", s.boot.checks, (c) => [mark(c.ok), `${c.name} (${c.required ? "required" : "wanted"})`, c.reason && `: ${c.reason}`]),
    lines("Applications", s.apps, (a) => [mark(a.ready), `${a.name}, unit ${a.unit}, ${a.state} `, el("code", { title: a.digest }, brief(a.digest)), a.reason && `: ${a.reason}`,
      a.update && el("span", { class: "quiet" }, ` ${a.update.outcome} `, since(a.update.time), a.update.reason && `: ${a.update.reason}`)]),
    lines("Deployments", s.os, (o) => [el("code", { title: o.commit }, short(o.commit)), ` ${o.version || ""} `, ["booted", "staged", "rollback", "pinned", "quarantined"].filter((w) => o[w]).join(", ")]),
    lines("Quarantine", s.quarantine, (b) => [`${b.kind} ${b.name || ""} `, el("code", { title: b.what }, brief(b.what)), b.reason && `: ${b.reason}`]),
    lines("What happened", d.history, (t) => [el("time", { class: "quiet", datetime: t.time }, moment(t.time)), " ", t.message]),
  ];
}

const mark = (ok) => el("b", { class: ok ? "gets" : "bad" }, ok ? "passed " : "failed ");
