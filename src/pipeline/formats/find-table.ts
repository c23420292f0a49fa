import { DELIMITERS } from "./detect-delimiter.ts";

/** Records that are looked at. */
const SAMPLED_RECORDS = 500;
/** Share of the rows, from the header on, that have its width. */
const STEADY = 0.5;
/** Share of the cells of a column that have digits where it is one of numbers or dates. */
const MOSTLY = 0.8;

/** A table below other lines. */
export interface FoundTable {
  delimiter: string;
  /** Lines above its header. */
  lines: number;
  /** Whether nothing else can be meant: names above numbers or dates, and lines above, of which the first fills no more than half of them and none all. */
  sure: boolean;
}

interface Line {
  /** Lines above it, empty ones as well. */
  above: number;
  cells: string[];
}

/**
 * Where a table begins that has a title, an address or the like above it, as exports of banks and offices have; undefined where
 * the first line fits the others, with `delimiter` between cells, or no other line does better. `given`: whether the delimiter is
 * not to be another one. The header is the first line as wide as most that follow, with all its cells filled.
 */
export function findTable(
  text: string,
  delimiter: string,
  { given, complete, comment }: { given: boolean; complete: boolean; comment?: string | undefined },
): FoundTable | undefined {
  const own = linesOf(text, delimiter, complete, comment);
  const width = own[0]?.cells.length ?? 0;
  const fits = own[0]?.cells.every(isFilled) ? own.filter(({ cells }) => cells.length === width).length : 0;
  // A single column that all lines are, as any text without the delimiter is: only a table without any fault is better.
  const single = fits === own.length && width === 1 && !given;
  if (fits === own.length && !single) return undefined;
  let best: Candidate | undefined;
  for (const other of given ? [delimiter] : DELIMITERS) {
    const candidate = tableIn(other === delimiter ? own : linesOf(text, other, complete, comment), other);
    // No better than what it is without.
    if (!candidate || candidate.score < fits * (width - 1)) continue;
    if (single && !(candidate.found.sure && candidate.even)) continue;
    const better =
      best === undefined ||
      (candidate.found.sure === best.found.sure ? candidate.score > best.score : candidate.found.sure);
    if (better) best = candidate;
  }
  return best?.found;
}

interface Candidate {
  found: FoundTable;
  /** Delimiters that it has. */
  score: number;
  /** Whether all of its rows, more than one, are as wide as the header, which has no blanks beside delimiters as prose has. */
  even: boolean;
}

function tableIn(lines: readonly Line[], delimiter: string): Candidate | undefined {
  const widths = new Map<number, number>();
  for (const { cells } of lines) widths.set(cells.length, (widths.get(cells.length) ?? 0) + 1);
  const [width] = [...widths].filter(([cells]) => cells > 1).sort((a, b) => b[1] - a[1] || b[0] - a[0])[0] ?? [0];
  const first = lines.findIndex(({ cells }) => cells.length === width && cells.every(isFilled));
  const header = lines[first];
  if (first < 1 || !header) return undefined;
  const rows = lines.slice(first + 1);
  const fitting = rows.filter(({ cells }) => cells.length === width);
  if (fitting.length === 0 || fitting.length < STEADY * rows.length) return undefined;
  const sure =
    lines.slice(0, first).every(({ cells }, index) => {
      const filled = cells.filter(isFilled).length;
      // Below a title there may be lines of names and values, which leave the rest of their cells empty.
      return filled <= width / 2 || (index > 0 && filled < width);
    }) &&
    new Set(header.cells).size === width &&
    isHeader(header.cells, fitting);
  const even = fitting.length === rows.length && rows.length > 1 && header.cells.every((name) => name === name.trim());
  return { found: { delimiter, lines: header.above, sure }, score: (fitting.length + 1) * (width - 1), even };
}

/** Whether no cell begins with a number, and below one without digits there are mostly some. */
function isHeader(names: readonly string[], rows: readonly Line[]): boolean {
  if (names.some((name) => /^\s*[-+]?\d/.test(name))) return false;
  return names.some((name, column) => {
    if (/\d/.test(name)) return false;
    const filled = rows.map(({ cells }) => cells[column] as string).filter(isFilled);
    return filled.length > 0 && filled.filter((cell) => /\d/.test(cell)).length >= MOSTLY * filled.length;
  });
}

function isFilled(cell: string): boolean {
  return cell.trim() !== "";
}

/** Lines that are not empty, cut into cells. A quote that no cell's end follows is a sign like others. */
function linesOf(text: string, delimiter: string, complete: boolean, comment: string | undefined): Line[] {
  const lines: Line[] = [];
  let above = 0;
  for (let at = 0; at < text.length && lines.length < SAMPLED_RECORDS; ) {
    const start = at;
    const cells: string[] = [];
    const ignored = comment !== undefined && text.startsWith(comment, at);
    for (;;) {
      const close = text[at] === '"' && !ignored ? closingQuote(text, at, delimiter) : undefined;
      const end = close === undefined ? cellEnd(text, at, ignored ? "" : delimiter) : close + 1;
      cells.push(close === undefined ? text.slice(at, end) : text.slice(at + 1, close));
      at = end;
      if (text[at] !== delimiter || ignored) break;
      at++;
    }
    const ended = at < text.length;
    if ((ended || complete) && !ignored && (cells.length > 1 || isFilled(cells[0] as string)))
      lines.push({ above, cells });
    if (ended) at += text.startsWith("\r\n", at) ? 2 : 1;
    for (let line = start; line < at; line++) if (isLineEnd(text, line)) above++;
  }
  return lines;
}

function closingQuote(text: string, open: number, delimiter: string): number | undefined {
  for (let at = open + 1; ; at += 2) {
    at = text.indexOf('"', at);
    if (at < 0) return undefined;
    const next = text[at + 1];
    if (next === '"') continue;
    return next === undefined || next === delimiter || next === "\n" || next === "\r" ? at : undefined;
  }
}

function cellEnd(text: string, from: number, delimiter: string): number {
  let at = from;
  while (at < text.length && text[at] !== delimiter && text[at] !== "\n" && text[at] !== "\r") at++;
  return at;
}

/** Whether a line ends with this character: \n, or \r without one. */
function isLineEnd(text: string, at: number): boolean {
  return text[at] === "\n" || (text[at] === "\r" && text[at + 1] !== "\n");
}
