// Chooses who plays in the tour from what the builder has: pure functions.
import { byVersion } from "/ui/format.js";

export const enough = 3; // releases of a blueprint, and versions of an application

// playable are the blueprints with so many releases, by name.
export const playable = (releases) => [...new Set(releases.map((r) => r.blueprint))]
	.filter((name) => releases.filter((r) => r.blueprint === name).length >= enough).sort();

// cast chooses a blueprint and three of its releases: the one to begin with, one that breaks devices, one that does not.
// choice = {blueprint, versions} is the reader's; what of it is not there counts as not chosen. Gives null where no
// blueprint has three.
export function cast(releases, choice = {}) {
	const names = playable(releases);
	const blueprint = names.includes(choice.blueprint) ? choice.blueprint : names[0];
	if (!blueprint) return null;
	const all = releases.filter((r) => r.blueprint === blueprint).sort((a, b) => byVersion(a.version, b.version));
	const wanted = (choice.versions || []).map((v) => all.find((r) => r.version === v));
	const right = blueprint === choice.blueprint && wanted.length === enough && wanted.every(Boolean) && new Set(wanted).size === enough;
	const [first, broken, good] = right ? wanted : all;
	return { blueprint, first, broken, good, versions: all.map((r) => r.version) };
}

// players are the application that always runs and the cold one, or null: the first of each kind that can be told of.
export const players = (apps) => [apps.find((a) => !a.cold && !a.fault) || null, apps.find((a) => a.cold && !a.fault) || null];

// variants are the first three tags of an application that nobody follows, with their digests.
export const variants = (app) => (app?.tagList || []).filter((t) => !t.followed).slice(0, enough);

// called is the name of variant n of an application, also of one that is not there.
export const called = (app, n) => variants(app)[n]?.name || `version ${n + 1}`;
