// A token that lets devices in which are installed already: it is told once, as the command to run on the device.
import { Problem, send } from "/ui/api.js";
import { copyButton, el, fill } from "/ui/element.js";
import { count, utc } from "/ui/format.js";
import { curl, explain, tokenHint } from "/ui/parts.js";

// enrolment is a part that folds.
export function enrolment(house) {
	const result = el("div", { role: "status" }), body = el("div", { class: "card-body" });
	const node = el("details", { class: "card enrol" }, el("summary", {}, "Enrol a device that is installed already"), body);

	function draw() {
		if (!house.hasToken()) result.replaceChildren();
		const names = house.blueprints();
		fill(body, tokenHint(house, "make tokens"),
			house.hasToken() && el("div", { class: "tools" }, names.map((n) => el("button", { class: "plain small", data: { key: `token ${n}` }, onclick: () => make(n) }, `Make a token for one device of ${n}`))),
			result, curl("POST", "devices/tokens", { blueprint: names[0] || "NAME", uses: 1 }));
	}

	async function make(blueprint) {
		try {
			const t = await send("POST", "devices/tokens", { blueprint, uses: 1 });
			fill(result, el("p", {}, `It is told this once. On the device, as root; for ${count(t.uses, "device")} until ${utc(t.expires)}:`),
				el("div", { class: "line" }, el("pre", { tabindex: "0" }, el("code", {}, t.install)), copyButton(() => t.install, "the command")));
		} catch (problem) {
			if (!(problem instanceof Problem)) throw problem;
			fill(result, el("div", { class: "findings", role: "alert" }, explain(problem)));
		}
	}

	return { node, draw };
}
