// The applications: what devices get of each, its tags, and moving the followed tag there and back.
import { apps as getApps, coalesced, hasToken, history as getHistory, Problem, retag, setToken, tags as getTags, undo } from "/ui/api.js";
import { copyButton, el, fill, say, since } from "/ui/element.js";
import { bytes, count, moment } from "/ui/format.js";

const PATIENCE = 6000; // how long a button waits for its second click

export const brief = (digest) => (digest || "").replace(/^(sha\d+:)?(.{12}).*/, "$2");

// applications makes the part of the page with every app. page = { askToken() }.
export function applications(page) {
  const list = el("div"), total = el("p", { class: "quiet" });
  const node = el("section", { class: "card apps", id: "apps", "aria-labelledby": "apps-title", hidden: true },
    el("header", { class: "head" }, el("div", { class: "title" }, el("h2", { id: "apps-title" }, "Applications"), total)), list);
  const faults = new Map(); // app -> what went wrong with the last click
  let armed = "", disarming = 0, shown = null, drawn = "";

  const load = coalesced(fetchAll);

  async function fetchAll() {
    try {
      shown = await Promise.all((await getApps()).map(async (a) => {
        const rest = a.fault ? [[], []] : await Promise.all([getTags(a.name), getHistory(a.name)]).catch((problem) => { a.fault = problem.message; return [[], []]; });
        return { ...a, tagList: rest[0], moves: rest[1] };
      }));
      draw();
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem; // the rest of the page says that the builder is away
    }
  }

  function draw() {
    if (!shown) return;
    const now = JSON.stringify([shown, hasToken(), armed, [...faults]]);
    if (now === drawn) return;
    drawn = now;
    node.hidden = shown.length === 0;
    total.textContent = count(shown.length, "app");
    fill(list, shown.map(one),
      !hasToken() && el("p", { class: "hint" }, "To move tags from this page, ", el("button", { class: "link", data: { key: "token apps" }, onclick: page.askToken }, "enter the token"), "."));
  }

  function one(a) {
    const versions = (a.same_as || []).join(", ");
    const last = a.moves[0];
    return el("div", { class: "panel app" },
      el("div", { class: "tools" },
        el("h3", {}, a.name, " ", el("span", { class: "quiet" }, [a.unit && `unit ${a.unit}`, a.port && `port ${a.port}`, a.cold && "starts when asked"].filter(Boolean).join(", "))),
        hasToken() && a.moves.some((m) => m.to === a.tag && m.before) && twice(`undo ${a.name}`, "plain small", "Undo…", `Undo the last move of ${a.name}`, () => undo(a.name, a.tag), a)),
      el("p", {}, "Devices follow ", el("code", {}, a.tag), a.digest
        ? [" and get ", el("strong", { class: "gets" }, versions || brief(a.digest)), el("span", { class: "quiet" }, " "), el("code", { title: a.digest }, brief(a.digest)), copyButton(() => a.digest, `digest of ${a.name} ${a.tag}`)]
        : ", which is not there yet: push or mirror an image."),
      last && el("p", { class: "quiet", title: last.actor }, `${words[last.kind] || last.kind} `, el("time", { datetime: last.time, title: moment(last.time) }, since(last.time)),
        `: ${last.to} from ${brief(last.before) || "nothing"} to ${brief(last.after)}`),
      (a.fault || faults.get(a.name)) && el("div", { class: "findings", role: "alert" }, el("p", {}, faults.get(a.name) || a.fault)),
      a.tagList.length > 0 && el("div", { class: "scroll" }, table(a)));
  }

  const table = (a) => el("table", { class: "releases tags" },
    el("caption", { class: "offscreen" }, `Tags of ${a.name}`),
    el("thead", {}, el("tr", {}, ["Tag", "Digest", "Same as", "Platforms"].map((name) => el("th", { scope: "col" }, name)),
      el("th", { scope: "col", class: "number" }, "Size"), el("th", { scope: "col" }, el("span", { class: "offscreen" }, "Actions")))),
    el("tbody", {}, a.tagList.map((t) => row(a, t))));

  function row(a, t) {
    const cell = (name, props, ...content) => el("td", { data: { name }, ...props }, ...content);
    return el("tr", { data: { state: t.followed ? "published" : "" } },
      el("th", { scope: "row" }, el("b", {}, t.name), " ",
        t.followed && el("span", { class: "badge", data: { state: "published" }, title: "Devices follow this tag" }, "followed"),
        t.immutable && el("span", { class: "quiet", title: "This tag never moves" }, "fixed")),
      cell("Digest", {}, el("code", { title: t.digest }, brief(t.digest)), copyButton(() => t.digest, `digest of ${a.name}:${t.name}`)),
      cell("Same as", {}, t.same_as.join(", ")),
      cell("Platforms", {}, t.platforms.join(", ")),
      cell("Size", { class: "number", title: t.created ? `made ${moment(t.created)}` : undefined }, bytes(t.size)),
      cell("", { class: "actions" }, hasToken() && !t.followed && t.digest !== a.digest &&
        twice(`retag ${a.name} ${t.name}`, "primary small", `Use ${t.name}…`, `Make devices get ${a.name} ${t.name}`, () => retag(a.name, t.name, a.tag, a.digest), a)));
  }

  // twice is a button that acts at its second click and says so after the first.
  function twice(key, look, label, what, act, a) {
    const ready = armed === key;
    return el("button", { class: ready ? "primary small danger" : look, data: { key }, "aria-label": ready ? `${what}: click again to confirm` : what, onclick: ready ? () => run(act, a) : () => arm(key) },
      ready ? "Click again to confirm" : label);
  }

  function arm(key) {
    armed = key;
    clearTimeout(disarming);
    if (key) disarming = setTimeout(() => arm(""), PATIENCE);
    draw();
  }

  async function run(act, a) {
    arm("");
    faults.delete(a.name);
    try {
      const done = await act();
      say(done.changed ? `${a.name}:${done.to} names ${brief(done.after)} now. Devices get it at their next update.` : `${a.name}:${done.to} names that already.`);
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      if (problem.status === 401) { setToken(""); page.askToken(); }
      faults.set(a.name, `${problem.title}: ${problem.message}`);
    }
    await load();
    draw();
  }

  return { node, load, draw };
}

const words = { retag: "Retagged", undo: "Undone", push: "Pushed", mirror: "Mirrored" };
