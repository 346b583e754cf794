// What can be done in each step: buttons with a confirmation, and the curl lines that do the same.
import { path, retag, undo } from "/ui/api.js";
import { el } from "/ui/element.js";
import { command, curl, curlLine, tokenHint } from "/ui/parts.js";
import { address } from "/ui/route.js";
import { confirmPublish } from "/ui/releases/publish.js";
import { variants } from "/ui/tour/cast.js";

// deeds gives the nodes of step n. changed() is called when something was moved.
export function deeds(n, s, house, changed) {
	const link = (text, ...to) => el("a", { href: address(...to), data: { key: `tour ${to.join("/")}` } }, text);
	const button = (text, run) => el("button", { class: "primary small", data: { key: `tour ${text}` }, onclick: run }, text);
	const act = (done, text, run, now) => (done ? el("p", { class: "quiet" }, now) : house.hasToken() && button(text, run));
	const hint = tokenHint(house, "do this");
	const blueprint = () => house.status().blueprints.find((b) => b.name === s.blueprint);

	const publish = (release) => [
		act(release.state === "published", `Publish ${release.version}…`, () => confirmPublish(house, release, blueprint(), changed), `${release.version} is published now.`),
		publishLine(release),
	];

	// sure asks, runs, and says what was done.
	const sure = (title, text, go, run) => house.confirm({ title, body: [el("p", {}, text)], go, run: async () => { house.say(await run()); changed(); } });

	const move = (app, i) => {
		const to = variants(app)[i];
		if (!to) return el("p", { class: "quiet" }, app ? `${app.name} lacks a version for this: push or mirror one.` : "The builder has no such application.");
		const now = `${app.name}:${app.tag} is ${to.name} now.`;
		return [
			act(app.digest === to.digest, `Use ${to.name} of ${app.name}…`, () => sure(`Use ${to.name} of ${app.name}?`,
				`The tag ${app.tag} moves to ${to.name}. Every device that follows it pulls ${to.name} at its next look, tries it, and goes back by itself when it does not serve.`,
				`Use ${to.name}`, async () => { await retag(app.name, to.name, app.tag, app.digest); return now; }), now),
			retagLine(app, to),
		];
	};

	// back goes back from what this step has moved, nothing else.
	const back = (app, i) => {
		const from = variants(app)[i], last = app?.moves[0];
		if (!house.hasToken() || !from || last?.to !== app.tag || last.after !== from.digest || app.digest !== from.digest) return null;
		return el("button", { class: "plain small", data: { key: "tour undo" }, onclick: () => sure(`Undo the last move of ${app.name}?`,
			`The tag ${app.tag} names again what it named before ${from.name}.`,
			"Undo", async () => { await undo(app.name, app.tag); return `${app.name}:${app.tag} was moved back.`; }) }, "Undo…");
	};

	// rewind takes the builder back to the beginning; publishing has a dialog of its own.
	const rewind = () => {
		const playing = [s.app, s.cold].filter((a) => variants(a)[0]), astray = playing.filter((a) => a.digest !== variants(a)[0].digest);
		const text = astray.map((a) => `${a.name}:${a.tag} to ${variants(a)[0].name}`).join(", ");
		return [
			publish(s.first),
			playing.length > 0 && act(!astray.length, "Set the applications back…", () => sure("Set the applications back?", `This moves ${text}. Devices follow at their next look.`,
				"Set back", async () => { for (const a of astray) await retag(a.name, variants(a)[0].name, a.tag, a.digest); return `Set back: ${text}.`; }),
			"The applications are at their first version now."),
			playing.map((a) => retagLine(a, variants(a)[0])),
		];
	};

	switch (n) {
		case 0: return [
			el("p", { class: "ways" }, link(`What ${s.broken.version} changes`, "releases", s.blueprint, s.broken.version),
				link("Blueprint", "blueprints", s.blueprint), s.app && link("Applications", "apps", s.app.name)),
			curl("GET", `${path("releases", s.blueprint, s.broken.version)}/diff?from=${encodeURIComponent(s.first.version)}`),
		];
		case 1: return [
			hint, rewind(),
			el("p", { class: "ways" }, link("Install a machine", "install", s.blueprint)),
		];
		case 2: return [hint, publish(s.broken)];
		case 3: return [hint, publish(s.good)];
		case 4: return [hint, move(s.app, 1)];
		case 5: return [hint, move(s.app, 2), back(s.app, 2)];
		default: return [hint, move(s.cold, 1)];
	}
}

const publishLine = (release) => command(curlLine("POST", `${path("releases", release.blueprint, release.version)}/publish`), `Publish ${release.version} with curl`);
const retagLine = (app, to) => command(curlLine("POST", path("apps", app.name, "retag"), { from: to.name, to: app.tag }), `Use ${to.name} of ${app.name} with curl`);
