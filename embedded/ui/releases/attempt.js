// What the builder may refuse, with its reasons shown where the answer would be.
import { Problem } from "/ui/api.js";
import { el, fill } from "/ui/element.js";
import { explain } from "/ui/parts.js";

// attempt fills out with what work gives, or with the Problem that it meets, unless current() says that something else
// is wanted by then. It resolves to whether that went well and is still wanted.
export async function attempt(out, work, current = () => true) {
	let shown, good = true;
	try {
		shown = await work();
	} catch (problem) {
		if (!(problem instanceof Problem)) throw problem;
		shown = el("div", { class: "findings", role: "alert" }, explain(problem));
		good = false;
	}
	if (current()) fill(out, shown);
	return good && current();
}
