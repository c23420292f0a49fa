/** What a class may hold: ranges of letters and digits, signs, and a hyphen only at its beginning or end, where it is one to everybody. */
const CLASS = "\\[\\^?-?(?:[A-Za-z0-9]-[A-Za-z0-9]|[A-Za-z0-9 _@,:;/#=!<>%&~\"'.+*?()|$]|\\\\[-.+/]|\\\\[dw])*-?\\]";
/** A character, an escaped sign, a digit, a letter or digit, or a class of such. */
const ATOM = new RegExp(`^(?:[A-Za-z0-9 _@,:;/#=!<>%&~"'-]|\\\\[-.+*?()[\\]{}/$^|]|\\\\[dw]|(?!\\[\\^?\\])${CLASS})`);
const REPEAT = /^(?:([*+?])|\{(\d{1,3})(,(\d{0,3}))?\})/;
/** Repeats that are written out in RE2, which refuses too many of them. */
const MAX_REPEATS = 1000;
/** Characters of a text with which the square of them is no time either. */
const SHORT_TEXT = 64;

export interface SimplePattern {
  test(text: string): boolean;
  /** Characters up to which it takes next to no time. */
  maxLength: number;
}

interface Part {
  atom: string;
  min: number;
  /** Whether it may be repeated more often than `min`. */
  varies: boolean;
}

/**
 * A test by the engine of JavaScript, many times faster than RE2, for patterns without groups and alternatives: signs, digits and
 * classes one after the other, each with a repeat. That engine tries the other lengths of a repeat where what follows does not
 * match, which is of no use, and soon over, where what follows cannot match a character of the repeat. So the time is linear
 * where all repeats are such, or only one varies, and the pattern begins with `^`; with one more to try it is the square, which
 * is left to RE2 for texts that are not short. Both engines agree on what is taken here. Undefined for others.
 */
export function simplePattern(pattern: string): SimplePattern | undefined {
  const anchored = pattern.startsWith("^");
  const closed = pattern.endsWith("$") && !pattern.endsWith("\\$");
  const parts = readParts(pattern.slice(anchored ? 1 : 0, closed ? -1 : undefined));
  if (!parts) return undefined;
  const maxLength = maxLengthOf(parts, anchored);
  if (maxLength === 0) return undefined;
  let regex: RegExp;
  try {
    // Classes that leave characters out match a whole one beyond the first plane, too.
    regex = new RegExp(pattern, parts.some(({ atom }) => atom.startsWith("[^")) ? "u" : "");
  } catch {
    return undefined;
  }
  return { test: (text) => regex.test(text), maxLength };
}

function readParts(source: string): Part[] | undefined {
  const parts: Part[] = [];
  let repeats = 0;
  for (let rest = source; rest !== ""; ) {
    const atom = ATOM.exec(rest)?.[0];
    if (atom === undefined) return undefined;
    rest = rest.slice(atom.length);
    const [written = "", sign, count, range, most] = REPEAT.exec(rest) ?? [];
    rest = rest.slice(written.length);
    if (/^[*+?{]/.test(rest)) return undefined;
    const min = count === undefined ? (sign === "*" || sign === "?" ? 0 : 1) : Number(count);
    repeats += Math.max(min, Number(most ?? 0), 1);
    if (repeats > MAX_REPEATS) return undefined;
    parts.push({ atom, min, varies: sign !== undefined || range !== undefined });
  }
  return parts;
}

/** Infinity where the time is linear, 0 where it is more than the square of the length. */
function maxLengthOf(parts: readonly Part[], anchored: boolean): number {
  const varying = parts.filter(({ varies }) => varies).length;
  if (varying <= (anchored ? 1 : 0)) return Number.POSITIVE_INFINITY;
  let retried = anchored ? 0 : 1;
  for (const [place, { atom, varies }] of parts.entries()) {
    const next = parts[place + 1];
    if (varies && next && (next.min === 0 || mayShare(atom, next.atom))) retried++;
  }
  return retried === 0 ? Number.POSITIVE_INFINITY : retried === 1 ? SHORT_TEXT : 0;
}

/** Whether there may be a character that both match. */
function mayShare(one: string, other: string): boolean {
  if (one.startsWith("[^") && other.startsWith("[^")) return true;
  const [first, second] = [new RegExp(one), new RegExp(other)];
  for (let code = 0; code < 128; code++) {
    const character = String.fromCharCode(code);
    if (first.test(character) && second.test(character)) return true;
  }
  return false;
}
