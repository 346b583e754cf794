// Wires the shell: which page is shown, the builder's status, the token, the diary and the tour.
import { coalesced, hasToken, onRefused, Problem, setToken, soon, status as getStatus } from "/ui/api.js";
import { diary, running } from "/ui/diary.js";
import { askToken, confirm } from "/ui/dialog.js";
import { el, fill, say } from "/ui/element.js";
import { follow } from "/ui/events.js";
import { ago, clock } from "/ui/format.js";
import { fetchPage, pages, titles } from "/ui/pages.js";
import { explain } from "/ui/parts.js";
import { route } from "/ui/route.js";
import { sides } from "/ui/sides.js";

const $ = (id) => document.getElementById(id);
const RETRY = 5000; // between two attempts to reach a builder that does not answer, in ms
const GRACE = 2500; // after the stream broke, before the page says so, in ms

let status = null, readAt = 0, here = route(location.hash), begun = 0, declined = false, stream = null;

const house = {
	status: () => status,
	url: () => (status?.url || location.origin).replace(/\/+$/, ""),
	blueprints: () => (status?.blueprints || []).map((b) => b.name),
	hasToken,
	askToken: enter,
	confirm,
	say,
	trouble: pageTrouble,
	go: (hash) => { location.hash = hash; },
};
const shown = pages($("main"), house, pageTrouble);
const side = sides(house, pageTrouble);

// The address

function arrive() {
	const before = here.page;
	here = route(location.hash);
	if (here.moved) history.replaceState(null, "", here.moved);
	pageTrouble(null);
	mark();
	if (titles[here.page]) fetchPage(here.page).catch(() => {}); // show tells of it
	side.arrive(here.page);
	if (!status) return;
	const from = document.activeElement; // whoever has gone on with the keyboard meanwhile stays there
	open().then((still) => { if (still && before !== here.page && [from, document.body].includes(document.activeElement)) $("main").focus({ preventScroll: true }); });
	if (before !== here.page) scrollTo(0, 0);
}

// open shows the page of the address. again: the same page with everything loaded anew.
async function open(again = false) {
	const still = await shown.show(here.page, here.path, { again });
	if (still) document.title = [shown.title() || titles[here.page], "appliance"].filter(Boolean).join(" · ");
	return still;
}

function mark() {
	document.title = [titles[here.page], "appliance"].filter(Boolean).join(" · ");
	for (const link of $("pages").querySelectorAll("a")) {
		if (link.dataset.page === here.page) link.setAttribute("aria-current", "page");
		else link.removeAttribute("aria-current");
	}
}

// The builder's status

let version = "", lost = false, retrying = 0; // version: of the builder that this page came from; lost: something could not be read and is read anew once the builder answers

const loadStatus = coalesced(async () => {
	clearTimeout(retrying);
	try {
		status = await getStatus();
	} catch (problem) {
		if (!(problem instanceof Problem)) throw problem;
		if (problem.status !== 401) return away(problem);
		const had = drop();
		lock();
		return ask(had ? another : locked);
	}
	const first = !begun, anew = first || lost;
	readAt = Date.now();
	begun ||= status.events_last_id;
	lost = false;
	version ||= status.version;
	trouble(version === status.version ? "" : `The builder is ${status.version} now, this page is of ${version}: load it again.`);
	draw();
	side.refresh();
	if (!stream) stream = follow({ onEvent, onState });
	if (!anew) return;
	pageTrouble(null); // of a load that broke off
	await open(!first);
});
const statusSoon = soon(loadStatus);

// away says that the builder does not answer, and tries again until it does.
function away(problem) {
	lost = true;
	trouble(status
		? `${problem.title}: ${problem.message}. What you see is from ${clock(readAt)}.`
		: `${problem.title}: ${problem.message}. This page tries again by itself.`);
	clearTimeout(retrying);
	retrying = setTimeout(loadStatus, RETRY);
}

// again loads everything anew, after a time of which the diary knows nothing.
function again() {
	lost = true;
	loadStatus();
}

