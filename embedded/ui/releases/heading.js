// What devices get of a blueprint now, and where they get it from.
import { copyButton, el, since } from "/ui/element.js";
import { bytes, count, moment, short, utc } from "/ui/format.js";
import { address } from "/ui/route.js";

// heading draws blueprint b of status, with its releases, newest first.
export function heading(b, releases, url) {
	const now = releases.find((r) => r.state === "published");
	const repo = `${url}/${b.name}/repo/`;
	const ref = b.ref || releases[0]?.ref;
	return el("section", { class: "card head", "aria-labelledby": "releases-of" },
		el("div", { class: "title" }, el("h3", { id: "releases-of" }, b.name),
			el("p", { class: "quiet" }, releases.length ? `${count(releases.length, "release")}, ${bytes(b.size)} in ${count(b.objects, "object")}` : "no release"),
			b.version && el("p", { class: "quiet" }, el("a", { href: address("blueprints", b.name) }, `blueprint ${b.version}`))),
		el("div", { class: "now", data: { state: now ? "published" : "none" } },
			el("p", { class: "label" }, now ? "Devices get" : "Devices get nothing yet"),
			now ? el("p", { class: "big" }, now.version) : el("p", {}, releases.length ? "Publish a release and its ref appears in the repository." : "Compose or import a release first."),
			now?.published_at && el("p", { class: "quiet" }, "since ", el("time", { datetime: now.published_at, title: utc(now.published_at) }, moment(now.published_at)), el("br"), since(now.published_at))),
		el("dl", { class: "facts" },
			ref && fact("Ref", el("code", {}, ref), copyButton(() => ref, "the ref")),
			now && fact("Commit", el("code", { title: now.commit }, short(now.commit)), copyButton(() => now.commit, "the published commit")),
			releases.length > 0 && fact("Repository", el("a", { href: `/${encodeURIComponent(b.name)}/repo/` }, el("code", {}, repo)), copyButton(() => repo, "the repository URL")),
			b.public_key && fact("Public key", el("a", { href: `/${encodeURIComponent(b.name)}/ed25519.pub` }, el("code", {}, b.public_key)), copyButton(() => b.public_key, "the public key"))));
}

const fact = (name, ...content) => el("div", {}, el("dt", {}, name), el("dd", {}, ...content));
