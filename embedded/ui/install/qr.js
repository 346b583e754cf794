// QR codes: a picture for a card, and a button that shows one as large as a telephone needs it.
import { Problem } from "/ui/api.js";
import { copyButton, el } from "/ui/element.js";
import { qr } from "/ui/install/calls.js";

// picture is the code of a text; it says so where it cannot be had.
export function picture(text, label) {
	const node = el("div", { class: "qr" });
	qr(text).then(
		(svg) => node.replaceChildren(el("img", { src: `data:image/svg+xml,${encodeURIComponent(svg)}`, alt: `QR code of ${label}` })),
		(problem) => {
			if (!(problem instanceof Problem)) throw problem;
			node.replaceChildren(el("p", { class: "quiet" }, `No QR code: ${problem.message}`));
		});
	return node;
}

// qrButton opens a dialog with the code of text().
export const qrButton = (text, label) => el("button", { class: "copy", "aria-label": `QR code of ${label}`, title: `QR code of ${label}`, data: { key: `qr ${label}` }, onclick: () => show(text(), label) }, "QR");

let ids = 0;

function show(text, label) {
	const id = `qr-${++ids}`;
	const dialog = el("dialog", { class: "qr-dialog", "aria-labelledby": id },
		el("form", { method: "dialog" },
			el("h2", { id }, `QR code of ${label}`),
			picture(text, label),
			el("p", { class: "line" }, el("code", {}, text), copyButton(() => text, label)),
			el("div", { class: "choices" }, el("button", { class: "primary", data: { close: "" }, onclick: () => dialog.close() }, "Close"))));
	dialog.addEventListener("close", () => dialog.remove(), { once: true });
	document.body.append(dialog);
	dialog.showModal();
}

// address is a line with an address that can be followed, copied and photographed.
export const address = (url, label, { follow = true } = {}) => el("p", { class: "address" },
	follow ? el("a", { href: url }, url) : el("code", {}, url),
	el("span", { class: "near" }, copyButton(() => url, label), qrButton(() => url, label)));
