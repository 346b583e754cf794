// One blueprint's releases, newest first, as a line of time.
import { copyButton, el, since } from "/ui/element.js";
import { bytes, moment, short, utc } from "/ui/format.js";
import { badge, table } from "/ui/parts.js";
import { address } from "/ui/route.js";

export const states = {
	staged: "Kept here, invisible to devices until it is published",
	published: "What devices get now",
	superseded: "Was published before",
};

const quiet = (text, title) => el("span", { class: "quiet", title }, text);

// timeline shows releases, of which selected is shown below; publish(release) asks to publish one (null without a token).
export const timeline = (releases, { selected, publish }) => table([
	{ name: "Version", head: true, cell: (r) => el("a", {
		class: "version", href: address("releases", r.blueprint, r.version), "aria-current": r === selected && "true", data: { key: `pick ${r.version}` }, title: "Show it below" }, r.version) },
	{ name: "State", cell: (r) => [badge(r.state, r.state, states[r.state]), el("span", { class: "marks" }, [r.pinned && "pinned", r.sample && "sample, not bootable"].filter(Boolean).join(" · "))] },
	{ name: "Commit", cell: (r) => [el("code", { title: r.commit }, short(r.commit)), copyButton(() => r.commit, `commit of ${r.version}`)] },
	{ name: "Date", cell: (r) => [el("time", { datetime: r.time, title: `made ${utc(r.time)}, here since ${utc(r.added)}` }, moment(r.time)),
		r.published_at && el("span", { class: "quiet block" }, "published ", since(r.published_at))] },
	{ name: "Packages", number: true, cell: (r) => (r.packages < 0 ? quiet("no list", "The commit carries no package list") : String(r.packages)) },
	{ name: "Size", number: true, cell: (r) => el("span", { title: `${r.objects} objects, ${r.new_objects} of them new with this release` }, bytes(r.size)) },
	{ name: "Signed", cell: signed },
	{ name: "Actions", actions: true, cell: (r) => publish && r.state !== "published" && el("button", {
		class: "plain small", data: { key: `publish ${r.version}` }, "aria-label": `Publish ${r.blueprint} ${r.version}`, onclick: () => publish(r) },
	r.state === "staged" ? "Publish…" : "Publish again…") },
], releases, { caption: "Releases, newest first", row: (r) => ({ data: { state: r.state, version: r.version }, class: r === selected && "selected" }) });

function signed(r) {
	const kinds = Object.keys(r.signatures || {}).filter((k) => r.signatures[k] > 0).sort();
	return kinds.join(", ") || (r.state === "staged" ? quiet("when published", "It is signed when it is published") : quiet("no", "It carries no signature"));
}
