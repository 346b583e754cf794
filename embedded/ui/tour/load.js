// Gathers what the tour looks at: releases, the two applications with tags and history, the devices with theirs.
import { apps as getApps, device, devices as getDevices, history, releases as getReleases, tags } from "/ui/api.js";
import { cast, players } from "/ui/tour/cast.js";

const MOST = 8; // devices whose history is read

// gather gives the state that steps.js reads, or null where no blueprint has three releases.
export async function gather(choice) {
	const [releases, apps, rows] = await Promise.all([getReleases(), absent(getApps()), absent(getDevices())]);
	const roles = cast(releases, choice);
	if (!roles) return null;
	const follow = rows.filter((d) => d.blueprint === roles.blueprint && !d.stale).slice(0, MOST);
	const [[app, cold], devices] = await Promise.all([
		Promise.all(players(apps).map(whole)),
		Promise.all(follow.map((d) => device(d.id).catch(() => ({ ...d, history: [] })))), // it may have been forgotten meanwhile
	]);
	return { ...roles, app, cold, devices, all: releases };
}

// whole is an application with its tags and its history.
async function whole(app) {
	if (!app) return null;
	const [tagList, moves] = await Promise.all([tags(app.name), history(app.name)]);
	return { ...app, tagList, moves };
}

// absent is an empty list where the builder has no such part.
const absent = (answer) => answer.catch((problem) => { if (problem.status === 404) return []; throw problem; });
