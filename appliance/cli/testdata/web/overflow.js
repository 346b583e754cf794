// The value is the elements that make the page wider than the window, the innermost ones; none when it fits.
(() => {
  const wide = document.documentElement.clientWidth;
  if (document.scrollingElement.scrollWidth <= wide) return [];
  const clipped = (node) => {
    for (let at = node.parentElement; at && at !== document.body; at = at.parentElement) if (getComputedStyle(at).overflowX !== "visible") return true;
    return false;
  };
  const out = [...document.querySelectorAll("body *")].filter((n) => n.getBoundingClientRect().right > wide + 0.5 && n.checkVisibility() && !clipped(n));
  const inner = out.filter((n) => ![...n.children].some((c) => out.includes(c)));
  const told = inner.map((n) => `<${n.localName} class=${JSON.stringify(n.getAttribute("class") || "")}> to ${Math.round(n.getBoundingClientRect().right)}: ${JSON.stringify((n.textContent || "").trim().slice(0, 50))}`);
  return [`${document.scrollingElement.scrollWidth} pixels in a window of ${wide}`, ...told.slice(0, 8)];
})()
