// Fields of forms: each is a label with its control and, where it helps, a sentence below.
import { el } from "/ui/element.js";

let ids = 0;
const unique = () => `field-${++ids}`;

function labelled(label, hint, make) {
	const id = unique(), about = hint && `${id}-hint`;
	const control = make({ id, "aria-describedby": about });
	return { control, node: el("div", { class: "field" }, el("label", { for: id }, label), control, hint && el("p", { class: "quiet", id: about }, hint)) };
}

// text is a line of text; value() is without blanks around it.
export function text(label, { hint, ...attributes } = {}) {
	const { control, node } = labelled(label, hint, (own) => el("input", { type: "text", autocomplete: "off", spellcheck: "false", autocapitalize: "off", ...own, ...attributes }));
	return { node, control, value: () => control.value.trim(), set: (value) => { control.value = value; } };
}

// choice is one of options [value, words].
export function choice(label, options, { hint, ...attributes } = {}) {
	const { control, node } = labelled(label, hint, (own) => el("select", { ...own, ...attributes }, options.map(([value, words]) => el("option", { value }, words))));
	return { node, control, value: () => control.value, set: (value) => { control.value = value; } };
}

// tick is on or off: a box, or one of several where more says that it is a radio button.
export function tick(label, hint, more = {}) {
	const id = unique();
	const control = el("input", { type: "checkbox", id, "aria-describedby": hint && `${id}-hint`, ...more });
	return {
		control, value: () => control.checked, set: (on) => { control.checked = on; },
		node: el("div", { class: "tick" }, control, el("div", {}, el("label", { for: id }, label), hint && el("p", { class: "quiet", id: `${id}-hint` }, hint))),
	};
}

// fixed is an address for those whom DHCP gives none; value() is {address, gateway, dns}, or null without one.
export function fixed() {
	const ip = (label, placeholder) => text(label, { placeholder, maxlength: 45, pattern: "[0-9A-Fa-f.:]+" });
	const at = text("Fixed address", { placeholder: "as DHCP says", pattern: "[0-9A-Fa-f.:]+/[0-9]+", hint: "192.0.2.10/24" });
	const gateway = ip("Gateway", "192.0.2.1"), dns = ip("Name server", "192.0.2.1");
	return {
		nodes: [at.node, gateway.node, dns.node],
		value: () => (at.value() ? given({ address: at.value(), gateway: gateway.value(), dns: dns.value() }) : null),
		draw() { for (const t of [gateway, dns]) t.control.disabled = !at.value(); },
	};
}

// NAME is what builder and device call something, as the builder checks it.
export const NAME = "[A-Za-z0-9]([A-Za-z0-9._\\-]{0,62}[A-Za-z0-9])?";

export const TARGETS = [["", "as the builder chooses"], ["rhel9", "RHEL 9"], ["rhel10", "RHEL 10"], ["fedora", "Fedora"]];

// given leaves out of an object what is "", false, null, or an object with nothing in it.
export function given(values) {
	const kept = Object.entries(values).filter(([, v]) => v !== "" && v !== false && v !== null && v !== undefined && !(typeof v === "object" && Object.keys(v).length === 0));
	return Object.fromEntries(kept);
}
