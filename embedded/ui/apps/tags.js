// The tags of one app as a table: rows can be dragged onto the followed one, or chosen by two clicks.
import { copyButton, el } from "/ui/element.js";
import { bytes, count, utc } from "/ui/format.js";
import { brief, runsTag } from "/ui/apps/words.js";
import { badge, table } from "/ui/parts.js";

// tagTable draws it. can says whether tags may be moved; twice and drag are those of the card; use(tag) moves.
export function tagTable(a, { can, twice, drag, use, lit }) {
	const movable = (t) => can && !t.followed && t.digest !== a.digest;
	return table([
		{ name: "Tag", head: true, cell: (t) => [
			movable(t) && el("span", { class: "grip", "aria-hidden": "true" }, "⠿"),
			el("b", {}, t.name), " ",
			t.followed && badge("published", "followed", "Devices follow this tag"),
			t.immutable && el("span", { class: "quiet", title: "This tag never moves" }, "fixed")] },
		{ name: "Digest", cell: (t) => [el("code", { title: t.digest }, brief(t.digest)), copyButton(() => t.digest, `digest of ${a.name}:${t.name}`)] },
		{ name: "Same as", cell: (t) => t.same_as.join(", ") },
		{ name: "Platforms", cell: (t) => t.platforms.join(", ") },
		{ name: "Size", number: true, cell: (t) => el("span", { title: t.created ? `made ${utc(t.created)}` : undefined }, bytes(t.size)) },
		{ name: "Devices", number: true, cell: (t) => running(a.runs.filter((r) => runsTag(r, t))) },
		{ name: "Actions", actions: true, cell: (t) => movable(t) && twice.button({
			key: `retag ${a.name} ${t.name}`, label: `Use ${t.name}…`, what: `Make devices get ${a.name} ${t.name}`, look: "primary small", act: () => use(t.name) }) },
	], a.tagList, {
		caption: `Tags of ${a.name}`,
		row: (t) => ({
			data: { state: t.followed ? "published" : "", tag: t.name }, class: [t.followed && lit && "lit", t.followed && "target"].filter(Boolean).join(" ") || null,
			...(movable(t) ? drag.handle(t.name) : {}), ...(t.followed && can ? drag.target : {}),
		}),
	});
}

const running = (runs) => runs.length > 0 && el("span", { title: runs.map((r) => r.device.name).join("\n") }, count(runs.length, "device"));
