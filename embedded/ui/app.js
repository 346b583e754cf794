// Wires the page: loads what the builder has, draws it, and draws again when the diary says that it changed.
import { coalesced, hasToken, Problem, releases as getReleases, setToken, status as getStatus } from "/ui/api.js";
import { applications } from "/ui/apps.js";
import { section } from "/ui/blueprint.js";
import { devices as allDevices } from "/ui/devices.js";
import { diary, running } from "/ui/diary.js";
import { el, fill, say } from "/ui/element.js";
import { follow } from "/ui/events.js";
import { ago, clock } from "/ui/format.js";
import { askToken, confirmPublish } from "/ui/publish.js";

const $ = (id) => document.getElementById(id);
const main = $("releases");
const sections = new Map();
let drawn = "", loaded = null;

// load fetches everything the page shows and draws it.
const load = coalesced(fetchAll);

async function fetchAll() {
  try {
    const [status, releases] = await Promise.all([getStatus(), getReleases()]);
    loaded = { status, releases, at: Date.now() };
    trouble("");
    draw();
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    if (problem.status === 401) return locked();
    trouble(loaded
      ? `${problem.title}: ${problem.message}. What you see is from ${clock(loaded.at)}.`
      : `${problem.title}: ${problem.message}. This page tries again by itself.`);
    setTimeout(load, 5000);
  }
}

// locked asks once; whoever says no finds the button in the header.
async function locked() {
  const why = "This builder shows its releases only to those who have its token.";
  setToken("");
  drawToken();
  trouble(why);
  if (await askToken(why)) return fetchAll();
}

function draw() {
  const { status, releases } = loaded;
  const now = JSON.stringify([status.version, status.url, status.blueprints, releases, hasToken()]);
  drawToken();
  if (now === drawn) return;
  drawn = now;
  const url = (status.url || location.origin).replace(/\/+$/, "");
  $("version").textContent = status.version;
  fill($("about"), el("a", { href: url }, url));
  main.removeAttribute("aria-busy");
  for (const b of status.blueprints) {
    if (!sections.has(b.name)) sections.set(b.name, section(b.name, page));
    const part = sections.get(b.name);
    part.update({ blueprint: b, releases: releases.filter((r) => r.blueprint === b.name), url, token: hasToken() });
    if (!part.node.isConnected) main.insertBefore(part.node, apps.node);
  }
  for (const [name, part] of sections) {
    if (!status.blueprints.some((b) => b.name === name)) { part.node.remove(); sections.delete(name); }
  }
  main.querySelector(".empty")?.remove();
  if (!status.blueprints.length) main.insertBefore(nothing(url), apps.node);
  apps.draw();
}

const nothing = (url) => el("div", { class: "card empty" },
  el("h2", {}, "No releases yet"),
  el("p", {}, "Import an edge-commit from image builder, and it waits here until you publish it:"),
  el("pre", { tabindex: "0" }, el("code", {}, `appliance release import NAME@0.0.1 edge-commit.tar\n\n# or from another machine\ncurl -T edge-commit.tar -H "Authorization: Bearer $APPLIANCE_TOKEN" \\\n  ${url}/api/v1/releases/NAME/0.0.1`)));

const page = {
  publish: (release, blueprint) => confirmPublish(release, blueprint, load),
  chosen: (name, version) => history.replaceState(null, "", `#${name}@${version}`),
  askToken: () => askToken().then((given) => { if (given) { load(); apps.load(); devices.load(); say("Token entered: you can publish and retag now."); } }),
};
const apps = applications(page);
const devices = allDevices();
main.append(apps.node, devices.node);

function trouble(text) {
  const node = $("trouble");
  if (node.textContent !== text) node.textContent = text;
  node.hidden = text === "";
}

function drawToken() {
  const button = $("token");
  button.hidden = false;
  button.textContent = hasToken() ? "Forget token" : "Enter token";
}

$("token").addEventListener("click", () => {
  if (!hasToken()) return page.askToken();
  setToken("");
  say("Token forgotten.");
  draw();
  apps.draw();
});

// An address #NAME@VERSION opens the page at that release.
function followHash() {
  const [name, version] = decodeURIComponent(location.hash.slice(1)).split("@");
  const part = sections.get(name);
  if (!part) return;
  if (version) part.choose(version);
  part.node.scrollIntoView({ block: "start" });
}
addEventListener("hashchange", followHash);

const write = diary($("diary"), $("diary-empty"));
let soon = 0, soonApps = 0, soonDevices = 0;

function onEvent(e) {
  if (e.kind !== "tag.moved" || !e.subject.endsWith(".prev")) write(e);
  if (e.kind.startsWith("device.")) {
    if (loaded && e.id <= loaded.status.events_last_id) return;
    devices.touch(e.subject);
    clearTimeout(soonDevices);
    soonDevices = setTimeout(devices.load, 120);
    return;
  }
  if (/^(tag|app)\./.test(e.kind)) {
    clearTimeout(soonApps);
    if (!running(e)) soonApps = setTimeout(apps.load, 120);
    return;
  }
  if (running(e) || (loaded && e.id <= loaded.status.events_last_id)) return;
  clearTimeout(soon);
  soon = setTimeout(load, 120); // a burst of events is one reload
}

function onState(state) {
  const node = $("live");
  const text = state === "live" ? "live" : "reconnecting";
  if (node.dataset.state === "wait" && state === "live" && node.textContent === "reconnecting") { load(); apps.load(); devices.load(); }
  node.dataset.state = state;
  node.textContent = text;
}

await load();
apps.load();
devices.load();
followHash();
follow({ onEvent, onState });
setInterval(() => { // "4 minutes ago" grows old
  for (const node of document.querySelectorAll("[data-ago]")) node.textContent = ago(node.dataset.ago);
  if (!document.hidden) devices.load(); // not every report is in the diary
}, 30_000);
