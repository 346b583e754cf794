// Which rows are lit, how, and by what: the newest word of the diary on each device.
import { happened, mood, weight } from "/ui/devices/words.js";

const LIT = 6000; // how long a row stays lit
const MOMENT = 1500; // events so close together come of one report
const TOLD = 200; // devices whose last word is remembered

// lights keeps them; redraw() is called when one goes out.
export function lights(redraw) {
	const words = new Map(); // key -> {of, mood, kind, message, time, until}

	// light takes an event of the diary under a key: the ID of a device or of an installation.
	function light(key, e) {
		const before = words.get(key);
		if (before && weight(before.of) > weight(e.kind) && new Date(e.time) - new Date(before.time) < MOMENT) return;
		words.delete(key);
		words.set(key, { of: e.kind, mood: mood(e.kind), kind: happened(e.kind), message: e.message, time: e.time, until: Date.now() + LIT });
		if (words.size > TOLD) words.delete(words.keys().next().value);
		setTimeout(redraw, LIT + 50);
	}

	const of = (key) => words.get(key);
	const lit = (key) => { const w = words.get(key); return w && w.until > Date.now() ? w.mood : null; };

	// state changes whenever what is to be drawn does.
	const state = () => [...words].map(([key, w]) => [key, w.kind, w.time, w.until > Date.now()]);
	return { light, of, lit, state };
}
