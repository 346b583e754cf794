// One application: what devices get of it, its tags, moving the followed tag there and back, and what became of it.
import { path, post, Problem, retag, undo } from "/ui/api.js";
import { dragging } from "/ui/apps/drag.js";
import { moves } from "/ui/apps/moves.js";
import { tagTable } from "/ui/apps/tags.js";
import { twice } from "/ui/apps/twice.js";
import { brief, run, standing, undoable, version } from "/ui/apps/words.js";
import { copyButton, el, fill } from "/ui/element.js";
import { count } from "/ui/format.js";
import { command, curlLine, explain, progress } from "/ui/parts.js";
import { address } from "/ui/route.js";

const LIT = 4000; // how long what has moved stays lit

// appCard makes the card of the app called name; load() loads all of them anew, copies has the newest word of each mirror under way.
export function appCard(house, name, { load, copies }) {
	const id = `app-${name}`;
	const trouble = el("div", { class: "findings", role: "alert", hidden: true }), body = el("div", { class: "card-body" }), work = el("div", { class: "work" }), title = el("div", { class: "tools" });
	const node = el("section", { class: "card app", "aria-labelledby": id, data: { app: name } }, el("header", { class: "card-head" }, el("h3", { id }, el("a", { href: address("apps", name) }, name)), title), body);
	const clicks = twice(redraw);
	const drag = dragging(node, { drop: use, ended: redraw });
	let a = null, alone = false, lit = false, drawn = "", mirroring = false;

	function draw(next, options) {
		a = next;
		alone = options.alone;
		redraw();
	}

	function redraw() {
		if (!a || drag.busy()) return; // a row that is held must stay
		const now = JSON.stringify([a, alone, house.hasToken(), clicks.armed(), lit, mirroring]);
		if (now === drawn) return;
		drawn = now;
		const can = house.hasToken(), back = undoable(a); // what an undo takes back
		fill(title, el("span", { class: "quiet" }, [a.image, a.unit && `unit ${a.unit}`, a.port && `port ${a.port}`, a.cold && "starts when asked"].filter(Boolean).join(", ")),
			can && a.source && el("button", { class: "plain small", disabled: mirroring, data: { key: `mirror ${name}` }, title: `from ${a.source}`, onclick: copyAll }, mirroring ? "Mirroring…" : "Mirror"),
			can && back?.before && clicks.button({ key: `undo ${name}`, label: `Undo: ${version(a, back.before)} again…`, what: `Undo the last move of ${name}`, act: () => act(() => undo(name, a.tag)) }));
		fill(body, follows(can), trouble, work, a.tagList.length > 0 && tagTable(a, { can, twice: clicks, drag, use, lit }),
			a.fault && el("div", { class: "findings" }, el("p", {}, a.fault)),
			moves(a, alone), curls());
		progressOf();
	}

	// follows says what devices get; it takes a dragged tag as the followed row does.
	const follows = (can) => el("p", { class: ["follows", "target", lit && "lit"].filter(Boolean).join(" "), ...(can ? drag.target : {}) }, "Devices follow ", el("code", {}, a.tag), a.digest
		? [" and get ", el("strong", { class: "good big" }, version(a, a.digest)), " ", el("code", { title: a.digest }, brief(a.digest)), copyButton(() => a.digest, `digest of ${name} ${a.tag}`)]
		: ", which is not there yet: push or mirror an image.", waiting());

	// waiting is who has it already, and who fetches it at the next update.
	function waiting() {
		const { now, late } = standing(a), bad = a.runs.filter((r) => !r.ready);
		return el("span", { class: "block" },
			now.length > 0 && el("span", { class: "quiet" }, `${run(now.length, "it")}. `),
			late.length > 0 && el("span", { class: "warn" }, `${run(late.length, "something else until the next update")}: `, links(late), ". "),
			bad.length > 0 && el("span", { class: "bad" }, "Not ready on ", links(bad), "."));
	}

	const links = (runs) => [runs.slice(0, 5).map((r, i) => [i > 0 && ", ", el("a", { href: address("devices", r.device.id) }, r.device.name)]), runs.length > 5 && ` and ${runs.length - 5} more`];

	function curls() {
		const other = a.tagList.find((t) => !t.followed && t.digest !== a.digest)?.name || "TAG";
		return [
			command(curlLine("POST", path("apps", name, "retag"), { from: other, to: a.tag, ...(a.digest ? { expect: a.digest } : {}) }), "Retag with curl"),
			alone && command(curlLine("POST", path("apps", name, "undo"), { to: a.tag }), "Undo with curl"), alone && a.source && command(curlLine("POST", path("apps", name, "mirror")), "Mirror with curl"),
		];
	}

	// use moves the followed tag, if it still names what this page shows.
	function use(tag) {
		return act(() => retag(name, tag, a.tag, a.digest));
	}

	async function act(change) {
		trouble.hidden = true;
		try {
			const done = await change();
			if (done) house.say(done.changed ? `${name}:${done.to} names ${version(a, done.after)} now. Devices get it at their next update; Undo takes it back.` : `${name}:${done.to} names that already.`);
		} catch (problem) {
			if (!(problem instanceof Problem)) throw problem;
			fill(trouble, explain(problem));
			trouble.hidden = false;
		}
		await load();
		if (document.activeElement === document.body) title.querySelector("button")?.focus(); // the button that was pressed is gone
	}

	async function copyAll() {
		mirroring = true;
		redraw();
		try {
			await act(async () => {
				const m = await post(path("apps", name, "mirror"));
				house.say(`${name}: ${count(m.copied.length, "tag")} copied from ${m.from}, ${m.skipped.length} there already.`);
			});
		} finally {
			mirroring = false;
			copies.delete(name);
			redraw();
		}
	}

	function progressOf() {
		const e = copies.get(name);
		fill(work, e && [el("p", { class: "quiet" }, `Copying ${e.message}`), progress(e.done, e.total, `Mirroring ${name}`)]);
		work.hidden = !e;
	}

	function light() {
		lit = true;
		redraw();
		setTimeout(() => { lit = false; redraw(); }, LIT);
	}

	return { node, draw, light, progress: progressOf };
}
