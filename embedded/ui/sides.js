// The columns beside the page: the diary and the guided tour, and the buttons in the header that open them.
import { el } from "/ui/element.js";
import { explain } from "/ui/parts.js";

const $ = (id) => document.getElementById(id);
const TOUR = "appliance-tour";

// sides wires the buttons. trouble(problem) hears of what the tour throws.
export function sides(house, trouble) {
	const wide = matchMedia("(min-width: 78rem)"), wider = matchMedia("(min-width: 112rem)");
	let page = "", asked = null, touring = sessionStorage.getItem(TOUR) === "open", panel = null;

	// The diary has its place on a wide overview; anywhere else the reader asks for it.
	function draw() {
		const room = touring ? wider : wide;
		const diary = asked ?? (page === "overview" && room.matches);
		$("diary-side").hidden = !diary;
		$("diary-open").setAttribute("aria-expanded", String(diary));
		$("tour-side").hidden = !touring;
		$("tour-open").setAttribute("aria-expanded", String(touring));
		$("frame").dataset.sides = [touring && "tour", diary && "diary"].filter(Boolean).join(" ");
		return diary;
	}

	$("diary-open").addEventListener("click", () => {
		asked = $("diary-side").hidden;
		if (draw() && !wide.matches) $("diary-side").scrollIntoView({ block: "start" });
	});
	$("tour-open").addEventListener("click", () => {
		touring = !touring;
		sessionStorage.setItem(TOUR, touring ? "open" : "");
		draw();
		tour();
	});
	wide.addEventListener("change", draw);
	wider.addEventListener("change", draw);

	let loading = null;

	// tour loads the panel at its first opening, once the builder's status is there for it to read.
	function tour() {
		if (!touring || !house.status()) return;
		if (panel) return guarded(() => panel.refresh?.());
		loading ??= import("/ui/tour/panel.js").then((module) => {
			panel = module.panel(house);
			$("tour-side").replaceChildren(panel.node);
			return guarded(() => panel.refresh?.());
		}).catch((cause) => {
			loading = null;
			console.error(cause);
			$("tour-side").replaceChildren(el("div", { class: "findings", role: "alert" }, explain({ title: "The tour does not load", message: cause.message })));
		});
	}

	async function guarded(call) {
		try {
			await call();
		} catch (problem) {
			trouble(problem);
		}
	}

	return {
		arrive(name) { page = name; draw(); },
		refresh: tour,
		tell(e) { if (panel?.event) guarded(() => panel.event(e)); },
		token() { if (panel?.token) guarded(() => panel.token()); },
		leave() { panel = null; loading = null; $("tour-side").replaceChildren(); },
	};
}
