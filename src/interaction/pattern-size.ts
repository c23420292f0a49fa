/**
 * About how many instructions a pattern of RE2 is compiled to, and not fewer: what is repeated counts as often as it may be. Found
 * without compiling it, which takes long for a large one.
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

const MAX_TOKEN = 1_000;

/** A quantifier, a quoted text, an escape, a class up to the first bracket that could end it, a group's start, or a character. */
const TOKEN =
  /^(?:\{\d+(?:,\d*)?\}|\\Q.*?(?:\\E|$)|\\[pPxu]\{[^}]*\}|\\.|\[(?:\\.|[^\]\\])*\]?|\(\?(?:P?<\w*>|[A-Za-z-]*:)|.)/su;
