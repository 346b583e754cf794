// The rules of 2048, without the page. A board is an array of sixteen numbers, row by row; 0 is an
// empty cell. Nothing here changes what it is given.

export const side = 4;
export const goal = 2048;

// lanes lists, for each direction, the cells of every lane from the wall that tiles slide to.
const line = [0, 1, 2, 3];
const lanes = {
  left: line.map((row) => line.map((n) => row * side + n)),
  right: line.map((row) => line.map((n) => row * side + side - 1 - n)),
  up: line.map((column) => line.map((n) => n * side + column)),
  down: line.map((column) => line.map((n) => (side - 1 - n) * side + column)),
};

// slide pushes every tile to one wall. Two equal tiles that meet become one of twice the value; a
// tile made so joins no other in the same turn.
//   cells   the board afterwards
//   steps   {from, to} of every tile, also of those that stay
//   joined  the cells where two tiles became one
//   gained  the sum of the tiles made
//   moved   false: the turn changes nothing and does not count
export function slide(cells, direction) {
  const turn = { cells: new Array(side * side).fill(0), steps: [], joined: [], gained: 0, moved: false };
  for (const lane of lanes[direction]) slideLane(cells, lane, turn);
  turn.moved = turn.steps.some(({ from, to }) => from !== to);
  return turn;
}

function slideLane(cells, lane, turn) {
  let settled = 0; // how many places at the wall are taken
  let open = false; // the tile at the last of them may still be joined
  for (const from of lane) {
    const value = cells[from];
    if (!value) continue;
    if (open && turn.cells[lane[settled - 1]] === value) {
      const to = lane[settled - 1];
      turn.cells[to] = value * 2;
      turn.gained += value * 2;
      turn.joined.push(to);
      turn.steps.push({ from, to });
      open = false;
    } else {
      const to = lane[settled++];
      turn.cells[to] = value;
      turn.steps.push({ from, to });
      open = true;
    }
  }
}

// spawn puts a 2, or one time in ten a 4, on an empty cell. random gives numbers from 0 to below 1.
// at is -1 on a full board.
export function spawn(cells, random) {
  const empty = cells.flatMap((value, at) => (value ? [] : [at]));
  if (empty.length === 0) return { cells, at: -1 };
  const at = empty[Math.floor(random() * empty.length)];
  return { cells: [...cells.slice(0, at), random() < 0.9 ? 2 : 4, ...cells.slice(at + 1)], at };
}

// start is a board with two tiles.
export function start(random) {
  const bare = new Array(side * side).fill(0);
  return spawn(spawn(bare, random).cells, random).cells;
}

// stuck: no direction moves anything.
export function stuck(cells) {
  return Object.keys(lanes).every((direction) => !slide(cells, direction).moved);
}

export function largest(cells) {
  return Math.max(...cells);
}

// sound tells a board from anything else that a browser's storage may hold.
export function sound(cells) {
  return Array.isArray(cells) && cells.length === side * side && cells.some(Boolean) &&
    cells.every((v) => v === 0 || (Number.isInteger(v) && v >= 2 && v <= 2 ** 20 && Number.isInteger(Math.log2(v))));
}
