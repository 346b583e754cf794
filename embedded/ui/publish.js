// The two dialogs: the token, and the confirmation before devices are told to change.
import { diff, publish as send, setToken } from "/ui/api.js";
import { el, fill, say } from "/ui/element.js";
import { byVersion, short } from "/ui/format.js";

const $ = (id) => document.getElementById(id);

for (const dialog of document.querySelectorAll("dialog")) {
  dialog.querySelector("[data-close]").addEventListener("click", () => dialog.close(""));
}

// askToken resolves to whether a token was entered. why replaces the usual explanation.
export function askToken(why) {
  const dialog = $("token-dialog"), value = $("token-value"), text = $("token-why");
  text.dataset.usual ||= text.textContent;
  text.textContent = why || text.dataset.usual;
  value.value = "";
  dialog.returnValue = "";
  dialog.showModal();
  value.focus();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      const given = dialog.returnValue === "ok" && value.value.trim() !== "";
      if (given) setToken(value.value);
      value.value = "";
      resolve(given);
    }, { once: true });
  });
}

// confirmPublish says what devices will do, and publishes when the reader agrees. changed() is called
// whenever the page shows something that is no longer so.
export function confirmPublish(release, blueprint, changed) {
  const dialog = $("publish-dialog"), go = $("publish-go"), trouble = $("publish-trouble");
  const again = release.state === "superseded" || (blueprint.published && byVersion(release.version, blueprint.published) < 0);
  const stamp = el("input", { type: "checkbox" });
  const reload = new AbortController(); // ends this dialog's listeners and its request
  let force = false;

  $("publish-title").textContent = `Publish ${release.blueprint} ${release.version}?`;
  const packages = el("p", { class: "quiet" });
  fill($("publish-body"), story(release, blueprint, again), packages,
    release.commit_version && release.commit_version !== release.version && el("label", { class: "check" }, stamp,
      el("span", {}, `Write ${release.version} into the commit. It calls itself ${release.commit_version}, and that is what devices would show.`)));
  trouble.hidden = true;
  go.textContent = `Publish ${release.version}`;
  go.className = "primary";
  if (blueprint.published) preview(release, blueprint.published, packages, reload.signal);

  go.onclick = async (event) => {
    event.preventDefault();
    go.disabled = true;
    go.textContent = "Publishing…";
    try {
      const done = await send(release, blueprint.commit, { force, stamp: stamp.checked });
      dialog.close("done");
      say(done.changed ? `${release.blueprint} ${release.version} is published: ${done.ref} names ${short(done.after)} now.` : `${release.version} was published already.`);
      changed();
    } catch (problem) {
      if (problem.status === 401) return refuseToken(dialog, problem, () => confirmPublish(release, blueprint, changed), changed);
      force = problem.kind === "checks-failed";
      fill(trouble, explain(problem));
      trouble.hidden = false;
      go.textContent = force ? "Publish although checks fail" : "Try again";
      go.classList.toggle("danger", force);
      if (problem.kind === "precondition-failed") { go.hidden = true; changed(); }
    } finally {
      go.disabled = false;
    }
  };
  dialog.addEventListener("close", () => { reload.abort(); go.hidden = false; }, { once: true });
  dialog.showModal();
}

function story(release, blueprint, again) {
  const ref = el("code", {}, release.ref);
  return [
    blueprint.published
      ? el("p", {}, ref, ` moves from ${blueprint.published} to ${release.version}.`)
      : el("p", {}, ref, ` appears in the repository and names ${release.version}.`),
    el("p", {}, `Every device that follows this ref downloads ${release.version} at its next update, starts it on trial, and goes back by itself when its health checks fail.`),
    again && el("p", {}, "It is older than what devices have. It gets a new commit over the same files, so that they accept it."),
    release.sample && el("p", { class: "basis" }, "This is a sample without a kernel: no device can boot it."),
  ];
}

async function preview(release, from, node, signal) {
  try {
    const { packages: p } = await diff(release, from, signal);
    const counts = Object.keys(p || {}).filter((k) => p[k].length).map((k) => `${p[k].length} ${k}`);
    if (p) node.textContent = counts.length ? `Packages: ${counts.join(", ")}.` : "The packages are the same.";
  } catch { /* it is only a preview */ }
}

const explain = (problem) => [
  el("strong", {}, problem.title), el("p", {}, problem.message),
  problem.findings.length > 0 && el("ul", {}, problem.findings.map((f) => el("li", {}, el("b", {}, f.check), ` ${f.message}`))),
  problem.hint && el("p", { class: "quiet" }, `Hint: ${problem.hint}`),
];

async function refuseToken(dialog, problem, retry, changed) {
  setToken("");
  dialog.close("");
  changed();
  if (await askToken("The builder refused this token. On the builder, “appliance token” prints the right one.")) {
    changed();
    retry();
  }
}
