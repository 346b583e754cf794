// What a release's commit says by itself: where it comes from, its times, its metadata.
import { path } from "/ui/api.js";
import { copyButton, el } from "/ui/element.js";
import { bytes, count, utc } from "/ui/format.js";
import { curl, table } from "/ui/parts.js";
import { commit as ask } from "/ui/releases/calls.js";
import { lazy } from "/ui/releases/lazy.js";

export const commit = () => lazy(ask, (r, d) => [
	el("dl", { class: "facts wide" }, [
		["Commit", sum(r.commit, "the commit")],
		r.source_commit !== r.commit && ["Imported as", sum(r.source_commit, "the imported commit")],
		r.parent && ["Parent", sum(r.parent, "the parent")],
		["Tree", sum(d.tree, "the root dirtree")],
		["Subject", r.subject || "none"],
		d.body && ["Body", el("pre", { tabindex: "0" }, el("code", {}, d.body))],
		["Made", utc(r.time)],
		["Here since", `${utc(r.added)}, from ${r.origin}`],
		r.published_at && ["Published", utc(r.published_at)],
		["Size", r.size ? `${bytes(r.size)} in ${count(r.objects, "object")}, ${r.new_objects.toLocaleString("en")} of them new with this release` : "not known: the record was recovered"],
		d.documents?.length && ["Made with it", d.documents.join(", ")],
	].filter(Boolean).map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value)))),
	el("h4", {}, "Metadata"),
	table([
		{ name: "Key", head: true, cell: (m) => el("code", {}, m.key) },
		{ name: "Value", cell: (m) => m.text || el("span", { class: "quiet" }, `${m.type}, not shown`) },
		{ name: "Bytes", number: true, cell: (m) => m.size.toLocaleString("en") },
	], d.metadata, { caption: "Metadata of the commit" }),
	curl("GET", path("releases", r.blueprint, r.version, "commit")),
]);

const sum = (checksum, label) => [el("code", {}, checksum), copyButton(() => checksum, label)];
