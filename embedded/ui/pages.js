// Loads the modules of the pages and keeps the page that is shown in <main>.
import { el } from "/ui/element.js";
import { empty } from "/ui/parts.js";

// titles are the pages there are, by name.
export const titles = { overview: "Overview", blueprints: "Blueprints", releases: "Releases", install: "Install", apps: "Apps", devices: "Devices" };

const importing = new Map();

// fetchPage begins to load a page's module, before anybody knows whether the builder answers.
export function fetchPage(name) {
	if (!importing.has(name)) importing.set(name, import(`/ui/${name}/page.js`));
	const module = importing.get(name);
	module.catch(() => importing.delete(name));
	return module;
}

// pages shows pages in main. house goes to each page; trouble(problem) hears of what a page throws.
export function pages(main, house, trouble) {
	const made = new Map(); // name -> page; it keeps what the reader chose there
	let current = null, turn = 0;

	// show puts a page into main and opens it at path; the promise ends when the page has drawn what it loaded,
	// with whether it is still the one to show.
	async function show(name, path, options) {
		const mine = ++turn;
		if (!titles[name]) return instead(name, empty("There is no such page", `This builder has no page “${name}”.`, el("p", {}, el("a", { href: "#/" }, "To the overview"))));
		let page;
		try {
			page = made.get(name) || await make(name);
		} catch (cause) {
			if (mine !== turn) return;
			console.error(cause);
			return instead(name, broken(name, cause));
		}
		if (mine !== turn) return; // the reader has gone on
		if (main.firstChild !== page.node) main.replaceChildren(page.node);
		current = page;
		await guarded(() => page.open(path, options));
		return mine === turn;
	}

	async function make(name) {
		const module = await fetchPage(name);
		const page = module.page(house);
		page.title ??= module.title ?? titles[name];
		made.set(name, page);
		return page;
	}

	function instead(name, node) {
		current = null;
		main.replaceChildren(el("div", { class: `page-${titles[name] ? name : "none"}` }, el("h2", {}, titles[name] || "No such page"), node));
		return true;
	}

	async function guarded(call) {
		try {
			await call();
		} catch (problem) {
			trouble(problem);
		}
	}

	return {
		show,
		title: () => { const t = current?.title; return typeof t === "function" ? t() : t; },
		tell: (e) => { if (current?.event) guarded(() => current.event(e)); },
		token: () => { if (current?.token) guarded(() => current.token()); },
		// leave takes away what may not be seen any more and forgets what the pages have loaded.
		leave: () => { turn++; current = null; made.clear(); main.replaceChildren(); },
	};
}

const broken = (name, cause) => empty(`The page “${titles[name]}” does not load`, `${cause.message || cause}. The other pages and the builder itself may be well.`,
	el("p", {}, el("button", { class: "plain", onclick: () => location.reload() }, "Load everything again")));
