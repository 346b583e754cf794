// The board on the page: one element a tile, moved by CSS.
import { side } from "./logic.js";

const pace = 120; // ms a slide takes; style.css says the same

export class Board {
  #root;
  #tiles = new Array(side * side).fill(null);
  #unsettled = null; // what remains to be done when the slide has ended
  #timer = 0;

  constructor(root) {
    this.#root = root;
    const ground = document.createElement("div");
    ground.className = "ground";
    for (let n = 0; n < side * side; n++) ground.append(document.createElement("i"));
    root.replaceChildren(ground);
  }

  // show replaces everything by the tiles of cells.
  show(cells) {
    this.settle();
    for (const tile of this.#tiles) tile?.remove();
    this.#tiles = cells.map((value, at) => (value ? this.#make(value, at, "new") : null));
  }

  // play animates a turn and the tile that appeared after it.
  play(turn, cells, appeared) {
    this.settle();
    const next = new Array(side * side).fill(null);
    const leaving = [];
    for (const { from, to } of turn.steps) {
      const tile = this.#tiles[from];
      place(tile, to);
      if (next[to]) leaving.push(next[to], tile);
      else next[to] = tile;
    }
    if (appeared >= 0) next[appeared] = this.#make(cells[appeared], appeared, "new");
    this.#tiles = next;
    this.#unsettled = () => {
      for (const tile of leaving) tile.remove();
      for (const at of turn.joined) this.#tiles[at] = this.#make(turn.cells[at], at, "joined");
    };
    this.#timer = setTimeout(() => this.settle(), pace);
  }

  // settle ends the slide that is under way.
  settle() {
    clearTimeout(this.#timer);
    this.#unsettled?.();
    this.#unsettled = null;
  }

  // refuse shows that a turn changed nothing.
  refuse(direction) {
    const far = { left: [-1, 0], right: [1, 0], up: [0, -1], down: [0, 1] }[direction];
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
    this.#root.animate([{}, { transform: `translate(${far[0] * 4}px, ${far[1] * 4}px)` }, {}], 140);
  }

  #make(value, at, how) {
    const tile = document.createElement("div");
    const face = document.createElement("span");
    tile.className = `tile ${how}`;
    tile.dataset.value = value <= 2048 ? value : "beyond";
    tile.dataset.digits = String(value).length;
    face.textContent = value;
    tile.append(face);
    place(tile, at);
    this.#root.append(tile);
    return tile;
  }
}

function place(tile, at) {
  tile.style.setProperty("--x", at % side);
  tile.style.setProperty("--y", Math.floor(at / side));
}

// rows tells the board in words.
export function rows(cells) {
  const lines = [];
  for (let at = 0; at < cells.length; at += side) {
    lines.push(`Row ${at / side + 1}: ${cells.slice(at, at + side).map((v) => v || "empty").join(", ")}.`);
  }
  return lines.join(" ");
}
