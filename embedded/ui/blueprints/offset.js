// Where the faults that the builder found in a blueprint stand in its text.

const encoder = new TextEncoder();

// offset is where a fault stands in a text, in UTF-16 units: columns of the builder count bytes. What lies beyond the
// text is its end.
export function offset(text, { line, column }) {
	let start = 0;
	for (let n = 1; n < line; n++) {
		const end = text.indexOf("\n", start);
		if (end < 0) return text.length;
		start = end + 1;
	}
	let bytes = 1, at = start;
	for (const letter of text.slice(start)) {
		if (bytes >= column || letter === "\n") break;
		bytes += encoder.encode(letter).length;
		at += letter.length;
	}
	return at;
}
