// Has a release made of a blueprint's version, and shows how far that is.
import { path } from "/ui/api.js";
import { el, fill } from "/ui/element.js";
import { card, tokenHint } from "/ui/parts.js";
import { address } from "/ui/route.js";
import { attempt } from "/ui/releases/attempt.js";
import { compose as send } from "/ui/releases/calls.js";
import { curlIn } from "/ui/releases/curlin.js";
import { ended, jobs } from "/ui/releases/jobs.js";
import { preflight } from "/ui/releases/preflight.js";

const backends = [["", "as configured"], ["osbuild", "osbuild on this host"], ["weldr", "osbuild-composer (weldr)"], ["sample", "sample, does not boot"]];

// compose makes the card of one blueprint; changed() says that something is otherwise now.
export function compose(house, name, changed) {
	const list = jobs(house, changed);
	const version = el("select", { "aria-label": "Version to compose", onchange: () => { taken = version.value; look(); } });
	const go = el("button", { class: "primary", onclick: begin }, "Compose");
	const backend = el("select", { onchange: look }, backends.map(([value, label]) => el("option", { value }, label)));
	const distro = el("input", { type: "text", autocomplete: "off", spellcheck: "false", placeholder: "fedora-43", oninput: look });
	const ref = el("input", { type: "text", autocomplete: "off", spellcheck: "false", placeholder: "as configured", oninput: look });
	const parent = el("select", { onchange: look }, el("option", { value: "" }, "the newest release below it"), el("option", { value: "none" }, "none"));
	const trouble = el("div", {}), line = el("div", {}), hint = el("div", {}), plan = el("p", {});
	const options = el("details", {}, el("summary", {}, "Options"), el("div", { class: "fields" },
		[["Backend", backend], ["Distribution", distro], ["Ref", ref], ["Parent", parent]].map(([label, field]) => el("label", {}, el("span", {}, label), field))));
	const form = el("div", { class: "pane" }, el("div", { class: "tools" }, version, go), options, preflight(), trouble, hint, line);
	const node = card("Compose", plan, form, list.node);

	let asked = "", taken = ""; // the version that the address asks for, and the one that the reader took

	// show offers versions without a release, newest first; wanted is chosen where it is one of them.
	function show({ versions, releases, all, wanted }) {
		const busy = all.filter((j) => !ended(j)).map((j) => j.subject.split("@").pop());
		const open = versions.filter((v) => !releases.some((r) => r.version === v) && !busy.includes(v));
		form.hidden = open.length === 0;
		fill(plan, open.length ? `A release is made of one version of the blueprint. ${open.length === 1 ? "This one has" : "These have"} none yet.`
			: busy.length ? `${busy.join(" and ")} is under way.`
				: versions.length ? ["Every version of the blueprint has its release. ", el("a", { href: address("blueprints", name) }, "Change the blueprint"), ", and a new version can be composed."]
					: "This builder has no text of this blueprint: releases come in as archives.");
		if (wanted !== asked) { asked = wanted; taken = ""; }
		if (version.dataset.offered !== open.join()) {
			version.dataset.offered = open.join();
			fill(version, open.map((v) => el("option", { value: v }, v)));
		}
		version.value = [taken, wanted].find((v) => open.includes(v)) || open[0] || "";
		list.show(all, releases);
		node.hidden = !versions.length && !all.length;
		look();
	}

	const wish = () => Object.fromEntries(Object.entries({ backend: backend.value, distro: distro.value.trim(), ref: ref.value.trim(), parent: parent.value }).filter(([, value]) => value));

	function look() {
		const token = house.hasToken();
		go.disabled = !token || !version.value;
		go.textContent = version.value ? `Compose ${version.value}` : "Compose";
		fill(hint, tokenHint(house, "compose"));
		const body = wish();
		curlIn(line, "POST", path("releases", name, version.value || "VERSION", "compose"), Object.keys(body).length ? body : undefined);
	}

	async function begin() {
		go.disabled = true;
		await attempt(trouble, async () => {
			const job = await send(name, version.value, wish());
			house.say(`${job.subject.replace("@", " ")} is being composed.`);
		});
		taken = "";
		look();
		changed();
	}

	return { node, show, token: look, tell: list.tell, close: list.close };
}
