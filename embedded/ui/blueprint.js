// One blueprint on the page: what is published, its releases, their difference and commands.
import { commands } from "/ui/commands.js";
import { difference } from "/ui/difference.js";
import { copyButton, el, fill, since } from "/ui/element.js";
import { bytes, byVersion, count, moment, short } from "/ui/format.js";
import { table } from "/ui/releases.js";

// section makes the part of the page that belongs to one blueprint; update() gives it new data.
// page = { publish(release, blueprint), chosen(name, version), askToken() }.
export function section(name, page) {
  let data = null, wanted = "";
  const id = `b-${name}`;
  const head = el("header", { class: "head" });
  const list = el("div", { class: "scroll" });
  const diff = difference(name), lines = commands(name);
  const node = el("section", { class: "card", id: name, "aria-labelledby": id }, head, list, diff.node, lines.node);

  function choose(version) {
    wanted = version;
    page.chosen(name, version);
    diff.forget();
    draw();
  }

  function draw() {
    const { blueprint, releases, url, token } = data;
    const selected = releases.find((r) => r.version === wanted) || suggested(releases);
    fill(head, heading(id, blueprint, releases, url));
    if (!selected) return;
    const other = counterpart(selected, releases);
    fill(list,
      table(releases, { selected: selected.version, choose, publish: token ? (r) => page.publish(r, blueprint) : null }),
      !token && releases.some((r) => r.state !== "published") && el("p", { class: "hint" },
        "To publish from this page, ", el("button", { class: "link", data: { key: "token" }, onclick: page.askToken }, "enter the token"), "."));
    diff.show(releases, other, selected.version);
    lines.show({ url, blueprint, release: selected, other, newest: releases[0].version });
  }

  return {
    node,
    update(fresh) { data = fresh; draw(); },
    choose(version) { wanted = version; diff.forget(); if (data) draw(); },
  };
}

const publishedOf = (releases) => releases.find((r) => r.state === "published");

// suggested is the release a visitor most likely wants to look at: the next one to publish.
function suggested(releases) {
  const now = publishedOf(releases);
  const newer = now && releases.filter((r) => byVersion(r.version, now.version) > 0).pop();
  return newer || now || releases[0];
}

// counterpart is what a release is compared with: the published one, or, for that, the one before it.
function counterpart(release, releases) {
  const now = publishedOf(releases);
  if (now && now !== release) return now.version;
  const older = releases[releases.indexOf(release) + 1];
  return (older || releases.find((r) => r !== release))?.version;
}

function heading(id, b, releases, url) {
  const now = publishedOf(releases);
  const repo = `${url}/${b.name}/repo/`;
  return [
    el("div", { class: "title" }, el("h2", { id }, b.name),
      el("p", { class: "quiet" }, `${count(releases.length, "release")}, ${bytes(b.size)} in ${count(b.objects, "object")}`)),
    el("div", { class: "now", data: { state: now ? "published" : "none" } },
      el("p", { class: "label" }, now ? "Devices get" : "Devices get nothing yet"),
      now ? el("p", { class: "big" }, now.version) : el("p", {}, "Publish a release and its ref appears in the repository."),
      now && now.published_at && el("p", { class: "quiet" }, "since ", el("time", { datetime: now.published_at }, moment(now.published_at)), el("br"), since(now.published_at))),
    el("dl", { class: "facts" },
      fact("Ref", el("code", {}, b.ref || releases[0]?.ref || "none"), (b.ref || releases[0]) && copyButton(() => b.ref || releases[0].ref, "the ref")),
      now && fact("Commit", el("code", { title: now.commit }, short(now.commit)), copyButton(() => now.commit, "the published commit"),
        now.commit_version && now.commit_version !== now.version && el("span", { class: "quiet" }, ` calls itself ${now.commit_version}`)),
      fact("Repository", el("a", { href: `/${b.name}/repo/` }, el("code", {}, repo)), copyButton(() => repo, "the repository URL")),
      b.public_key && fact("Public key", el("a", { href: `/${b.name}/ed25519.pub` }, el("code", {}, b.public_key)), copyButton(() => b.public_key, "the public key"))),
  ];
}

const fact = (name, ...content) => el("div", {}, el("dt", {}, name), el("dd", {}, ...content));
