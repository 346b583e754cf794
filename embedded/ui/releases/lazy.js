// A pane that asks the builder only when somebody looks at it.
import { el, fill } from "/ui/element.js";
import { attempt } from "/ui/releases/attempt.js";

// lazy makes a pane: ask(release) gets what draw(release, answer) turns into nodes. show(release) names the release,
// look() says that the pane is in sight. An answer holds as long as the commit is the same.
export function lazy(ask, draw) {
	const node = el("div", { class: "pane" });
	let wanted = null, drawn = "", seen = false;

	const key = (r) => `${r.blueprint} ${r.version} ${r.commit}`;

	async function load() {
		if (!wanted || !seen || drawn === key(wanted)) return;
		const mine = wanted;
		drawn = key(mine);
		fill(node, el("p", { class: "quiet", role: "status" }, "Reading…"));
		const current = () => drawn === key(mine);
		if (!await attempt(node, async () => draw(mine, await ask(mine)), current) && current()) drawn = "";
	}

	return {
		node,
		show(release) { wanted = release; return load(); },
		look(now) { seen = now; return load(); },
	};
}
