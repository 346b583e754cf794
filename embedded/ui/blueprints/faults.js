// Reads the faults that the builder found in a blueprint out of what it answered.

// faults are [{line, column, text}] from 1, in the order of the lines; those that name no place are left out. The
// builder writes one a line, as compilers do: "  demo.toml:7:1: packages[1].nme: this key is unknown".
export function faults(problem) {
	if (problem.kind !== "invalid-blueprint") return [];
	const found = [];
	for (const line of problem.message.split("\n")) {
		const parts = /^\s*\S*?\.toml:(\d+):(\d+): (.*)$/.exec(line);
		if (parts) found.push({ line: Number(parts[1]), column: Number(parts[2]), text: parts[3] });
	}
	return found;
}

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
