// The machines that are, were or will be installed over one-time links, and how far each came.
import { coalesced, path } from "/ui/api.js";
import { el, fill, since } from "/ui/element.js";
import { count, utc } from "/ui/format.js";
import { installationLog, installations, revokeLink } from "/ui/install/calls.js";
import { badge, card, curl, empty, table } from "/ui/parts.js";

const looks = { made: "queued", fetched: "running", installing: "running", installed: "done", failed: "failed" };
const LIT = 4000;

// machines makes the list; name() is the blueprint that is looked at.
export function machines(house, name) {
	const node = el("div", { class: "stack" });
	const lit = new Set(), logs = new Map(); // IDs; ID -> what the machine sent
	let all = [], drawn = "";

	const load = coalesced(async () => {
		all = await installations();
		draw();
	});

	function draw() {
		if (!house.hasToken()) logs.clear();
		const mine = all.filter((i) => i.blueprint === name());
		const now = JSON.stringify([mine, house.hasToken(), [...lit], [...logs]]);
		if (now === drawn) return;
		drawn = now;
		fill(node, mine.length
			? card(["Machines ", el("span", { class: "quiet" }, count(mine.length, "link"))], table(columns, mine, { caption: "Installations, the newest first", row: (i) => ({ class: lit.has(i.id) ? "lit" : null, data: { key: i.id, step: i.step } }) }),
				curl("GET", "kickstarts"))
			: empty("No links yet", "A machine that is installed over a one-time link is followed here, from the fetch of its kickstart to its first boot."),
		[...logs].map(([id, log]) => logCard(id, log)));
	}

	const columns = [
		{ name: "Machine", head: true, cell: (i) => [el("b", {}, i.device || i.hostname || "any"), el("span", { class: "quiet block" }, i.id)] },
		{ name: "How far", cell: (i) => badge(looks[i.step], i.step) },
		{ name: "What happened", cell: (i) => el("ol", { class: "past" }, [{ time: i.created, step: "made" }, ...i.past].slice(-5).map((p) =>
			el("li", { data: { step: p.step } }, p.step, " ", since(p.time), p.from && el("span", { class: "quiet" }, ` from ${p.from}`)))) },
		{ name: "Link", cell: (i) => el("span", { class: alive(i) ? null : "quiet", title: `valid until ${utc(i.expires)}` }, life(i)) },
		{ name: "Actions", actions: true, cell: (i) => house.hasToken() && [
			i.log_size > 0 && el("button", { class: "plain small", data: { key: `log ${i.id}` }, "aria-label": `Log of ${called(i)}`, onclick: () => showLog(i) }, logs.has(i.id) ? "Hide log" : "Log"), " ",
			alive(i) && el("button", { class: "plain small", data: { key: `revoke ${i.id}` }, "aria-label": `Revoke the link of ${called(i)}`, onclick: () => revoke(i) }, "Revoke")] },
	];

	async function showLog(i) {
		if (logs.delete(i.id)) return draw();
		logs.set(i.id, (await installationLog(i.id)).log);
		draw();
	}

	const logCard = (id, log) => card(["Log of ", called(all.find((i) => i.id === id) || { id })],
		el("p", { class: "quiet" }, "The machine has sent it; it is shown as it came."), el("pre", { class: "log", tabindex: "0" }, log));

	async function revoke(i) {
		const done = await house.confirm({
			title: `Revoke the link of ${called(i)}?`, go: "Revoke", danger: true, run: () => revokeLink(i.id),
			body: [el("p", {}, i.past.length ? "A machine that has fetched its kickstart goes on, but cannot tell how it goes any more." : "Whoever has the link gets nothing for it any more."), curl("DELETE", path("kickstarts", i.id))],
		});
		if (!done) return;
		house.say(`The link of ${called(i)} opens nothing any more.`);
		await load();
	}

	// touch lights up the machine of an event, whose message names it.
	function touch(e) {
		const id = /installation ([a-z0-9]+)/.exec(e.message)?.[1];
		if (!id) return;
		lit.add(id);
		setTimeout(() => { lit.delete(id); draw(); }, LIT);
	}

	return { node, load, draw, touch };
}

const called = (i) => i.device || i.hostname || i.id;
const alive = (i) => i.left > 0 && new Date(i.expires) > Date.now();

function life(i) {
	if (i.revoked) return "revoked";
	if (i.left < 1) return "used up";
	if (new Date(i.expires) <= Date.now()) return "expired";
	return i.uses > 1 ? `${i.left} of ${i.uses} left` : "valid";
}
