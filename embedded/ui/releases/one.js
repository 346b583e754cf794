// One blueprint on the page of the releases: heading, compose, line of time, the selected release, upkeep.
import { el, fill } from "/ui/element.js";
import { byVersion } from "/ui/format.js";
import { empty, tokenHint } from "/ui/parts.js";
import { compose } from "/ui/releases/compose.js";
import { heading } from "/ui/releases/heading.js";
import { confirmPublish } from "/ui/releases/publish.js";
import { selected } from "/ui/releases/selected.js";
import { timeline } from "/ui/releases/timeline.js";
import { upkeep } from "/ui/releases/upkeep.js";

// one makes the view of a blueprint. changed() loads everything anew.
export function one(house, name, changed) {
	const head = el("div", {}), list = el("div", {});
	const make = compose(house, name, changed), keep = upkeep(house, name, changed);
	const publish = (release) => confirmPublish(house, release, data.blueprint, changed);
	const panel = selected(house, name, { publish, changed });
	const node = el("div", { class: "stack" }, head, make.node, list, panel.node, keep.node);
	let data = null, texts = [], seen = null;

	// show draws {blueprint, releases, jobs, version, loaded}; version is the one of the address.
	function show(fresh) {
		data = fresh;
		const { blueprint, releases, jobs, version, loaded } = data;
		const release = releases.find((r) => r.version === version) || suggested(releases);
		if (version !== seen) panel.forget();
		seen = version;
		fill(head, heading(blueprint, releases, house.url()));
		make.show({ versions: texts, releases, all: jobs, wanted: version });
		const missing = version && loaded && !releases.some((r) => r.version === version) && !texts.includes(version);
		fill(list, !loaded ? el("p", { class: "quiet", role: "status" }, "Reading the releases…")
			: !releases.length ? empty("No releases yet", texts.length ? "Compose the first one above." : "Import an edge-commit: appliance release import.")
				: el("section", { class: "card flush", "aria-label": `Releases of ${name}` },
					missing && el("p", { class: "news" }, `There is no release ${version} here; this is ${release.version}.`),
					timeline(releases, { selected: release, publish: house.hasToken() ? publish : null }),
					releases.some((r) => r.state !== "published") && tokenHint(house, "publish")));
		panel.node.hidden = keep.node.hidden = !release;
		if (release) panel.show({ release, other: counterpart(release, releases), releases, blueprint });
	}

	return {
		node, show,
		// know takes the history of the blueprint's text.
		know(changes) { texts = [...new Set(changes.filter((c) => c.kind !== "deleted").map((c) => c.version))].sort(byVersion).reverse(); },
		tell(e) { make.tell(e); keep.tell(e); },
		token() { make.token(); keep.token(); },
	};
}

const publishedOf = (releases) => releases.find((r) => r.state === "published");

// suggested is the release a visitor most likely wants to look at: the next one to publish.
function suggested(releases) {
	const now = publishedOf(releases);
	const newer = now && releases.filter((r) => byVersion(r.version, now.version) > 0).pop();
	return newer || now || releases[0];
}

// counterpart is what a release is compared with: the published one, or, for that, the one before it.
function counterpart(release, releases) {
	const now = publishedOf(releases);
	if (now && now !== release) return now.version;
	const older = releases[releases.indexOf(release) + 1];
	return (older || releases.find((r) => r !== release))?.version || "";
}
