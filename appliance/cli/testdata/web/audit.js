// Looks at the page as a reader of WCAG 2.2 AA would, as far as a program can. The value of this expression is a
// list of faults, each with where it is. Names of controls are not looked at here: the browser's own
// accessibility tree knows them.
(() => {
  const faults = [];
  const where = (node) => {
    const id = node.id ? `#${node.id}` : "";
    const look = typeof node.className === "string" && node.className ? "." + node.className.trim().split(/\s+/).join(".") : "";
    return `<${node.localName}${id}${look}> ${JSON.stringify((node.innerText || node.textContent || "").trim().slice(0, 60))}`;
  };
  const fault = (what, node) => faults.push(node ? `${what}: ${where(node)}` : what);
  const all = (selector) => [...document.querySelectorAll(selector)];
  const shown = (node) => node.checkVisibility({ opacityProperty: true, visibilityProperty: true, contentVisibilityAuto: true });

  // The document.
  if (!document.documentElement.lang) fault("the document has no language");
  if (!document.title.trim()) fault("the document has no title");
  if (all("main, [role=main]").filter(shown).length !== 1) fault(`there are ${all("main").length} landmarks main, want one`);
  const viewport = document.querySelector("meta[name=viewport]")?.content || "";
  if (/user-scalable\s*=\s*no|maximum-scale/.test(viewport)) fault("the page cannot be enlarged");

  // Headings.
  const headings = all("h1, h2, h3, h4, h5, h6, [role=heading]").filter(shown);
  const level = (h) => Number(h.getAttribute("aria-level") || h.localName.slice(1));
  if (headings.filter((h) => level(h) === 1).length !== 1) fault(`there are ${headings.filter((h) => level(h) === 1).length} headings of level 1, want one`);
  let before = 0;
  for (const h of headings) {
    if (!(h.innerText || "").trim()) fault("a heading is empty", h);
    if (level(h) > before + 1) fault(`a heading of level ${level(h)} follows one of ${before}`, h);
    before = level(h);
  }

  // Names that refer to others.
  const ids = new Map();
  for (const node of all("[id]")) ids.set(node.id, (ids.get(node.id) || 0) + 1);
  for (const [id, times] of ids) if (times > 1) fault(`the ID ${JSON.stringify(id)} is there ${times} times`);
  for (const name of ["aria-labelledby", "aria-describedby", "for", "list"]) {
    for (const node of all(`[${name}]`)) {
      for (const id of node.getAttribute(name).split(/\s+/)) if (!ids.has(id)) fault(`${name} names ${JSON.stringify(id)}, which is not there`, node);
    }
  }

  // What is not text.
  for (const img of all("img:not([alt])")) fault("an image has no alt", img);
  for (const svg of all("svg").filter(shown)) {
    const named = svg.getAttribute("aria-label") || svg.getAttribute("aria-labelledby") || svg.querySelector(":scope > title");
    if (!svg.closest("[aria-hidden=true]") && !named) fault("a drawing has neither a name nor aria-hidden", svg);
  }

  // Forms: a placeholder is no label.
  for (const field of all("input:not([type=hidden]), select, textarea").filter(shown)) {
    const labelled = field.labels?.length || field.getAttribute("aria-label")?.trim() || field.hasAttribute("aria-labelledby");
    if (!labelled) fault("a field has no label", field);
  }

  // Tables.
  for (const table of all("table:not([role=presentation])").filter(shown)) {
    if (!table.querySelector("th")) fault("a table has no headers", table);
    if (!table.caption && !table.getAttribute("aria-label") && !table.hasAttribute("aria-labelledby")) fault("a table has no caption", table);
    for (const th of table.querySelectorAll("th")) {
      if (!th.scope) fault("a header has no scope", th);
      if (!th.textContent.trim() && !th.querySelector("[aria-label]")) fault("a header is empty", th);
    }
  }

  // Dialogs.
  for (const dialog of all("dialog, [role=dialog]")) {
    const by = dialog.getAttribute("aria-labelledby");
    const name = by ? by.split(/\s+/).map((id) => document.getElementById(id)?.textContent || "").join(" ") : dialog.getAttribute("aria-label");
    if (shown(dialog) && !name?.trim()) fault("a dialog has no name", dialog);
  }

  // The keyboard.
  for (const node of all("[tabindex]")) if (node.tabIndex > 0) fault(`tabindex ${node.tabIndex} makes an order of its own`, node);
  const controls = "a[href], button, input, select, textarea, summary, [tabindex='0']";
  for (const node of all(`[aria-hidden=true] :is(${controls})`).filter(shown)) fault("a control is hidden from screen readers", node);
  for (const node of all(":is(a[href], button, summary) :is(a[href], button, summary, input, select)")) fault("a control is within another", node);
  for (const node of all("[onclick]")) fault("a listener is written into the markup", node);
  for (const list of all("ul, ol").filter(shown)) {
    for (const child of list.children) if (!["li", "script", "template"].includes(child.localName)) fault("a list has something else than items", child);
  }
  for (const node of all("main *, header *, aside *, nav *").filter(shown)) {
    const style = getComputedStyle(node);
    const scrolls = /auto|scroll/.test(style.overflowX + style.overflowY) && (node.scrollWidth > node.clientWidth + 1 || node.scrollHeight > node.clientHeight + 1);
    if (scrolls && node.localName !== "textarea" && node.tabIndex < 0 && !node.querySelector(controls)) fault("a region scrolls and the keyboard cannot reach it", node);
  }

  // Targets: 24 pixels each way, or as much room around (WCAG 2.5.8). Links within a sentence are as high as its letters.
  // Behind a dialog nothing can be hit.
  const reachable = document.querySelector("dialog:modal") || document;
  const targets = [...reachable.querySelectorAll("button, select, summary, input:not([type=radio], [type=checkbox]), textarea")].filter(shown).map((node) => ({ node, box: node.getBoundingClientRect() })).filter((t) => t.box.width && t.box.height);
  for (const { node, box } of targets) {
    const x = box.x + box.width / 2, y = box.y + box.height / 2;
    if (node.matches("select, input, textarea") && box.width < 60) fault(`a field is ${Math.round(box.width)} pixels wide`, node);
    if (box.width >= 24 && box.height >= 24) continue;
    const near = targets.find((t) => t.node !== node && !node.contains(t.node) && x + 12 > t.box.left && x - 12 < t.box.right && y + 12 > t.box.top && y - 12 < t.box.bottom);
    if (near) fault(`a target of ${Math.round(box.width)} by ${Math.round(box.height)} pixels is close to ${where(near.node)}`, node);
  }

  // Contrast. Colours are read by painting them, so that every notation counts.
  const pixel = Object.assign(document.createElement("canvas"), { width: 1, height: 1 }).getContext("2d", { willReadFrequently: true });
  const known = new Map();
  const colour = (text) => {
    if (!known.has(text)) {
      pixel.clearRect(0, 0, 1, 1);
      pixel.fillStyle = text;
      pixel.fillRect(0, 0, 1, 1);
      const [r, g, b, a] = pixel.getImageData(0, 0, 1, 1).data;
      known.set(text, [r, g, b, a / 255]);
    }
    return known.get(text);
  };
  const over = ([r, g, b, a], [x, y, z]) => [r * a + x * (1 - a), g * a + y * (1 - a), b * a + z * (1 - a), 1];
  const ground = matchMedia("(prefers-color-scheme: dark)").matches ? [18, 18, 18, 1] : [255, 255, 255, 1];
  const behind = (node) => {
    const layers = [];
    for (let at = node; at; at = at.parentElement) {
      const layer = colour(getComputedStyle(at).backgroundColor);
      layers.push(layer);
      if (layer[3] === 1) break;
    }
    return layers.reverse().reduce((under, layer) => over(layer, under), ground);
  };
  const drawnBehind = (node) => { // a drawing: what lies under its middle
    const box = node.getBoundingClientRect();
    const stack = document.elementsFromPoint(box.x + box.width / 2, box.y + box.height / 2);
    const below = stack.slice(stack.indexOf(node) + 1);
    for (const at of below) {
      const style = getComputedStyle(at);
      const layer = colour(at.closest("svg") && at.localName !== "svg" ? (style.fill === "none" ? "transparent" : style.fill) : style.backgroundColor);
      if (layer[3] === 1) return layer;
    }
    return behind(node.closest("svg"));
  };
  const luminance = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const ratio = (a, b) => {
    const [x, y] = [luminance(a), luminance(b)].sort((p, q) => q - p);
    return (x + 0.05) / (y + 0.05);
  };
  const opacity = (node) => {
    let all = 1;
    for (let at = node; at; at = at.parentElement) all *= Number(getComputedStyle(at).opacity);
    return all;
  };
  const told = new Set();
  const judge = (node, text, back) => {
    const front = [...text.slice(0, 3), text[3] * opacity(node)];
    const got = ratio(over(front, back), back);
    const key = `${where(node)} ${got.toFixed(2)}`;
    if (got < 4.5 && !told.has(key)) fault(`contrast is ${got.toFixed(2)}, want 4.5 or more`, node);
    told.add(key);
  };
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let text = texts.nextNode(); text; text = texts.nextNode()) {
    const node = text.parentElement;
    if (!text.data.trim() || ["script", "style", "noscript", "title"].includes(node.localName) || !shown(node)) continue;
    if (node.closest(":disabled, [aria-disabled=true], .offscreen, option")) continue;
    const range = document.createRange();
    range.selectNodeContents(text);
    if (range.getClientRects().length === 0) continue;
    const style = getComputedStyle(node);
    if (node.closest("svg")) judge(node, colour(style.fill), drawnBehind(node));
    else judge(node, colour(style.color), behind(node));
  }
  for (const field of all("input[placeholder], textarea[placeholder]").filter(shown)) {
    if (!field.disabled) judge(field, colour(getComputedStyle(field, "::placeholder").color), behind(field));
  }
  return faults;
})()
