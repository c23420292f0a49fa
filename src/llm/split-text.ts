/** Where a text may be cut, best place first: before a heading, after a paragraph, a line, a sentence, a word. */
const BOUNDARIES = [
  /(?=^#{1,6} )/gm,
  /(?<=\n[ \t]*\n)/g,
  /(?<=\n)/g,
  /(?<=[.!?。！？][ \t"')\]]|[。！？])/g,
  /(?<=[ \t])/g,
];

/**
 * Cuts a text into parts of at most `budget`, as `measure` counts, as large and as whole as they can be. The parts together
 * are the text. Linear in its length as long as `measure` is.
 */
export function splitText(text: string, budget: number, measure: (text: string) => number): string[] {
  return split(text, Math.max(1, budget), measure, 0);
}

function split(text: string, budget: number, measure: (text: string) => number, level: number): string[] {
  const size = measure(text);
  if (size <= budget) return [text];
  const boundary = BOUNDARIES[level];
  const pieces = boundary
    ? cutAt(boundary, text, (text.length * budget) / size / 50)
    : cutAnywhere(text, budget, measure);
  if (pieces.length === 1) return boundary ? split(text, budget, measure, level + 1) : pieces;

  const parts: string[] = [];
  let open: string[] = [];
  let used = 0;
  const close = () => {
    if (open.length > 0) parts.push(open.join(""));
    open = [];
    used = 0;
  };
  for (const piece of pieces) {
    const weight = measure(piece);
    if (used + weight > budget) close();
    if (weight > budget) parts.push(...split(piece, budget, measure, level + 1));
    else {
      open.push(piece);
      used += weight;
    }
  }
  close();
  return parts;
}

/**
 * Cuts where the boundary matches, into pieces of about `length` where there are boundaries enough: measuring each of a million
 * would take long, and round up as often. A long stretch without a boundary is a piece of its own.
 */
function cutAt(boundary: RegExp, text: string, length: number): string[] {
  const least = Math.max(1, Math.floor(length));
  const next = (from: number): number => {
    boundary.lastIndex = from;
    return boundary.exec(text)?.index ?? text.length;
  };
  const pieces: string[] = [];
  for (let from = 0; from < text.length; ) {
    let end = next(from + least);
    if (end - from > 2 * least) {
      for (let at = next(from + 1); at < from + least; at = next(at + 1)) end = at;
    }
    pieces.push(text.slice(from, end));
    from = end;
  }
  return pieces;
}

/** Pieces of about a tenth of the budget, never inside a surrogate pair. */
function cutAnywhere(text: string, budget: number, measure: (text: string) => number): string[] {
  const length = Math.max(1, Math.floor((text.length * budget) / measure(text) / 10));
  const pieces: string[] = [];
  for (let at = 0; at < text.length; ) {
    let end = Math.min(text.length, at + length);
    const last = text.charCodeAt(end - 1);
    if (end < text.length && last >= 0xd800 && last <= 0xdbff) end += 1;
    pieces.push(text.slice(at, end));
    at = end;
  }
  return pieces;
}
