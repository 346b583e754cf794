// Reads the address of a page from what follows the # and writes it: pure functions.

// route is the page that a hash names and the decoded parts after it. An address of the first page of this builder,
// #NAME@VERSION, is that of a release; `moved` is then the present one, to be put in its place.
export function route(hash) {
	const text = hash.replace(/^#/, "");
	if (text === "" || text === "/") return { page: "overview", path: [] };
	if (!text.startsWith("/")) {
		const [name, version] = text.split("@");
		const path = [name, version].filter(Boolean).map(decoded);
		return { page: "releases", path, moved: address("releases", ...path) };
	}
	const [page, ...path] = text.slice(1).split("/").filter(Boolean).map(decoded);
	return { page: page || "overview", path };
}

// address is the hash of a page: address("releases", name, version).
export const address = (page, ...path) => `#/${page === "overview" ? "" : [page, ...path].map(encodeURIComponent).join("/")}`;

// decoded leaves a part with a broken escape as it is: it names nothing then, and the page says so.
function decoded(part) {
	try {
		return decodeURIComponent(part);
	} catch {
		return part;
	}
}
