// Remembers where the reader is in the tour, for as long as the tab is open.
const KEY = "appliance-tour-place";

// place is {step, folded, blueprint, versions}, the last two as far as the reader has chosen.
export function place() {
	try {
		return { step: 0, ...JSON.parse(sessionStorage.getItem(KEY)) };
	} catch {
		return { step: 0 };
	}
}

export const keep = (here) => sessionStorage.setItem(KEY, JSON.stringify(here));
