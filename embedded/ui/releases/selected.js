// The release that is looked at: what can be done with it, and everything there is to know of it.
import { path } from "/ui/api.js";
import { el, fill } from "/ui/element.js";
import { badge, curl, tabs } from "/ui/parts.js";
import { bill } from "/ui/releases/bill.js";
import { pin, remove } from "/ui/releases/calls.js";
import { commands } from "/ui/releases/commands.js";
import { commit } from "/ui/releases/commit.js";
import { difference } from "/ui/releases/difference.js";
import { packages } from "/ui/releases/packages.js";
import { states } from "/ui/releases/timeline.js";

// selected makes the panel of one blueprint. publish(release) asks to publish, changed() says that something is
// otherwise now.
export function selected(house, name, { publish, changed }) {
	const compare = difference(name), lines = commands();
	const lists = { packages: packages(), commit: commit(), bill: bill() };
	const title = el("h3", { id: "selected-title" }), actions = el("div", { class: "tools" }), about = el("p", { class: "quiet" });
	const alone = el("p", {}, "There is no other release of this blueprint to compare it with.");
	const first = el("div", {}, compare.node, alone);
	const panes = tabs([
		{ id: "difference", name: "Difference", make: () => first },
		{ id: "packages", name: "Packages", make: () => lists.packages.node },
		{ id: "commit", name: "Commit", make: () => lists.commit.node },
		{ id: "bill", name: "Bill of materials", make: () => lists.bill.node },
		{ id: "commands", name: "Commands", make: () => lines.node },
	], { label: "What to see of the release", chosen: "difference", changed: look });
	const node = el("section", { class: "card", "aria-labelledby": "selected-title" },
		el("header", { class: "card-head" }, title, actions), el("div", { class: "card-body" }, about, panes.node));

	function look() {
		for (const [id, pane] of Object.entries(lists)) pane.look(panes.shown() === id);
	}

	// show draws a release; other is the version it is compared with, "" where there is none.
	function show({ release: r, other, releases, blueprint }) {
		fill(title, `${r.version} `, badge(r.state));
		about.textContent = [states[r.state], r.pinned && "pinned: prune and delete leave it alone", r.sample && "a sample without a kernel"].filter(Boolean).join("; ");
		fill(actions, buttons(r));
		compare.node.hidden = !other;
		alone.hidden = Boolean(other);
		if (other) compare.show(releases, other, r.version);
		for (const pane of Object.values(lists)) pane.show(r);
		lines.show({ url: house.url(), blueprint, release: r, newest: releases[0].version });
		look();
	}

	function buttons(r) {
		if (!house.hasToken()) return el("button", { class: "plain", data: { key: "token" }, onclick: () => house.askToken() }, "Enter the token to publish, pin or delete");
		return [
			r.state !== "published" && el("button", { class: "primary", data: { key: "publish" }, onclick: () => publish(r) }, r.state === "staged" ? "Publish…" : "Publish again…"),
			el("button", { class: "plain", data: { key: "pin" }, onclick: () => toggle(r) }, r.pinned ? "Unpin" : "Pin"),
			r.state !== "published" && !r.pinned && el("button", { class: "plain", data: { key: "delete" }, onclick: () => erase(r) }, "Delete…"),
		];
	}

	async function toggle(r) {
		await pin(r, !r.pinned);
		house.say(r.pinned ? `${r.version} is pinned no more.` : `${r.version} is pinned: prune and delete leave it alone.`);
		changed();
	}

	async function erase(r) {
		const done = await house.confirm({
			title: `Delete ${r.blueprint} ${r.version}?`, go: "Delete", danger: true,
			body: [
				el("p", {}, "The version is free at once. Its objects stay until the next prune."),
				r.state === "superseded" ? el("p", {}, "Devices that still run it go on running; they cannot come back to it from this builder.") : el("p", {}, "No device ever saw it."),
				curl("DELETE", path("releases", r.blueprint, r.version)),
			],
			run: () => remove(r),
		});
		if (done) { house.say(`${r.version} is deleted.`); changed(); }
	}

	return { node, show, forget: compare.forget };
}
