// The dialogs: a question before something changes, and the token.
import { Problem, setToken, tryToken } from "/ui/api.js";
import { el, fill } from "/ui/element.js";
import { explain } from "/ui/parts.js";

let ids = 0;

// confirm asks before something changes and resolves to whether it was done. With run, an async function, the dialog
// stays open while it runs and shows the Problem that it throws, and the reader may try again; without run the answer
// itself is the result.
export function confirm({ title, body, go = "Go on", danger = false, run }) {
	const id = `dialog-${++ids}`;
	const trouble = el("div", { class: "findings", role: "alert", hidden: true });
	const act = el("button", { class: danger ? "primary danger" : "primary", onclick: press }, go);
	const dialog = el("dialog", { "aria-labelledby": id },
		el("form", { method: "dialog" },
			el("h2", { id }, title),
			el("div", { class: "dialog-body" }, body),
			trouble,
			el("div", { class: "choices" }, el("button", { class: "plain", onclick: () => dialog.close("") }, "Cancel"), act)));

	async function press(event) {
		event.preventDefault();
		if (!run) return dialog.close("done");
		act.disabled = true;
		trouble.hidden = true;
		try {
			await run();
			dialog.close("done");
		} catch (problem) {
			if (!(problem instanceof Problem)) throw problem;
			fill(trouble, explain(problem));
			trouble.hidden = false;
		} finally {
			act.disabled = false;
		}
	}

	dialog.querySelector("form").addEventListener("submit", press);
	document.body.append(dialog);
	dialog.showModal();
	return closed(dialog).then(() => { dialog.remove(); return dialog.returnValue === "done"; });
}

const closed = (dialog) => new Promise((resolve) => dialog.addEventListener("close", resolve, { once: true }));

let asking = null;

// askToken resolves to whether a right token was entered. why replaces the usual explanation. Asked twice at once it is
// one dialog.
export function askToken(why) {
	if (asking && document.querySelector("#token-dialog[open]")) return asking; // one that was closed has yet to say so
	const mine = ask(why).finally(() => { if (asking === mine) asking = null; });
	return (asking = mine);
}

const usual = "Publishing and retagging move what devices follow, so they need the token. On the builder, “appliance token” prints it.";

async function ask(why) {
	const trouble = el("p", { class: "findings", role: "alert", id: "token-trouble", hidden: true });
	const value = el("input", { id: "token-value", type: "password", autocomplete: "off", spellcheck: "false", required: true, "aria-describedby": "token-why token-trouble" });
	const go = el("button", { class: "primary" }, "Use this token");
	go.type = "submit";
	const dialog = el("dialog", { id: "token-dialog", "aria-labelledby": "token-title" },
		el("form", { method: "dialog", onsubmit: check },
			el("h2", { id: "token-title" }, "Token of this builder"),
			el("p", { id: "token-why" }, why || usual),
			el("label", { for: "token-value" }, "Token"), value, trouble,
			el("p", { class: "quiet" }, "It stays in this browser tab and is forgotten when the tab closes."),
			el("div", { class: "choices" }, el("button", { class: "plain", onclick: () => dialog.close("") }, "Cancel"), go)));

	// check keeps what was typed: a token with one letter missing is mended, not typed anew.
	async function check(event) {
		event.preventDefault();
		if (!value.value.trim()) return;
		go.disabled = true;
		trouble.hidden = true;
		try {
			await tryToken(value.value);
			setToken(value.value);
			dialog.close("ok");
		} catch (problem) {
			trouble.textContent = problem.status === 401
				? "The builder refused this token. On the builder, “appliance token” prints the right one."
				: `${problem.title || "The token cannot be sent"}: ${problem.message}.`;
			trouble.hidden = false;
			value.setAttribute("aria-invalid", "true");
			value.focus();
		} finally {
			go.disabled = false;
		}
	}

	document.body.append(dialog);
	dialog.showModal();
	value.focus();
	await closed(dialog);
	dialog.remove();
	return dialog.returnValue === "ok";
}
