// Words for digests, moves and what runs: pure functions.
import { count } from "/ui/format.js";

// brief is the beginning of a digest, as the command line prints it.
export const brief = (digest) => (digest || "").replace(/^(sha\d+:)?(.{12}).*/, "$2");

// version is what people call the image of a digest: its other tags, or else the digest.
export function version(a, digest) {
	const names = a.tagList.filter((t) => t.digest === digest && !t.followed && t.name !== a.tag).map((t) => t.name);
	return names.join(", ") || brief(digest) || "nothing";
}

// runsTag tells whether a device's app is of that tag: by the builder's name for what it runs, or by the digest.
export const runsTag = (run, tag) => run.digest === tag.digest || (run.version !== undefined && (run.version === tag.name || tag.same_as.includes(run.version)));

// standing tells which devices run what they follow, and which still run something else. An app that was never
// started has no digest and is neither.
export function standing(a) {
	const followed = a.tagList.find((t) => t.name === a.tag), known = a.runs.filter((r) => r.digest);
	return { now: followed ? known.filter((r) => runsTag(r, followed)) : [], late: followed ? known.filter((r) => !runsTag(r, followed)) : [] };
}

// undoable is the newest move of the followed tag that no undo has taken back; the builder reckons in the same way.
export function undoable(a) {
	let undone = 0;
	for (const m of a.moves.filter((m) => m.to === a.tag)) {
		if (m.kind === "undo") undone++;
		else if (undone > 0) undone--;
		else return m;
	}
	return null;
}

export const kinds = { retag: "Retagged", undo: "Undone", push: "Pushed", mirror: "Mirrored" };

// run is "3 devices run", with more behind it.
export const run = (n, more) => `${count(n, "device")} ${n === 1 ? "runs" : "run"} ${more}`;
