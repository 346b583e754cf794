// The commands for a release in its present situation, ready to copy.
import { copyButton, el, fill } from "/ui/element.js";

// where says on which machine, and with what, each set of commands is typed.
const where = [["cli", "Builder"], ["curl", "curl"], ["device", "Device"]];

// commands makes the panel of one blueprint. show() sets the release it speaks of.
export function commands(name) {
  let what = null, place = "cli";
  const title = el("h3", {}, "Commands");
  const list = el("dl", { class: "commands" });
  const node = el("div", { class: "panel" },
    el("div", { class: "tools" }, title,
      el("fieldset", { class: "segments" }, el("legend", { class: "offscreen" }, "Where the commands are typed"),
        where.map(([value, label]) => el("label", {}, el("input", {
          type: "radio", name: `where ${name}`, value, checked: value === place, onchange: () => { place = value; draw(); },
        }), el("span", {}, label))))),
    list);

  function draw() {
    title.textContent = `Commands for ${what.release.version}`;
    fill(list, sets[place](what).map(([label, text, note]) => [
      el("dt", {}, label, note && el("span", { class: "quiet block" }, note)),
      el("dd", {}, el("pre", { tabindex: "0", "aria-label": label }, el("code", {}, text)), copyButton(() => text, `the command: ${label}`)),
    ]));
  }
  return { node, show: (w) => { what = w; draw(); } };
}

const next = (version) => { const [x, y, z] = version.split("."); return `${x}.${y}.${Number(z) + 1}`; };

// Each set takes { url, blueprint, release, other, newest } and gives [label, command, note].
const sets = {
  cli({ url, blueprint, release: r, other, newest }) {
    const id = `${r.blueprint}@${r.version}`;
    return [
      ["Show it", `appliance release show ${id}`],
      other && ["What changes", `appliance release diff ${r.blueprint}@${other} ${id}`],
      r.state !== "published" && ["Publish it", `appliance release publish ${id}`, "devices follow at their next update"],
      ["Save it as an archive", `appliance release export ${id} ${r.blueprint}-${r.version}.tar`],
      ["Import the next one", `appliance release import ${r.blueprint}@${next(newest)} edge-commit.tar`, "an edge-commit from image builder"],
      r.state !== "published" && !r.pinned && ["Delete it", `appliance release delete ${id}`],
      ["Check every object", `appliance release verify ${blueprint.name}`],
      ["Watch what happens", "appliance event --follow"],
      ["From another machine, first", `export APPLIANCE_SERVER=${url}\nexport APPLIANCE_TOKEN=…`, "“appliance token” on the builder prints it"],
    ].filter(Boolean);
  },

  curl({ url, blueprint, release: r, other, newest }) {
    const at = `${url}/api/v1/releases/${r.blueprint}`;
    const text = "-H 'Accept: text/plain'";
    const auth = '-H "Authorization: Bearer $APPLIANCE_TOKEN"';
    const match = blueprint.commit ? `\n  -H 'If-Match: "${blueprint.commit}"'` : "";
    const lines = (...parts) => parts.join(" \\\n  ");
    return [
      ["Once per shell", "export APPLIANCE_TOKEN=$(appliance token)", "on the builder; elsewhere paste what it prints"],
      ["Show it", `curl -sS ${text} ${at}/${r.version}`, "without the header: JSON"],
      other && ["What changes", `curl -sS ${text} '${at}/${r.version}/diff?from=${other}'`],
      ["Its packages", `curl -sS ${text} ${at}/${r.version}/packages`],
      r.state !== "published" && ["Publish it", lines(`curl --fail-with-body -sS ${text} ${auth}`, ...(match ? [match.trim()] : []), `-X POST ${at}/${r.version}/publish`),
        blueprint.commit && "refused if another commit was published meanwhile"],
      ["Save it as an archive", lines(`curl --fail-with-body -sS ${auth}`, `-o ${r.blueprint}-${r.version}.tar ${at}/${r.version}/archive`)],
      ["Import the next one", lines(`curl --fail-with-body -sS ${text} ${auth}`, `-T edge-commit.tar ${at}/${next(newest)}`)],
      [r.pinned ? "Unpin it" : "Pin it", lines(`curl --fail-with-body -sS ${text} ${auth}`, `-X ${r.pinned ? "DELETE" : "PUT"} ${at}/${r.version}/pin`), "prune and delete leave pinned releases alone"],
      ["Watch what happens", `curl -sSN ${url}/api/v1/events`],
    ].filter(Boolean);
  },

  device({ url, blueprint, release: r }) {
    const repo = `${url}/${blueprint.name}/repo/`;
    const ref = blueprint.ref || r.ref;
    if (!blueprint.commit) return [["Nothing to follow yet", `# publish a release first: devices cannot see ${r.version}`]];
    return [
      ["Look at it from any machine", `ostree --repo=look init --mode=archive\nostree --repo=look remote add --if-not-exists --no-gpg-verify ${blueprint.name} ${repo}\nostree --repo=look pull --commit-metadata-only ${blueprint.name} ${ref}\nostree --repo=look show ${blueprint.name}:${ref}`,
        r.state === "staged" && `${r.version} is staged: what is pulled is ${blueprint.published}`],
      ["Then mirror all of it", `ostree --repo=look pull --mirror ${blueprint.name}`],
      blueprint.public_key && ["Add the remote, signatures checked", `sudo ostree remote add --force --no-gpg-verify \\\n  --sign-verify=ed25519=inline:${blueprint.public_key} \\\n  edge ${repo}`,
        "where “ostree --version” lists sign-ed25519"],
      ["Add the remote, signatures not checked", `sudo ostree remote add --force --no-gpg-verify edge ${repo}`],
      ["Follow the ref", `sudo rpm-ostree rebase edge:${ref}`],
      ["What an update would bring", "rpm-ostree upgrade --preview"],
      ["Update", "sudo rpm-ostree upgrade --reboot"],
      ["Go back", "sudo rpm-ostree rollback --reboot"],
    ].filter(Boolean);
  },
};
