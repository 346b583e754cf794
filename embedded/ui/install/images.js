// The boot ISOs of a blueprint: how to build one, those that there are, and the proof of each.
import { coalesced } from "/ui/api.js";
import { copyButton, el, fill, since } from "/ui/element.js";
import { bytes } from "/ui/format.js";
import { bases } from "/ui/install/bases.js";
import { buildForm } from "/ui/install/build.js";
import { imagePath, images, removeImage } from "/ui/install/calls.js";
import { proofPanel } from "/ui/install/proof.js";
import { qrButton } from "/ui/install/qr.js";
import { card, curl, empty, progress, table } from "/ui/parts.js";

// imagesPane makes the pane; name() is the blueprint.
export function imagesPane(house, name) {
	const list = el("div"), proofs = el("div", { class: "stack" }), work = el("div", { class: "work", role: "status" });
	let known = null, proven = "", lit = "", drawn = "";

	const load = coalesced(async () => {
		known = await images();
		form.setBases(known.bases);
		draw();
	});
	const stock = bases(house, load);
	const form = buildForm(house, name, async (image) => { lit = image.path; await load(); prove(image); });
	const node = el("div", { class: "stack" }, list, proofs, form.node, stock.node, work);

	function draw() {
		form.draw();
		if (!known) return;
		stock.draw(known.bases);
		const mine = known.images.filter((i) => i.blueprint === name());
		const now = JSON.stringify([mine, house.hasToken(), proven, lit, house.url()]);
		if (now === drawn) return;
		drawn = now;
		if (proven && !mine.some((i) => i.path === proven)) close();
		fill(list, mine.length
			? card("Boot ISOs", table(columns, mine, { caption: "Boot ISOs of this blueprint", row: (i) => ({ class: i.path === lit ? "lit" : null, data: { key: i.path } }) }),
				el("p", { class: "quiet" }, "Each of them installs by itself and erases the disk."), curl("GET", "images"))
			: empty("No boot ISO of this blueprint", known.bases.length ? "Tick what it is to have below, and build one: it takes seconds." : "Add a vendor's ISO below first."));
	}

	const columns = [
		{ name: "Address", head: true, cell: (i) => {
			const url = house.url() + i.path;
			return [i.fault ? i.path : el("a", { href: url }, i.path), el("span", { class: "near" }, copyButton(() => url, `the address of ${i.path}`), qrButton(() => url, `the address of ${i.path}`)),
				i.fault && el("span", { class: "bad block" }, i.fault)];
		} },
		{ name: "Carries", cell: (i) => carries[i.mode] || i.mode },
		{ name: "Options", cell: (i) => words(i.options).map((w) => el("code", { class: "word" }, w)) },
		{ name: "Over", cell: (i) => [i.product || i.base, el("span", { class: "quiet block" }, i.arch)] },
		{ name: "Built", cell: (i) => since(i.created) },
		{ name: "Own bytes", number: true, cell: (i) => (i.fault ? "" : el("span", { title: `of ${bytes(i.size)}` }, i.changed.toLocaleString("en"))) },
		{ name: "Actions", actions: true, cell: (i) => [
			!i.fault && el("button", { class: "plain small", "aria-expanded": String(proven === i.path), "aria-label": `Proof of ${i.path}`, data: { key: `proof ${i.path}` }, onclick: () => (proven === i.path ? close() : prove(i)) }, "Proof"), " ",
			house.hasToken() && el("button", { class: "plain small", "aria-label": `Remove ${i.path}`, data: { key: `remove ${i.path}` }, onclick: () => remove(i) }, "Remove")] },
	];

	function prove(image) {
		proven = image.path;
		fill(proofs, proofPanel(house, image, close));
		draw();
	}

	function close() {
		proven = "";
		proofs.replaceChildren();
		draw();
	}

	async function remove(image) {
		const done = await house.confirm({
			title: `Remove ${image.path}?`, go: "Remove", danger: true, run: () => removeImage(image),
			body: [el("p", {}, "Its address answers 404 from then on; a machine that is reading it stops. The vendor's ISO stays."), curl("DELETE", imagePath(image))],
		});
		if (!done) return;
		house.say(`${image.path} is gone.`);
		await load();
	}

	// tell shows how far the reading of a large ISO is.
	function tell(e) {
		if (e.kind !== "iso.hashing") return work.replaceChildren();
		fill(work, el("p", { class: "quiet" }, `Reading ${e.subject}: ${e.message}`), progress(e.done, e.total, `Reading ${e.subject}`));
	}

	return { node, load, draw, tell };
}

const carries = { kargs: "the kickstart's address", kickstart: "the kickstart", offline: "kickstart and system" };

// words are options as the command line has them.
function words(o) {
	return [o.console && `console=${o.console}`, o.fips && "fips", o.text && "text", o.ip && `ip=${o.ip.address}`, ...(o.add || []).map((a) => `+${a}`), ...(o.remove || []).map((a) => `-${a}`)].filter(Boolean);
}
