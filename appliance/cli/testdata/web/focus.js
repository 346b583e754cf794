// The value tells of the element that has the focus: what it is, where it stands among all that Tab can reach, and
// whether one sees that it has the focus.
(() => {
  const at = document.activeElement;
  const scope = document.querySelector("dialog:modal") || document;
  const reach = [...scope.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex]")]
    .filter((n) => n.tabIndex >= 0 && !n.disabled && n.checkVisibility({ visibilityProperty: true })
      && !(n.type === "radio" && !n.checked && [...scope.querySelectorAll("input[type=radio]:checked")].some((r) => r.name === n.name && r.form === n.form))); // one of a group
  if (!at || at === document.body || at === document.documentElement) return { place: -1, of: reach.length, seen: true, what: "nothing" };
  const marked = (n) => {
    if (!n) return false;
    const style = getComputedStyle(n);
    return (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1) || style.boxShadow !== "none";
  };
  const box = at.getBoundingClientRect();
  const onScreen = box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
  return {
    place: reach.indexOf(at), of: reach.length, seen: onScreen && (marked(at) || marked(at.nextElementSibling) || marked(at.parentElement) || marked(at.closest("label"))),
    what: `<${at.localName}${at.id ? "#" + at.id : ""}> ${JSON.stringify((at.getAttribute("aria-label") || at.innerText || at.name || at.value || "").trim().slice(0, 60))}`,
  };
})()