function draw() {
	$("token").hidden = false;
	$("token").textContent = hasToken() ? "Forget token" : "Enter token";
	if (!status) return;
	$("version").textContent = status.version;
	fill($("about"), el("a", { href: house.url() }, house.url()));
}

// The token

async function enter(why) {
	if (!await askToken(why)) return false;
	declined = false;
	draw();
	say("Token entered: you can make changes now.");
	shown.token();
	side.token();
	if (!status) lost = true;
	loadStatus();
	stream?.wake();
	return true;
}

const locked = "This builder shows what it has only to those who have its token.";

const another = "The builder refuses the token that you entered: it has another one now. On the builder, “appliance token” prints it.";

// drop forgets a token that is not right any more; it says whether there was one.
function drop() {
	if (!hasToken()) return false;
	setToken("");
	declined = false;
	draw();
	shown.token();
	side.token();
	return true;
}

// A 401 to anything but the status: a token that was right is not any more, or an action was tried without one.
onRefused(() => { ask(drop() ? another : status ? undefined : locked); });

// ask asks by itself, and whoever declined only once: he finds the button in the header.
function ask(why) {
	if (declined) return;
	declined = true;
	enter(why);
}

// lock takes away what a private builder showed to somebody who has no token, or no right one any more.
function lock() {
	status = null;
	shown.leave();
	side.leave();
	stream?.stop();
	write.clear();
	onState("locked");
	trouble(locked);
}

$("token").addEventListener("click", () => {
	if (!hasToken()) return enter();
	setToken("");
	declined = true; // he has just said that he wants none
	say("Token forgotten.");
	draw();
	getStatus().then(() => { shown.token(); side.token(); }, (problem) => { if (problem.status === 401) lock(); });
});

// Troubles: that of the connection stays until it is over, that of the page until the reader goes elsewhere.

function trouble(text) {
	const node = $("trouble");
	if (node.textContent !== text) node.textContent = text;
	node.hidden = text === "";
}

function pageTrouble(problem) {
	if (problem?.name === "AbortError") return;
	if (problem && !(problem instanceof Problem) && typeof problem !== "string") {
		console.error(problem);
		problem = { title: "This page has a fault", message: problem.message || String(problem), hint: "load the page again; the builder is not harmed" };
	}
	if (problem?.status === 401) return; // the dialog says it
	if (problem?.status === 0) return away(problem);
	fill($("problem"), problem && (typeof problem === "string" ? el("p", {}, problem) : explain(problem)));
	$("problem").hidden = !problem;
}

addEventListener("unhandledrejection", (event) => { event.preventDefault(); pageTrouble(event.reason); });
addEventListener("error", (event) => { if (event.error) pageTrouble(event.error); });

// The diary

const write = diary($("diary"), $("diary-empty"));
const states = { live: "live", wait: "reconnecting", locked: "locked" };
let state = "";

function onEvent(e) {
	if (e.kind !== "tag.moved" || !e.subject.endsWith(".prev")) write.add(e);
	if (e.id <= begun) return; // told before, and loaded with the page; what was forgotten before that is missed by nobody
	if (e.kind === "gap") {
		say("The builder has forgotten a part of its diary: everything is loaded anew.");
		return again();
	}
	shown.tell(e);
	side.tell(e);
	if (!running(e) && !/^(tag|app|device)\./.test(e.kind)) statusSoon();
}

function onState(now) {
	const before = state;
	state = now;
	$("live").dataset.state = now;
	$("live").textContent = states[now];
	if (now === "live" && before === "wait") again();
	if (now === "wait" && before === "live") setTimeout(() => { if (state === "wait") loadStatus(); }, GRACE); // a restart is over by then
	if (now === "locked" && status) { lock(); ask(locked); }
}

addEventListener("hashchange", arrive);
$("skip").addEventListener("click", (event) => { event.preventDefault(); $("main").focus(); });
setInterval(() => { // "4 minutes ago" grows old
	for (const node of document.querySelectorAll("[data-ago]")) node.textContent = ago(node.dataset.ago);
}, 30_000);

if (here.moved) history.replaceState(null, "", here.moved);
draw();
mark();
side.arrive(here.page);
if (titles[here.page]) fetchPage(here.page).catch(() => {});
loadStatus();
