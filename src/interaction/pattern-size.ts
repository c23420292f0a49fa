/**
 * About how many instructions a pattern of RE2 is compiled to, and not fewer: what is repeated counts as often as it may be. Found
 * without compiling it, which takes long for a large one. The pattern is as RE2JS translates it.
 */
export function patternSize(pattern: string): number {
  // Sizes of the open groups, the innermost last; of each, and of the atom that a quantifier would repeat.
  const groups = [0];
  let atom = 0;
  const add = (size: number) => {
    groups[groups.length - 1] = (groups.at(-1) ?? 0) + size;
    atom = size;
  };
  // Adds what a quantifier makes of the last atom to what that has been counted as.
  const repeat = (size: number) => {
    groups[groups.length - 1] = (groups.at(-1) ?? 0) - atom + size;
    atom = size;
  };
  for (let at = 0; at < pattern.length; ) {
    const [token] = TOKEN.exec(pattern.slice(at, at + MAX_TOKEN)) ?? [pattern.charAt(at)];
    at += token.length;
    const counts = /^\{(\d+)(,(\d*))?\}$/.exec(token);
    if (counts) {
      const least = Number(counts[1]);
      const most = counts[2] === undefined ? least : counts[3] ? Number(counts[3]) : least + 1;
      repeat(least * atom + Math.max(0, most - least) * (atom + 1) + 1);
    } else if (/^[*+?]$/.test(token)) repeat(atom + 1);
    else if (token.startsWith("(")) groups.push(token.endsWith(":") ? 0 : 2);
    else if (token === ")" && groups.length > 1) add(groups.pop() as number);
    else if (token.startsWith("\\Q")) for (const _ of token.slice(2)) add(1);
    else add(token === "|" ? 2 : 1);
  }
  // One that is not closed is refused when it is compiled.
  return groups.reduce((sum, size) => sum + size, 3);
}

/**
 * About how many letters RE2JS looks up the other cases of, and not fewer, when it compiles the pattern: where the case does not
 * count (`i`), each one of each range, which are up to 125,000 (to U+1E943), and those of each named class.
 */
export function foldedLetters(pattern: string): number {
  if (!/\(\?[A-Za-z-]*i/.test(pattern)) return 0;
  let letters = 0;
  // Whatever may be the end of a range counts as one from U+0000. Short escapes name characters up to U+01FF.
  for (const [, hex, character] of pattern.matchAll(/-(?=\\x\{([0-9A-Fa-f]+)\}|\\?(.))/gsu)) {
    const last = hex === undefined ? (character?.codePointAt(0) ?? 0) : Number.parseInt(hex, 16);
    letters += Math.min(Math.max(last, SHORT_ESCAPES), LAST_LETTER);
  }
  return letters + SHORT_ESCAPES * (pattern.match(/\\[dswDSW]|\[:/g)?.length ?? 0);
}

const SHORT_ESCAPES = 0x200;
/** The last character that has another case in RE2JS. */
const LAST_LETTER = 0x1e943;

const MAX_TOKEN = 1_000;

/** A quantifier, a quoted text, an escape, a class up to the first bracket that could end it, a group's start, or a character. */
const TOKEN =
  /^(?:\{\d+(?:,\d*)?\}|\\Q.*?(?:\\E|$)|\\[pPxu]\{[^}]*\}|\\.|\[(?:\\.|[^\]\\])*\]?|\(\?(?:P?<\w*>|[A-Za-z-]*:)|.)/su;
