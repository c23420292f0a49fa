import type { WriteStream } from "node:tty";

/** Lines at the bottom of a terminal that are drawn again in place. */
export interface LiveBlock {
  /** Draws what `lines` gives now. */
  draw(): void;
  /** Draws for the last time and leaves the lines where they are. */
  end(): void;
}

const INTERVAL_MS = 100;
/** Long lines are cut by the terminal while the block is drawn, so that the count of its lines is right. */
const [NO_WRAP, WRAP] = ["\u001b[?7l", "\u001b[?7h"];
const [HIDE_CURSOR, SHOW_CURSOR] = ["\u001b[?25l", "\u001b[?25h"];
const CLEAR_BELOW = "\u001b[J";

/** Draws ten times a second what `lines` gives for the terminal's size, until it is ended. */
export function createLiveBlock(
  terminal: WriteStream,
  lines: (size: { width: number; rows: number }) => string[],
): LiveBlock {
  let drawn = 0;
  let ended = false;
  const draw = (): void => {
    if (ended) return;
    // A terminal that does not know its size says 0.
    const [columns, rows] = [terminal.columns || 80, terminal.rows || 24];
    const now = lines({ width: Math.max(10, columns - 1), rows: Math.max(2, rows - 2) });
    const up = drawn > 0 ? `\u001b[${drawn}A` : "";
    drawn = now.length;
    terminal.write(
      `${NO_WRAP}${HIDE_CURSOR}${up}\r${CLEAR_BELOW}${now.map((line) => `${line}\n`).join("")}${WRAP}${SHOW_CURSOR}`,
    );
  };
  const timer = setInterval(draw, INTERVAL_MS);
  return {
    draw,
    end() {
      draw();
      ended = true;
      clearInterval(timer);
    },
  };
}
