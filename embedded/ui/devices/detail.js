// One device in full: what it boots, how its boots were judged, what it runs and what happened to it.
import { brief } from "/ui/apps/words.js";
import { copyButton, el, since } from "/ui/element.js";
import { short, utc } from "/ui/format.js";
import { happened, looks, mood, rolledBack, stateWords, system } from "/ui/devices/words.js";
import { badge, card, curl, table } from "/ui/parts.js";
import { path } from "/ui/api.js";

// detail draws a device as GET devices/ID tells it. forget is called by the button, or null without the token.
export function detail(d, { lit, forget }) {
	const s = d.status || { boot: {} };
	return el("div", { class: "stack" },
		head(d, s, lit, forget),
		el("div", { class: "pair" }, checks(s), deployments(s)),
		apps(d, s), quarantine(s), history(d));
}

function head(d, s, lit, forget) {
	const facts = [
		["System", [el("strong", {}, system(d)), d.commit && [" ", el("code", { class: "quiet", title: d.commit }, short(d.commit))]]],
		["Blueprint", d.blueprint],
		["Last contact", d.last_contact ? el("span", { class: d.stale && "bad" }, since(d.last_contact), d.stale && ", silent") : "never"],
		["Booted", s.boot.since && since(s.boot.since)],
		["Judged by", s.boot.engine],
		["Appliance", s.version],
		["Enrolled", [since(d.enrolled), el("span", { class: "quiet" }, ` with token ${d.token}`)]],
		["ID", [el("code", {}, d.id), copyButton(() => d.id, "the device's ID")]],
	].filter(([, value]) => value);
	const node = card([d.name, " ", badge(looks[d.state] || "queued", stateWords(d))],
		d.rollback && el("div", { class: "findings" }, el("p", {}, el("strong", {}, "Rolled back "), since(d.rollback.time), ": ", rolledBack(d.rollback), d.rollback.attempts > 0 && ` (after ${d.rollback.attempts} boots)`)),
		el("dl", { class: "facts" }, facts.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value)))),
		!d.status && el("p", { class: "quiet" }, "It has not reported yet."),
		el("div", { class: "tools" }, forget && el("button", { class: "plain small", data: { key: "forget" }, onclick: forget }, "Forget…"),
			curl("GET", path("devices", d.id))));
	node.dataset.lit = lit || "";
	return node;
}

const passed = (ok, required) => badge(ok ? "good" : required ? "bad" : "warn", ok ? "passed" : "failed");

// took is a time in nanoseconds, to the millisecond where it is short.
const took = (ns) => (ns > 0 ? ns < 1e9 ? `${Math.max(1, Math.round(ns / 1e6))} ms` : `${(ns / 1e9).toFixed(1)} s` : "");

const checks = (s) => s.boot.checks?.length > 0 && card("Checks of this boot", table([
	{ name: "Check", head: true, cell: (c) => c.name },
	{ name: "Kind", cell: (c) => (c.required ? "required" : "wanted") },
	{ name: "Result", cell: (c) => [passed(c.ok, c.required), c.reason && el("span", { class: "why block" }, c.reason)] },
	{ name: "Took", number: true, cell: (c) => took(c.took) },
], s.boot.checks, { caption: "Checks of this boot" }));

const deployments = (s) => s.os?.length > 0 && card("Deployments", table([
	{ name: "Version", head: true, cell: (o) => o.version || "unknown" },
	{ name: "Commit", cell: (o) => el("code", { title: o.commit }, short(o.commit)) },
	{ name: "Standing", cell: (o) => [["booted", "good"], ["staged", "warn"], ["rollback", "queued"], ["pinned", "queued"], ["quarantined", "bad"]].filter(([w]) => o[w]).map(([w, look]) => [badge(look, w), " "]) },
], s.os, { caption: "Deployments, first the default one" }));

const apps = (d, s) => s.apps?.length > 0 && card("Applications", table([
	{ name: "App", head: true, cell: (a) => [a.name, el("span", { class: "quiet block" }, a.unit)] },
	{ name: "Runs", cell: (a) => [d.apps.find((x) => x.name === a.name)?.version, " ", el("code", { title: a.digest }, brief(a.digest))] },
	{ name: "State", cell: (a) => [badge(a.ready ? "good" : "bad", a.ready ? "ready" : "not ready"), ` ${a.state}`, a.reason && el("span", { class: "why block" }, a.reason)] },
	{ name: "Last update", cell: (a) => a.update && [badge(a.update.outcome === "updated" ? "good" : "bad", a.update.outcome), " ", since(a.update.time),
		el("span", { class: "quiet block" }, `${brief(a.update.from) || "nothing"} to ${brief(a.update.to)}`), a.update.reason && el("span", { class: "why block" }, a.update.reason)] },
], s.apps, { caption: "Applications of this device" }));

const quarantine = (s) => s.quarantine?.length > 0 && card("Quarantine", el("p", { class: "quiet" }, "What failed here is not tried again before its time."), table([
	{ name: "What", head: true, cell: (b) => [b.name || b.kind, " ", el("code", { title: b.what }, brief(b.what))] },
	{ name: "Kind", cell: (b) => (b.kind === "os" ? "system" : b.kind) },
	{ name: "Since", cell: (b) => since(b.since) },
	{ name: "Until", cell: (b) => (b.until ? utc(b.until) : "it is cleared") },
	{ name: "Times", number: true, cell: (b) => b.times },
	{ name: "Reason", cell: (b) => b.reason },
], s.quarantine, { caption: "Quarantine of this device" }));

const history = (d) => d.history?.length > 0 && card("What happened", el("ol", { class: "events" }, d.history.map((t) => el("li", { data: { mood: mood(t.kind) } },
	since(t.time), " ", el("b", {}, happened(t.kind)), " ", t.message))));
