// Tells two texts apart by their lines.

const MOST = 4_000_000; // cells of the table of lengths; larger texts are told as replaced

// compare gives rows {left, right, kind} with line numbers from 1: kind is "same", "changed", "removed" or "added";
// left or right is null where that side has no line. Lines that went and lines that came in one place stand
// side by side.
export function compare(before, after) {
	const a = split(before), b = split(after);
	const rows = [];
	let i = 0, j = 0;
	const gone = [], come = [];
	const flush = () => {
		for (let n = 0; n < Math.max(gone.length, come.length); n++) {
			const left = gone[n] ?? null, right = come[n] ?? null;
			rows.push({ left, right, kind: left && right ? "changed" : left ? "removed" : "added" });
		}
		gone.length = come.length = 0;
	};
	for (const [x, y] of [...common(a, b), [a.length, b.length]]) {
		while (i < x) gone.push({ number: i + 1, text: a[i++] });
		while (j < y) come.push({ number: j + 1, text: b[j++] });
		flush();
		if (x < a.length) rows.push({ left: { number: ++i, text: a[x] }, right: { number: ++j, text: b[y] }, kind: "same" });
	}
	return rows;
}

const split = (text) => (text === "" ? [] : text.replace(/\n$/, "").split("\n"));

// common are the places [in a, in b] of a longest common subsequence. What is the same at both ends needs no table.
function common(a, b) {
	const pairs = [];
	let head = 0, tail = 0;
	while (head < a.length && head < b.length && a[head] === b[head]) pairs.push([head, head++]);
	while (tail < a.length - head && tail < b.length - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail++;
	const rows = a.length - head - tail, width = b.length - head - tail + 1;
	if (rows * width <= MOST) {
		const length = new Uint32Array((rows + 1) * width);
		for (let i = rows - 1; i >= 0; i--) {
			for (let j = width - 2; j >= 0; j--) {
				length[i * width + j] = a[head + i] === b[head + j]
					? length[(i + 1) * width + j + 1] + 1
					: Math.max(length[(i + 1) * width + j], length[i * width + j + 1]);
			}
		}
		for (let i = 0, j = 0; i < rows && j < width - 1;) {
			if (a[head + i] === b[head + j]) pairs.push([head + i++, head + j++]);
			else if (length[(i + 1) * width + j] >= length[i * width + j + 1]) i++;
			else j++;
		}
	}
	for (let n = tail; n > 0; n--) pairs.push([a.length - n, b.length - n]);
	return pairs;
}

// parts splits two lines that differ into what is the same before, what differs, and what is the same behind.
export function parts(left, right) {
	const a = [...left], b = [...right];
	let head = 0, tail = 0;
	while (head < a.length && head < b.length && a[head] === b[head]) head++;
	while (tail < a.length - head && tail < b.length - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail++;
	const cut = (x) => [x.slice(0, head).join(""), x.slice(head, x.length - tail).join(""), x.slice(x.length - tail).join("")];
	return [cut(a), cut(b)];
}
