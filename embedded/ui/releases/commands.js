// The commands for a release in its present situation, ready to copy.
import { copyButton, el, fill } from "/ui/element.js";
import { segments } from "/ui/releases/segments.js";

// where says on which machine, and with what, each set of commands is typed.
const where = [["cli", "Builder"], ["device", "Device"]];

// commands makes the panel of one blueprint. show() sets the release it speaks of.
export function commands() {
	let what = null, place = "cli";
	const list = el("dl", { class: "commands" });
	const node = el("div", { class: "pane" }, segments("Where the commands are typed", where, place, (value) => { place = value; draw(); }), list);

	function draw() {
		fill(list, sets[place](what).map(([label, text, note]) => [
			el("dt", {}, label, note && el("span", { class: "quiet block" }, note)),
			el("dd", { class: "line" }, el("pre", { tabindex: "0", "aria-label": label }, el("code", {}, text)), copyButton(() => text, `the command: ${label}`)),
		]));
	}
	return { node, show: (w) => { what = w; draw(); } };
}

const next = (version) => { const [x, y, z] = version.split("."); return `${x}.${y}.${Number(z) + 1}`; };

// Each set takes { url, blueprint, release, newest } and gives [label, command, note].
const sets = {
	cli({ url, release: r, newest }) {
		const id = `${r.blueprint}@${r.version}`;
		return [
			r.state !== "published" && ["Publish it", `appliance release publish ${id}`, "devices follow at their next update"],
			["Save it as an archive", `appliance release export ${id} ${r.blueprint}-${r.version}.tar`],
			["Import the next one", `appliance release import ${r.blueprint}@${next(newest)} edge-commit.tar`, "an edge-commit from image builder"],
			["Watch what happens", "appliance event --follow"],
			["From another machine, first", `export APPLIANCE_SERVER=${url}\nexport APPLIANCE_TOKEN=…`, "“appliance token” on the builder prints it"],
		].filter(Boolean);
	},

	device({ url, blueprint, release: r }) {
		const repo = `${url}/${blueprint.name}/repo/`;
		const ref = blueprint.ref || r.ref;
		if (!blueprint.commit) return [["Nothing to follow yet", `# publish a release first: devices cannot see ${r.version}`]];
		return [
			["Look at it from any machine", `ostree --repo=look init --mode=archive\nostree --repo=look remote add --if-not-exists --no-gpg-verify ${blueprint.name} ${repo}\nostree --repo=look pull --commit-metadata-only ${blueprint.name} ${ref}\nostree --repo=look show ${blueprint.name}:${ref}`,
				r.state === "staged" && `${r.version} is staged: what is pulled is ${blueprint.published}`],
			blueprint.public_key && ["Add the remote, signatures checked", `sudo ostree remote add --force --no-gpg-verify \\\n  --sign-verify=ed25519=inline:${blueprint.public_key} \\\n  edge ${repo}`,
				"where “ostree --version” lists sign-ed25519"],
			["Add the remote, signatures not checked", `sudo ostree remote add --force --no-gpg-verify edge ${repo}`],
			["Follow the ref", `sudo rpm-ostree rebase edge:${ref}`],
			["What an update would bring", "rpm-ostree upgrade --preview"],
			["Update", "sudo rpm-ostree upgrade --reboot"],
			["Go back", "sudo rpm-ostree rollback --reboot"],
		].filter(Boolean);
	},
};
