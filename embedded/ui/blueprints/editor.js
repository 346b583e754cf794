// Writes a new version of a blueprint: text, version rule, push, and what the builder says against it.
import { Problem, soon } from "/ui/api.js";
import { el, fill } from "/ui/element.js";
import { explain, tokenHint } from "/ui/parts.js";
import { curlIn } from "/ui/releases/curlin.js";
import { push, pushed } from "/ui/blueprints/texts.js";
import { textarea } from "/ui/blueprints/textarea.js";
import { called, given, next } from "/ui/blueprints/version.js";

const parts = [["", "as the text says, or the next patch"], ["patch", "next patch"], ["minor", "next minor"], ["major", "next major"]];

// editor makes one. start() says what is edited: {name, text, shown, expect, last, redo}: text is what the builder has,
// shown what the reader begins with where that is another, expect the version that must be the newest ("": the
// blueprint is new), last the highest that there ever was. done(answer) hears of a push. A text that the reader changed
// stays until it is pushed or given up, unless redo says otherwise.
export function editor(house, { done, cancel }) {
	let work = { name: "", text: "", expect: "", last: "" }, offered = null;

	const sheet = textarea({ label: "Text of the blueprint, TOML", changed: soon(look, 60) });
	const raise = el("select", { onchange: look }, parts.map(([value, label]) => el("option", { value }, label)));
	const message = el("input", { type: "text", maxlength: 200, autocomplete: "off", placeholder: "What changed, for the history" });
	const plan = el("p", { class: "plan", role: "status" });
	const trouble = el("div", { class: "findings", role: "alert", hidden: true });
	const news = el("div", { class: "news", hidden: true });
	const go = el("button", { class: "primary", onclick: send }, "Push");
	const revert = el("button", { class: "plain", onclick: giveUp }, cancel ? "Cancel" : "Give up changes");
	const hint = el("div", {}), line = el("div", {});
	const node = el("div", { class: "pane" }, news, sheet.node, trouble,
		el("div", { class: "fields" },
			el("label", {}, el("span", {}, "Message"), message),
			el("label", {}, el("span", {}, "Version"), raise)),
		plan, rule(),
		el("div", { class: "choices" }, revert, go), hint, line);

	const changed = () => sheet.text() !== work.text;
	const written = () => sheet.text() !== (work.shown ?? work.text);

	function start(fresh) {
		if (fresh.name === work.name && written() && !fresh.redo) {
			offered = fresh.expect !== work.expect ? fresh : null;
			return look();
		}
		offered = null;
		work = fresh;
		trouble.hidden = true;
		sheet.set(fresh.shown ?? fresh.text);
		look();
	}

	function giveUp() {
		work = offered || work;
		offered = null;
		trouble.hidden = true;
		sheet.set(work.shown ?? work.text);
		message.value = "";
		look();
		cancel?.();
	}

	// look says what a push would do.
	function look() {
		const token = house.hasToken();
		const version = next(work.last, given(sheet.text()), raise.value);
		sheet.lock(!token);
		for (const field of [go, raise, message]) field.disabled = !token || (field === go && !changed());
		revert.hidden = !cancel && !written();
		plan.textContent = !changed() ? "Nothing is changed yet."
			: version ? `A push makes this version ${version}${work.expect ? `, after ${work.expect}` : work.last ? " and brings the blueprint back" : ", the first"}.`
				: `The builder will refuse version ${given(sheet.text())}: ${work.last} is there already.`;
		fill(hint, tokenHint(house, work.expect ? "change this blueprint" : "make a blueprint"));
		const how = pushed(work.name || "NAME", { raise: raise.value, message: "" }, work.expect);
		curlIn(line, "PUT", how.path, `@${work.name || "NAME"}.toml`, { headers: Object.entries(how.headers).map(([k, v]) => `${k}: ${v}`) });
		news.hidden = !offered;
		if (offered) fill(news, el("p", {}, `${offered.expect} was pushed meanwhile; your text is based on ${work.expect}, and a push of it would be refused. `,
			el("button", { class: "link", onclick: rebase }, `Put it on top of ${offered.expect} all the same`)));
	}

	// rebase keeps the text and takes what was pushed meanwhile for what it follows. A version that the text only repeated
	// is raised with it.
	function rebase() {
		if (given(sheet.text()) === work.expect) sheet.set(called(sheet.text(), offered.expect));
		work = { ...work, expect: offered.expect, last: offered.last };
		offered = null;
		trouble.hidden = true;
		look();
	}

	async function send() {
		go.disabled = true;
		trouble.hidden = true;
		sheet.mark([]);
		try {
			const answer = await push(work.name, sheet.text(), { raise: raise.value, message: message.value.trim() }, work.expect);
			work = { ...work, text: answer.text, shown: undefined, expect: answer.version };
			sheet.set(answer.text);
			message.value = "";
			house.say(answer.changed
				? `${answer.name} ${answer.version} is pushed${answer.hashed ? `; ${answer.hashed === 1 ? "a password was" : `${answer.hashed} passwords were`} hashed first` : ""}.`
				: `${answer.name} ${answer.version} says all of that already.`);
			done(answer);
		} catch (problem) {
			if (!(problem instanceof Problem)) throw problem;
			const found = problem.faults;
			sheet.mark(found);
			trouble.hidden = found.length > 0;
			fill(trouble, explain(problem));
		} finally {
			look();
		}
	}

	return { node, start, token: look };
}

const rule = () => el("details", { class: "rule" },
	el("summary", {}, "How versions go"),
	el("ul", {},
		el("li", {}, "Every change is a new version, a commit and a tag in git."),
		el("li", {}, "A higher version in the text holds. The same one, or none, becomes the next patch. A lower one is refused."),
		el("li", {}, "A text that changes nothing makes no version. Plain passwords are hashed before anything is kept.")));
