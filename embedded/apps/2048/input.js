// Turns from keys and swipes.

const keys = {
  ArrowLeft: "left", ArrowRight: "right", ArrowUp: "up", ArrowDown: "down",
  KeyA: "left", KeyD: "right", KeyW: "up", KeyS: "down", // places on the keyboard, whatever its letters
};
const shortest = 24; // px of a swipe

export function listen(board, turn) {
  document.addEventListener("keydown", (event) => {
    const direction = keys[event.code] ?? keys[event.key];
    if (!direction || event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    turn(direction);
  });

  let from = null;
  board.addEventListener("pointerdown", (event) => {
    if (!event.isPrimary || event.button !== 0) return;
    from = { x: event.clientX, y: event.clientY };
    board.setPointerCapture(event.pointerId);
  });
  board.addEventListener("pointermove", (event) => {
    if (!from || !event.isPrimary) return;
    const x = event.clientX - from.x;
    const y = event.clientY - from.y;
    if (Math.max(Math.abs(x), Math.abs(y)) < shortest) return;
    from = null; // one turn a swipe
    if (Math.abs(x) > Math.abs(y)) turn(x < 0 ? "left" : "right");
    else turn(y < 0 ? "up" : "down");
  });
  for (const end of ["pointerup", "pointercancel"]) {
    board.addEventListener(end, () => {
      from = null;
    });
  }
}
