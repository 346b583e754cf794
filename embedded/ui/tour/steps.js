// Says what the system has seen of each step: pure functions of
// {first, broken, good: releases; app, cold: {name, tag, digest, tagList, moves} or null; devices: rows with history}.
// A step is seen only after the demonstration has begun, and it begins anew whenever its first release is published or
// an application is set back to its first version.
import { called, variants } from "/ui/tour/cast.js";

const at = (time) => (time ? Date.parse(time) : NaN);

// A sign is one thing to be seen: {text, state, detail}. Its state is "done", "wait", or "none" where only a device could
// show it and none reports.
const sign = (text, done, detail = "") => ({ text, state: done ? "done" : "wait", detail });

// told finds what a device went through since a time. Devices' words are matched, never believed: they only tick a box.
function told(s, since, kinds, fits) {
	for (const d of s.devices) {
		const found = (d.history || []).find((h) => kinds.includes(h.kind) && at(h.time) >= since && fits(h.message));
		if (found) return `${d.name}: ${found.message}`;
	}
	return "";
}

const onDevice = (s, text, detail) => (s.devices.length ? sign(text, detail !== "", detail) : { text, state: "none", detail: "no device reports" });

// names tells whether a message begins with a release, by its version or its commit.
const names = (release) => (message) => message.startsWith(`${release.version} `) || message.includes(release.commit.slice(0, 12));

// boots tells whether a message is about a release that a device has started.
const boots = ({ version: v }) => (message) => message.startsWith(`${v} `) || message.startsWith(`runs ${v} `) || message.includes(` of ${v} (`);

// published is when a release was published since the first one was; NaN if it was not.
function published(s, release) {
	const when = at(release.published_at);
	return when >= at(s.first.published_at) ? when : NaN;
}

// begins is when an application had its first version last: 0 for always, NaN for never.
export function begins(app) {
	const first = variants(app)[0]?.digest;
	if (!app || !first) return NaN;
	const moves = app.moves.filter((m) => m.to === app.tag);
	const back = moves.find((m) => m.after === first); // the newest comes first
	if (back) return at(back.time);
	return moves.length ? (moves.at(-1).before === first ? 0 : NaN) : (app.digest === first ? 0 : NaN);
}

// moved is when an application's followed tag came to variant n after its beginning; NaN if it did not.
function moved(app, n) {
	const digest = variants(app)[n]?.digest, since = begins(app);
	const move = app?.moves.find((m) => m.to === app.tag && m.after === digest && at(m.time) >= since);
	return move ? at(move.time) : NaN;
}

// move is what is to be seen of an application's move to variant n; rest(since) is what devices do then.
function move(app, n, rest) {
	if (!app) return [sign("The builder has such an application", false)];
	const since = moved(app, n);
	return [sign(`${app.tag} was moved to ${called(app, n)}`, !isNaN(since)), rest(since)];
}

// running are the devices that serve variant n since then.
const running = (s, app, n, since) => (isNaN(since) ? [] : s.devices)
	.filter((d) => d.apps.some((a) => a.name === app.name && a.digest === variants(app)[n].digest && a.ready)).map((d) => d.name).join(", ");

const looks = [
	(s) => [
		sign(`${s.first.blueprint} has ${s.first.version}, ${s.broken.version} and ${s.good.version}`, true),
		...[s.app, s.cold].filter(Boolean).map((a) => sign(`${a.name} has ${a.tagList.map((t) => t.name).join(", ")}`, variants(a).length > 1)),
	],
	(s) => [
		sign(`${s.first.version} was published`, s.first.published_at),
		...[s.app, s.cold].filter(Boolean).map((a) => sign(`${a.name} began with ${called(a, 0)}`, !isNaN(begins(a)))),
		sign("A device reports", s.devices.length > 0, s.devices.map((d) => d.name).join(", ")),
	],
	(s) => {
		const since = published(s, s.broken), back = told(s, since, ["device.rolled-back"], names(s.broken));
		return [
			sign(`${s.broken.version} was published`, !isNaN(since)),
			onDevice(s, "A device starts it on trial", told(s, since, ["device.trial", "device.os-changed", "device.red"], boots(s.broken)) || (back && "it told of it afterwards")),
			onDevice(s, "The device goes back", back),
		];
	},
	(s) => {
		const since = published(s, s.good);
		return [
			sign(`${s.good.version} was published`, !isNaN(since)),
			onDevice(s, "A device runs it, and it is green", told(s, since, ["device.green"], names(s.good))),
		];
	},
	(s) => move(s.app, 1, (since) => onDevice(s, "A device puts the version before it back", told(s, since, ["device.app-rolled-back"], (m) => m.startsWith(`${s.app.name} from `)))),
	(s) => move(s.app, 2, (since) => onDevice(s, `A device runs ${called(s.app, 2)}`, running(s, s.app, 2, since))),
	(s) => move(s.cold, 1, (since) => onDevice(s, `A device has ${called(s.cold, 1)}, asleep or awake`, running(s, s.cold, 1, since))),
];

export const count = looks.length;

// signs are what is to be seen of step n.
export const signs = (n, state) => looks[n](state);

// seen tells whether step n was: all of its signs are there, but for those that only a device could show.
export const seen = (n, state) => signs(n, state).every((x) => x.state !== "wait");
