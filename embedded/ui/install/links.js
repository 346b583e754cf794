// Makes one-time links. A link is told once, by the answer to its making, and shown until the reader puts it away.
import { path } from "/ui/api.js";
import { el, fill } from "/ui/element.js";
import { count, utc } from "/ui/format.js";
import { makeLink } from "/ui/install/calls.js";
import { choice, fixed, given, NAME, TARGETS, text, tick } from "/ui/install/fields.js";
import { asking } from "/ui/install/form.js";
import { address, picture } from "/ui/install/qr.js";
import { card, curlLine } from "/ui/parts.js";

const LIVES = [["1h", "an hour"], ["6h", "six hours"], ["24h", "a day"], ["168h", "a week"], ["720h", "30 days"]];

// linkForm makes the card; name() is the blueprint, made() is called after each link.
export function linkForm(house, name, made) {
	const device = text("Device", { placeholder: "edge-7", pattern: NAME, hint: "What the builder calls it; may be left out." });
	const hostname = text("Hostname", { placeholder: "as DHCP says", maxlength: 64 });
	const uses = text("Machines", { type: "number", min: 1, max: 1000, value: 1, required: true, hint: "How many may use the link." });
	const life = choice("Valid for", LIVES);
	const target = choice("Installer", TARGETS);
	const disk = text("Disk to erase", { placeholder: "the only fixed one", maxlength: 200, hint: "sda, or disk/by-id/NAME" });
	const net = fixed();
	const enrol = tick("Let it enrol by itself", "It appears among the devices after its first boot.");
	const result = el("div", { role: "status" });
	life.set("24h");
	enrol.set(true);

	const network = (n) => n && { ...n, dns: n.dns && [n.dns] };
	const wanted = () => given({ device: device.value(), hostname: hostname.value(), uses: Number(uses.value()) || 1, valid: life.value(), target: target.value(), disk: disk.value(), network: network(net.value()), no_enrol: !enrol.value() });

	const form = asking({
		house, key: "make link", go: "Make a one-time link", busy: "Making it…", what: "make links", why: "A one-time link installs a machine with this builder's system, so making one needs the token.",
		line: () => curlLine("POST", path("kickstarts", name()), wanted()),
		changed() {
			net.draw();
			if (!house.hasToken()) result.replaceChildren();
		},
		async act() {
			fill(result, told(await makeLink(name(), wanted()), () => result.replaceChildren()));
			result.scrollIntoView({ block: "nearest" });
			made();
		},
	}, el("div", { class: "fields" }, device.node, hostname.node, uses.node, life.node, target.node, disk.node, net.nodes), enrol.node);

	return {
		draw: form.draw,
		node: el("div", { class: "stack" },
			card("One link for one machine", el("p", { class: "quiet" }, "A link gives its machine a kickstart with what it needs to enrol, once, and lets it tell how the installation goes."), form.node),
			result),
	};
}

// told is the new link in large, with all that somebody in front of a machine needs.
function told(l, close) {
	return el("section", { class: "card told", "aria-labelledby": "told-title" },
		picture(l.url, "the one-time link"),
		el("div", { class: "stack" },
			el("h3", { id: "told-title" }, "Take it now: it is shown this once"),
			address(l.url, "the one-time link", { follow: false }),
			el("p", {}, "As an argument of an installer's kernel:"),
			address(l.kernel, "the kernel argument", { follow: false }),
			el("p", { class: "quiet" }, `Installs ${count(l.uses, "machine")} with ${l.blueprint}${l.hostname ? `, named ${l.hostname}` : ""}. Valid until ${utc(l.expires)}. Known as ${l.id}.`),
			el("p", {}, el("button", { class: "plain small", onclick: close }, "I have it"))));
}
