// The rule by which versions of blueprints go up, as the builder has it.
import { byVersion } from "/ui/format.js";

// given is the version that a text says it has; "" where it says none.
export function given(text) {
	const head = text.split(/^\s*\[/m, 1)[0];
	return /^\s*version\s*=\s*(["'])([^"'\n]*)\1/m.exec(head)?.[2] ?? "";
}

export const isVersion = (text) => /^(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})$/.test(text);

function raised(version, by) {
	const [x, y, z] = version.split(".").map(Number);
	return { major: `${x + 1}.0.0`, minor: `${x}.${y + 1}.0` }[by] || `${x}.${y}.${z + 1}`;
}

// next is the version that a changed text gets: last is the highest that there ever was ("": the blueprint is new), by
// is the part that goes up, "" for what the text says. "" where the builder will refuse the version.
export function next(last, said, by) {
	if (said && !isVersion(said)) return "";
	if (!last && !by && said) return said;
	const least = raised(last || "0.0.0", by);
	if (!last) return said && byVersion(said, least) > 0 ? said : least;
	if (!said || said === last) return least;
	if (byVersion(said, last) < 0) return by ? least : "";
	return !by || byVersion(said, least) > 0 ? said : least;
}

// highest of a list of versions; "" of none.
export const highest = (versions) => versions.reduce((top, v) => (!top || byVersion(v, top) > 0 ? v : top), "");

// called is a text with another version in it, where it says one.
export function called(text, version) {
	const [head] = text.split(/^\s*\[/m, 1);
	return head.replace(/^(\s*version\s*=\s*)(["'])[^"'\n]*\2/m, `$1"${version}"`) + text.slice(head.length);
}
