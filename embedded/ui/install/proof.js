// The proof of an image: where it differs from the vendor's ISO, byte for byte, and whether its media check passes.
import { Problem } from "/ui/api.js";
import { el, fill } from "/ui/element.js";
import { count } from "/ui/format.js";
import { check, imagePath, proof } from "/ui/install/calls.js";
import { badge, card, curl, explain, table } from "/ui/parts.js";

const number = (n) => n.toLocaleString("en");

// proofPanel shows the proof of an image; close() puts it away.
export function proofPanel(house, image, close) {
	const body = el("div", { class: "stack", "aria-busy": "true" }, el("p", { class: "quiet" }, "Comparing…"));
	const verdict = el("div", { class: "stack" });
	const node = card(["Proof of ", el("code", {}, image.path)], body);
	node.classList.add("proof");
	node.querySelector("header").append(el("button", { class: "plain small", data: { key: "close proof" }, onclick: close }, "Close"));

	// failed says in a place what went wrong there.
	const failed = (place) => (problem) => {
		if (!(problem instanceof Problem)) throw problem;
		fill(place, el("div", { class: "findings", role: "alert" }, explain(problem)));
	};

	proof(image).then((p) => { fill(body, said(p), asking(), told(p)); }, failed(body)).finally(() => body.removeAttribute("aria-busy"));

	const said = (p) => [
		el("p", { class: "headline" }, "Differs in ", el("strong", {}, count(p.ranges.length + p.more, "place")), ": ", el("strong", {}, number(p.bytes)), ` of ${number(p.size)} bytes`),
		strip(p),
		el("p", { class: "quiet" }, `Everything else is read from ${p.file}, whose SHA-256 is `, el("code", {}, p.sha256), "."),
	];

	function told(p) {
		return [
			table([{ name: "From byte", number: true, cell: (r) => number(r.offset) }, { name: "Bytes", number: true, cell: (r) => number(r.length) }], p.ranges, { caption: "Ranges of bytes that differ" }),
			p.more > 0 && el("p", { class: "quiet" }, `and ${number(p.more)} places more`),
			p.menus.map((m, i) => el("details", { open: i === 0 }, el("summary", {}, "What changed in ", el("code", {}, m.place)), difference(m.diff))),
			curl("GET", imagePath(image, "proof")),
		];
	}

	function asking() {
		const button = el("button", { class: "plain", data: { key: "check" } }, "Run the media check");
		button.addEventListener("click", async () => {
			if (!house.hasToken() && !await house.askToken("A check reads the whole image, so it needs the token.")) return;
			button.disabled = true;
			button.textContent = "Reading all of it…";
			await check(image).then((r) => fill(verdict, report(r)), failed(verdict));
			button.disabled = false;
			button.textContent = "Run the media check";
		});
		return [el("div", { class: "choices start" }, button), verdict, curl("POST", imagePath(image, "check"))];
	}

	return node;
}

// strip is the image from its first byte to its last, with a mark where it differs, never too narrow to be seen.
function strip(p) {
	const share = (n) => `${(100 * n) / p.size}%`;
	return el("div", { class: "strip", role: "img", "aria-label": "Where in the image the differences lie" }, p.ranges.map((r) => {
		const mark = el("i");
		mark.style.left = share(r.offset);
		mark.style.width = share(r.length);
		return mark;
	}));
}

// difference colours the lines of a diff by their first letter.
const kinds = { "+": "added", "-": "removed" };
const difference = (text) => el("pre", { class: "diff", tabindex: "0" }, text.replace(/\n$/, "").split("\n").map((line) => el("span", { data: { kind: kinds[line[0]] || "" } }, line + "\n")));

const verdicts = { passes: ["done", "passes"], fails: ["failed", "fails"], none: ["queued", "none implanted"] };

function report(r) {
	const commands = [...new Set(r.starts.map((s) => s.command).filter(Boolean))];
	return [
		el("p", {}, "Media check: ", badge(...verdicts[r.media_check])),
		table([
			{ name: "Firmware", head: true, cell: (s) => s.firmware },
			{ name: "From", cell: (s) => s.medium },
			{ name: "Reads", cell: (s) => s.reads.join(", or ") || "nothing: it does not boot" },
			{ name: "Starts", cell: (s) => (s.differ ? el("span", { class: "bad" }, "depends on the firmware") : s.entry) },
		], r.starts, { caption: "What which firmware starts" }),
		commands.map((c) => el("pre", { class: "log", tabindex: "0" }, c)),
	];
}
