// The confirmation before devices are told to change.
import { devices, diff, path, post } from "/ui/api.js";
import { el } from "/ui/element.js";
import { byVersion, count, short } from "/ui/format.js";
import { curl } from "/ui/parts.js";

// confirmPublish says what devices will do, and publishes when the reader agrees. changed() is called
// whenever the page shows something that is no longer so. Resolves to whether it was published.
export function confirmPublish(house, release, blueprint, changed) {
	const tick = (...label) => { const box = el("input", { type: "checkbox" }); return { box, node: el("label", { class: "check" }, box, el("span", {}, ...label)) }; };
	const stamp = tick(`Write ${release.version} into the commit. It calls itself ${release.commit_version}, and that is what devices would show.`);
	const force = tick("Publish although checks fail");
	const hints = [followers(release), blueprint.published && packages(release, blueprint.published)];
	const where = `${path("releases", release.blueprint, release.version)}/publish`;
	const condition = expected(release, blueprint);
	force.node.hidden = true;

	return house.confirm({
		title: `Publish ${release.blueprint} ${release.version}?`, go: `Publish ${release.version}`,
		body: [
			story(release, blueprint), hints.filter(Boolean).map(later),
			release.commit_version && release.commit_version !== release.version ? stamp.node : [], force.node,
			curl("POST", where, {}, { headers: Object.entries(condition).map(([name, value]) => `${name}: ${value}`) }),
		],
		async run() {
			try {
				const done = await post(where, { force: force.box.checked, stamp: stamp.box.checked }, condition);
				house.say(done.changed ? `${release.blueprint} ${release.version} is published: ${done.ref} names ${short(done.after)} now.` : `${release.version} was published already.`);
				changed();
			} catch (problem) {
				if (problem.kind === "checks-failed") force.node.hidden = false;
				if (problem.kind === "precondition-failed") changed();
				throw problem;
			}
		},
	});
}

// expected names what must be published now, so that two people cannot overrun each other. Of another ref than the one
// that devices follow nothing is known here, and nothing is demanded.
function expected(release, blueprint) {
	if (!blueprint.commit) return { "If-None-Match": "*" };
	return release.ref === blueprint.ref ? { "If-Match": `"${blueprint.commit}"` } : {};
}

function story(release, blueprint) {
	const ref = el("code", {}, release.ref);
	const again = release.state === "superseded" || (blueprint.published && byVersion(release.version, blueprint.published) < 0);
	return [
		el("p", {}, ref, blueprint.published ? ` moves from ${blueprint.published} to ${release.version}.` : ` appears in the repository and names ${release.version}.`),
		el("p", {}, `Every device that follows this ref downloads ${release.version} at its next update, starts it on trial, and goes back by itself when its health checks fail.`),
		again && el("p", {}, "It is older than what devices have. It gets a new commit over the same files, so that they accept it."),
		release.sample && el("p", { class: "warn" }, "This is a sample without a kernel: no device can boot it."),
	].filter(Boolean);
}

// later is a sentence that appears when it is known. Without an answer it is left out: it is only a hint.
function later(text) {
	const node = el("p", { class: "quiet", hidden: true });
	text.then((t) => { node.textContent = t; node.hidden = !t; }, () => {});
	return node;
}

async function followers(release) {
	const own = (await devices()).filter((d) => d.blueprint === release.blueprint);
	const have = own.filter((d) => d.commit === release.commit).length;
	return own.length && `${count(own.length, "device")} of this blueprint reported here, of which ${have || "none"} already run this commit.`;
}

async function packages(release, from) {
	const { packages: p } = await diff(release, from);
	const counts = Object.keys(p || {}).filter((k) => p[k].length).map((k) => `${p[k].length} ${k}`);
	return p && (counts.length ? `Packages: ${counts.join(", ")}.` : "The packages are the same.");
}
