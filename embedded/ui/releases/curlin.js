// A command line that follows what the reader chooses.
import { fill } from "/ui/element.js";
import { command, curlLine } from "/ui/parts.js";

// curlIn shows curlLine's command in node, and leaves it alone while it is the same: the reader may have unfolded it.
export function curlIn(node, ...call) {
	const line = curlLine(...call);
	if (node.dataset.line === line) return;
	node.dataset.line = line;
	fill(node, command(line));
}
