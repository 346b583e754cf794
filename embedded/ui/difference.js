// Shows what tells two releases of one blueprint apart: packages, or files where a commit lists no packages.
import { diff } from "/ui/api.js";
import { el, fill } from "/ui/element.js";
import { count, evr } from "/ui/format.js";

const MANY = 80; // entries of one group drawn before the reader asks for the rest

const groups = [["removed", "Removed"], ["added", "Added"], ["upgraded", "Upgraded"], ["downgraded", "Downgraded"], ["changed", "Changed"]];

// difference makes the viewer of one blueprint. show() says what to compare; a pair that the reader
// chose in the viewer stays until forget().
export function difference(name) {
  const known = new Map(); // "commit commit" -> answer; commits never change, so neither does the answer
  let releases = [], pair = [], chosen = null, under = null, answer = null;

  const choice = (label) => el("select", { "aria-label": `${label}, ${name}` });
  const selects = [choice("Compare from release"), choice("Compare to release")];
  const swap = el("button", { class: "plain small", "aria-label": "Exchange the two releases", title: "Exchange" }, "⇄");
  const filter = el("input", { type: "search", placeholder: "Filter", "aria-label": `Filter the difference of ${name}`, autocomplete: "off" });
  const sum = el("p", { class: "sum", role: "status" });
  const body = el("div", { class: "groups" });
  const node = el("div", { class: "panel" },
    el("div", { class: "tools" }, el("h3", {}, "Difference"), el("span", { class: "pair" }, selects[0], swap, selects[1]), filter),
    sum, body);

  const take = (...versions) => { chosen = versions; show(releases, ...versions); };
  selects.forEach((s) => s.addEventListener("change", () => take(...selects.map((x) => x.value))));
  swap.addEventListener("click", () => take(pair[1], pair[0]));
  filter.addEventListener("input", draw);

  async function show(all, ...suggested) {
    releases = all;
    node.hidden = all.length < 2;
    if (node.hidden) return;
    const find = (version) => all.find((r) => r.version === version);
    if (!chosen?.every(find)) chosen = null;
    pair = chosen || suggested;
    selects.forEach((select, i) => offer(select, all, pair[i]));
    const [from, to] = pair.map(find);
    under?.abort();
    const mine = under = new AbortController();
    const key = `${from.commit} ${to.commit}`;
    if (!known.has(key)) {
      body.setAttribute("aria-busy", "true");
      try {
        known.set(key, await diff(to, from.version, mine.signal));
      } catch (problem) {
        if (problem.name !== "AbortError") refuse(problem);
        return;
      }
      if (mine !== under) return;
    }
    if (answer === known.get(key)) return;
    answer = known.get(key);
    draw();
  }

  function refuse(problem) {
    answer = null;
    body.removeAttribute("aria-busy");
    fill(sum, `The difference cannot be shown: ${problem.message}.`);
    fill(body);
  }

  function draw() {
    if (!answer) return;
    body.removeAttribute("aria-busy");
    const lists = entries(answer);
    const word = filter.value.trim().toLowerCase();
    const total = lists.reduce((n, [, , list]) => n + list.length, 0);
    filter.hidden = total === 0;
    fill(sum, headline(answer, lists, total));
    fill(body, lists.map(([kind, title, list]) => group(kind, title, list, word)));
    if (word && total && !body.children.length) fill(body, el("p", { class: "quiet" }, `Nothing here matches “${filter.value.trim()}”.`));
  }

  return { node, show, forget: () => { chosen = null; } };
}

// offer fills a select with the releases, and leaves it alone while they are the same: it may be open.
function offer(select, releases, version) {
  const labels = releases.map((r) => (r.state === "staged" ? r.version : `${r.version} (${r.state})`));
  if (select.dataset.labels !== labels.join()) {
    select.dataset.labels = labels.join();
    fill(select, releases.map((r, i) => el("option", { value: r.version }, labels[i])));
  }
  select.value = version;
}

// entries brings both kinds of answer into one form: [kind, title, [{name, detail}]], empty groups left out.
function entries(answer) {
  const lists = {};
  if (answer.basis === "files") {
    for (const f of answer.files || []) (lists[f.change] ||= []).push({ name: f.path + (f.dir ? "/" : ""), detail: [f.dir && f.change !== "changed" ? "and all below" : ""] });
  } else {
    for (const [kind] of groups) {
      lists[kind] = (answer.packages?.[kind] || []).map((p) => (p.to
        ? { name: p.to.name, detail: [evr(p.from), evr(p.to), p.to.arch] }
        : { name: p.name, detail: [evr(p), p.arch] }));
    }
  }
  return groups.map(([kind, title]) => [kind, title, lists[kind] || []]).filter(([, , list]) => list.length);
}

function headline(answer, lists, total) {
  const [from, to] = [answer.from, answer.to].map((id) => id.split("@").pop());
  const files = answer.basis === "files";
  if (!total) return [`${from} and ${to} hold the same ${files ? "files" : "packages"}.`];
  return [
    files && el("span", { class: "basis" }, "One of these commits carries no package list, so this is the difference of their files. "),
    `From ${from} to ${to}: `,
    lists.map(([kind, , list], i) => [i > 0 && ", ", el("span", { class: "tally", data: { kind } }, `${list.length} ${kind}`)]),
    ".",
  ];
}

function group(kind, title, list, word) {
  const shown = word ? list.filter((e) => e.name.toLowerCase().includes(word)) : list;
  if (!shown.length) return null;
  const items = el("ul", {}, shown.slice(0, MANY).map(item));
  const rest = shown.length > MANY && el("button", { class: "plain small", onclick: () => {
    items.append(...shown.slice(MANY).map(item));
    rest.remove();
  } }, `Show ${count(shown.length - MANY, "more entry", "more entries")}`);
  return el("section", { class: "group" },
    el("h4", { data: { kind } }, title, " ", el("span", { class: "quiet" }, shown.length === list.length ? String(list.length) : `${shown.length} of ${list.length}`)),
    items, rest);
}

function item(e) {
  const [first, ...more] = e.detail;
  return el("li", {},
    el("span", { class: "name" }, e.name), " ",
    more.length === 2
      ? el("span", { class: "detail" }, first, el("span", { class: "arrow", "aria-label": "to" }, " → "), more.join(" "))
      : first && el("span", { class: "detail" }, [first, ...more].join(" ")));
}
