// What the browser keeps between visits. Storage may be forbidden, full or broken; then the game
// is only forgotten.
import { sound } from "./logic.js";

const key = "2048";

function read() {
  try {
    return JSON.parse(localStorage.getItem(key)) ?? {};
  } catch {
    return {};
  }
}

const natural = (n) => (Number.isSafeInteger(n) && n >= 0 ? n : 0);

// recall gives {best, game}; game is null where there is none to continue.
export function recall() {
  const kept = read();
  const game = sound(kept.cells) ? { cells: kept.cells, score: natural(kept.score), beyond: kept.beyond === true } : null;
  return { best: natural(kept.best), game };
}

export function keep(game, best) {
  try {
    localStorage.setItem(key, JSON.stringify({ ...game, best }));
  } catch {
    // Forgotten at the next visit.
  }
}
