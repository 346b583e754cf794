// The game: rules, board, memory and input put together.
import { Board, rows } from "./board.js";
import { listen } from "./input.js";
import { goal, largest, slide, spawn, start, stuck } from "./logic.js";
import { keep, recall } from "./memory.js";
import { watch } from "./server.js";

const find = (id) => document.getElementById(id);
const panel = find("panel");
const board = new Board(find("board"));
let { best, game } = recall();

function begin() {
  game = { cells: start(Math.random), score: 0, beyond: false }; // beyond: 2048 is made, the game goes on
  board.show(game.cells);
  report(0);
}

function toBoard() {
  find("board").focus({ preventScroll: true });
}

function turn(direction) {
  if (!panel.hidden) return;
  const done = slide(game.cells, direction);
  if (!done.moved) return board.refuse(direction);
  const { cells, at } = spawn(done.cells, Math.random);
  game = { ...game, cells, score: game.score + done.gained };
  best = Math.max(best, game.score);
  board.play(done, cells, at);
  report(done.gained);
}

// report brings everything but the tiles up to date.
function report(gained) {
  find("score").textContent = game.score;
  find("best").textContent = best;
  find("rows").textContent = rows(game.cells);
  if (gained) rise(gained);
  keep(game, best);
  const won = !game.beyond && largest(game.cells) >= goal;
  const over = stuck(game.cells);
  panel.hidden = !won && !over;
  if (panel.hidden) return;
  find("verdict").textContent = won ? `You made ${goal}!` : "No move is left";
  find("result").textContent = `${game.score} points` + (game.score > 0 && game.score === best ? ", your best" : "");
  panel.classList.toggle("won", won);
  find("on").hidden = !won || over;
  setTimeout(() => find(won && !over ? "on" : "again").focus({ preventScroll: true }), 400); // not by the key that is still down
}

// rise lets the points of a turn float up from the score.
function rise(gained) {
  const points = document.createElement("span");
  points.className = "rise";
  points.setAttribute("aria-hidden", "true");
  points.textContent = `+${gained}`;
  points.addEventListener("animationend", () => points.remove());
  const box = find("score").parentElement;
  box.querySelector(".rise")?.remove();
  box.append(points);
}

for (const id of ["new", "again"]) {
  find(id).addEventListener("click", () => {
    begin();
    toBoard();
  });
}
find("on").addEventListener("click", () => {
  game = { ...game, beyond: true };
  report(0);
  toBoard();
});

listen(find("board"), turn);
watch(find("server"));
if (game) {
  board.show(game.cells);
  report(0);
} else {
  begin();
}
