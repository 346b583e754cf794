// Follows an update while the page is open: when the server has another version, the page loads it.
// The game survives, because memory.js keeps it.

const every = 4000; // ms
const mine = `2048 ${document.body.dataset.version}`;

export function watch(sign) {
  let asking = false;
  async function ask() {
    if (asking || document.hidden) return;
    asking = true;
    try {
      const answer = await fetch("version.txt", { cache: "no-store", signal: AbortSignal.timeout(every) });
      if (answer.ok && (await answer.text()).trim() !== mine) location.reload();
      tell("");
    } catch {
      tell("The server does not answer. The game goes on.");
    }
    asking = false;
  }
  function tell(text) {
    if (sign.textContent !== text) sign.textContent = text;
  }
  setInterval(ask, every);
}
