// The table of the devices, those that are being installed among them.
import { brief } from "/ui/apps/words.js";
import { el, since } from "/ui/element.js";
import { utc } from "/ui/format.js";
import { last } from "/ui/devices/installing.js";
import { looks, rolledBack, stateWords, system } from "/ui/devices/words.js";
import { badge, table } from "/ui/parts.js";
import { address } from "/ui/route.js";

const steps = { fetched: ["running", "kickstart fetched"], installing: ["running", "installing"], installed: ["done", "installed, first boot"], failed: ["failed", "installation failed"] };

// list draws devices and installations; lamps tells which rows are lit.
export function list(devices, installations, lamps) {
	const rows = [...installations.map((i) => ({ i, key: i.id })), ...devices.map((d) => ({ d, key: d.id }))];
	return table([
		{ name: "Name", head: true, cell: (r) => (r.d ? name(r.d) : machine(r.i)) },
		{ name: "System", cell: (r) => r.d && el("span", { title: r.d.commit }, system(r.d)) },
		{ name: "State", cell: (r) => [r.d ? badge(looks[r.d.state] || "queued", stateWords(r.d)) : badge(...steps[r.i.step] || ["queued", r.i.step]), r.d && word(lamps.of(r.key))] },
		{ name: "Applications", cell: (r) => r.d?.apps.map((a) => el("span", { class: a.ready ? "block" : "block bad", title: a.digest }, `${a.name} ${a.version || brief(a.digest) || a.state}${a.ready ? "" : ", not ready"}`)) },
		{ name: "Last rollback", cell: (r) => r.d?.rollback && [el("span", { class: "why" }, rolledBack(r.d.rollback)), el("span", { class: "quiet block" }, since(r.d.rollback.time))] },
		{ name: "Last contact", cell: (r) => (r.d ? contact(r.d) : since(last(r.i).time)) },
	], rows, { caption: "Devices by name", row: (r) => ({ data: { key: r.key, lit: lamps.lit(r.key) || "", state: r.d?.state || r.i.step } }) });
}

const name = (d) => [el("a", { href: address("devices", d.id), title: d.id, data: { key: `device ${d.id}` } }, d.name), el("span", { class: "quiet block" }, d.blueprint)];

const machine = (i) => [el("a", { href: address("install", i.blueprint, "machines"), data: { key: `machine ${i.id}` } }, i.device || i.hostname || `a machine (${i.id})`), el("span", { class: "quiet block" }, `${i.blueprint}, not enrolled yet`)];

const contact = (d) => (d.last_contact
	? el("span", { class: d.stale && "bad", title: utc(d.last_contact) }, since(d.last_contact), d.stale && ", silent")
	: el("span", { class: "quiet" }, "never"));

// word is the newest that the diary said of a row, since this page was opened.
const word = (w) => w && el("span", { class: "word block", data: { mood: w.mood }, title: w.message }, w.kind, " ", since(w.time), w.mood === "bad" && el("span", { class: "why block" }, w.message));
