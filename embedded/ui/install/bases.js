// The vendor's ISOs that images are made from, and taking in one more.
import { copyButton, el, fill } from "/ui/element.js";
import { bytes, utc } from "/ui/format.js";
import { addBase } from "/ui/install/calls.js";
import { given, text } from "/ui/install/fields.js";
import { asking } from "/ui/install/form.js";
import { card, curlLine, table } from "/ui/parts.js";

// bases makes the card; added() is called when there is one more.
export function bases(house, added) {
	const from = text("ISO", { placeholder: "/srv/rhel-9.6-x86_64-boot.iso", required: true, hint: "A path on the builder, or a URL that the builder fetches." });
	const sum = text("SHA-256", { placeholder: "as the vendor publishes it", pattern: "[0-9a-fA-F]{64}", hint: "May be left out." });
	const list = el("div");
	const wanted = () => given({ from: from.value(), sha256: sum.value() });

	const form = asking({
		house, key: "add base", look: "plain", go: "Add", busy: "Reading it…", what: "add one",
		line: () => curlLine("POST", "images", { from: "/PATH/BOOT.iso", ...wanted() }),
		async act() {
			const b = await addBase(wanted());
			house.say(`${b.name} was added: images can be built over it now.`);
			from.set("");
			sum.set("");
			adding.open = false;
			added();
		},
	}, el("p", { class: "quiet" }, "The boot ISO as the vendor publishes it, of RHEL, CentOS Stream or Fedora. It stays as it is; images are a few thousand bytes over it."),
	el("div", { class: "fields" }, from.node, sum.node));
	const adding = el("details", {}, el("summary", {}, "Add a vendor's ISO"), form.node);

	function draw(all) {
		form.draw();
		if (!all.length) adding.open = true;
		fill(list, all.length ? table(columns, all, { caption: "Base ISOs, the newest first" }) : el("p", {}, "There is none yet, so no image can be built."));
	}

	return { node: card("Vendor's ISOs", list, adding), draw };
}

const columns = [
	{ name: "Name", head: true, cell: (b) => [b.name, el("span", { class: "quiet block" }, b.file)] },
	{ name: "Product", cell: (b) => [b.product, el("span", { class: "quiet block" }, `${b.arch}, ${b.layout}`)] },
	{ name: "Kickstart", cell: (b) => (b.kickstart_bytes > 0 ? "fits in" : "by its address only") },
	{ name: "Media check", cell: (b) => (b.media_check ? "implanted" : "none") },
	{ name: "SHA-256", cell: (b) => [el("code", { title: b.sha256 }, b.sha256.slice(0, 12)), copyButton(() => b.sha256, `SHA-256 of ${b.name}`)] },
	{ name: "Size", number: true, cell: (b) => el("span", { title: `${b.size.toLocaleString("en")} bytes, added ${utc(b.added)}` }, bytes(b.size)) },
];
