// The options of a boot ISO as boxes to tick, with the link and the kernel's arguments that come of them.
import { path } from "/ui/api.js";
import { el, fill } from "/ui/element.js";
import { buildImage } from "/ui/install/calls.js";
import { choice, fixed, given, NAME, text, tick } from "/ui/install/fields.js";
import { asking } from "/ui/install/form.js";
import { address } from "/ui/install/qr.js";
import { card, curlLine } from "/ui/parts.js";

const MODES = [
	["", "as the builder chooses", "The kickstart in the image where it fits, its address where not."],
	["kargs", "the kickstart's address", "The image names where the kickstart is: it may change later."],
	["kickstart", "the kickstart itself", "The system comes from the builder."],
	["offline", "kickstart and system", "The machine needs no builder. The image is as large as the system, and building it takes minutes."],
];

// buildForm makes the card; name() is the blueprint, built(image) is called with each new image.
export function buildForm(house, name, built) {
	const serial = tick("Serial console", "ttyS0 beside the screen");
	const inText = tick("Text mode", "The installer draws no windows.");
	const fips = tick("FIPS mode", "fips=1, for the installer and what it installs");
	const device = text("For one device", { placeholder: "any machine", pattern: NAME, hint: "Its own kickstart, at an address of its own." });
	const called = text("Name", { placeholder: "boot", pattern: NAME });
	const base = choice("Over", [["", "the usual one"]]);
	const more = text("Further arguments of the kernel", { placeholder: "rd.debug inst.sshd" });
	const net = fixed();
	const mode = modes(), link = el("dd"), kernel = el("code");

	const options = () => given({ console: serial.value() && "ttyS0", text: inText.value(), fips: fips.value(), ip: net.value(), add: more.value().split(/\s+/).filter(Boolean) });
	const wanted = () => given({ base: base.value(), mode: mode.value(), name: device.value() ? "" : called.value(), device: device.value(), options: options() });
	const at = () => (device.value() ? path(name(), "images", "by-device", device.value()) : path(name(), "images", called.value() || "boot"));

	// meant is what the options say to a kernel; the builder adds it to the vendor's own arguments.
	function meant() {
		const o = options();
		return [o.console && "console=tty0 console=ttyS0,115200", o.fips && "fips=1", o.text && "inst.text", o.ip && `ip=${o.ip.address}…`, ...(o.add || [])].filter(Boolean).join(" ");
	}

	const form = asking({
		house, key: "build", go: "Build the ISO", busy: "Building…", what: "build",
		line: () => curlLine("POST", path("images", name()), wanted()),
		changed() {
			called.control.disabled = device.value() !== "";
			net.draw();
			fill(link, address(`${house.url()}/${at()}.iso`, "the ISO's address", { follow: false }));
			kernel.textContent = meant() || "as the builder's configuration says";
		},
		async act() {
			const image = await buildImage(name(), wanted());
			house.say(`${image.path} is served now.`);
			built(image);
		},
	}, el("div", { class: "sides" }, mode.node, el("fieldset", {}, el("legend", {}, "How the installer starts"), serial.node, inText.node, fips.node)),
	el("div", { class: "fields" }, device.node, called.node, base.node, more.node, net.nodes),
	el("dl", { class: "outcome" }, el("dt", {}, "Its address"), link, el("dt", {}, "Kernel arguments"), el("dd", {}, kernel)));

	function setBases(all) {
		const before = base.value();
		fill(base.control, el("option", { value: "" }, all.length ? "the usual one" : "none yet"), all.map((b) => el("option", { value: b.name }, `${b.name} (${b.product || "unknown"}, ${b.arch})`)));
		base.set(all.some((b) => b.name === before) ? before : "");
		form.button.disabled = !all.length;
	}

	return { node: card("Build a boot ISO", form.node), draw: form.draw, setBases };
}

// modes is the choice of what an image carries.
function modes() {
	const all = MODES.map(([value, words, hint]) => tick(words, hint, { type: "radio", name: "iso-mode", value }));
	all[0].set(true);
	return { node: el("fieldset", {}, el("legend", {}, "What it carries"), all.map((t) => t.node)), value: () => all.find((t) => t.value()).control.value };
}
