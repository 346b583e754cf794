// Turns values of the API into words: pure functions.

export const short = (commit) => (commit || "").slice(0, 10);

export const count = (n, one, many = one + "s") => `${n.toLocaleString("en")} ${n === 1 ? one : many}`;

export function bytes(n) {
	const units = ["B", "kB", "MB", "GB", "TB"];
	let i = 0;
	while (n >= 999.5 && i < units.length - 1) { n /= 1000; i++; }
	return `${i === 0 || n >= 100 ? Math.round(n) : n.toFixed(1)} ${units[i]}`;
}

const two = (n) => String(n).padStart(2, "0");

// day and clock are in the reader's time zone.
export function day(iso) {
	const d = new Date(iso);
	return `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())}`;
}
export function clock(iso) {
	const d = new Date(iso);
	return `${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}`;
}
export const moment = (iso) => `${day(iso)} ${clock(iso).slice(0, 5)}`;

// utc is a moment for everyone: "2026-03-01 09:00:00 UTC".
export const utc = (iso) => new Date(iso).toISOString().replace("T", " ").replace(/\.\d+Z$/, " UTC");

export function ago(iso, now = Date.now()) {
	const s = Math.max(0, (now - new Date(iso)) / 1000);
	const words = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
	for (const [unit, size, until] of [["minute", 60, 3600], ["hour", 3600, 86400], ["day", 86400, 86400 * 45], ["month", 86400 * 30.4, 86400 * 500], ["year", 86400 * 365.25, Infinity]]) {
		if (s < 45) return "just now";
		if (s < until) return words.format(-Math.max(1, Math.round(s / size)), unit);
	}
}

// byVersion orders MAJOR.MINOR.PATCH numerically.
export function byVersion(a, b) {
	const x = a.split(".").map(Number), y = b.split(".").map(Number);
	return x[0] - y[0] || x[1] - y[1] || x[2] - y[2];
}

// evr is [epoch:]version-release, the epoch hidden when it is 0, as rpm-ostree prints it.
export const evr = (p) => `${p.epoch && p.epoch !== "0" ? p.epoch + ":" : ""}${p.version}-${p.release}`;
