// Machines that are being installed: they are here from the fetch of their kickstart until they have enrolled.
import { device as getDevice, Problem, request } from "/ui/api.js";

const FORGET = 24 * 3600_000; // an installation that has said nothing for so long is left to the page of installations
const ASKED = 50;             // devices that are asked which token they enrolled with, at each load

// installing keeps which token each device enrolled with, which never changes.
export function installing() {
	const tokens = new Map(); // ID of a device -> ID of its token

	// load gives the installations whose machine is none of devices yet, the newest first.
	async function load(devices) {
		let all;
		try {
			all = await request("kickstarts");
		} catch (problem) {
			if (problem instanceof Problem && problem.status === 404) return []; // a builder without any
			throw problem;
		}
		const under = all.filter((i) => i.past.length > 0 && Date.now() - new Date(last(i).time) < FORGET);
		if (!under.length) return [];
		const first = Math.min(...under.map((i) => +new Date(i.created)));
		await learn(devices.filter((d) => !tokens.has(d.id) && +new Date(d.enrolled) >= first));
		return under.filter((i) => i.uses > 1 ? i.step !== "installed" || !enrolled(i) : !enrolled(i));
	}

	async function learn(devices) {
		await Promise.all(devices.slice(0, ASKED).map(async (d) => {
			try {
				tokens.set(d.id, (await getDevice(d.id)).token);
			} catch (problem) {
				if (!(problem instanceof Problem)) throw problem; // it was forgotten meanwhile
			}
		}));
	}

	const enrolled = (i) => i.token && [...tokens.values()].includes(i.token);
	return { load };
}

// last is the newest step of an installation.
export const last = (i) => i.past.at(-1) || { time: i.created, step: i.step };
