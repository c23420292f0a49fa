/** A character, an escaped sign, a digit, or a class of such, none of them negated. */
const ATOM =
  /^(?:[A-Za-z0-9 _@,:;/#=!<>%&~"'-]|\\[-.+*?()[\]{}/$^|]|\\d|\[(?!\^)(?:[A-Za-z0-9 _@,:;/#=!<>%&~"'.+*?()|$-]|\\[-.+/]|\\d)+\])/;
const FIXED = /^\{\d{1,3}\}/;
const VARIABLE = /^(?:[*+?]|\{\d{1,3},\d{0,3}\})/;

/**
 * A test for patterns so simple that the engine of JavaScript takes linear time for them as well, many times faster: signs,
 * digits and classes one after the other, with repeats of a fixed number; one repeat may vary where the pattern begins with
 * `^`, for then there is only one thing to try again. All of it is ASCII, in which both engines agree. Undefined for others.
 */
export function simpleTest(pattern: string): ((text: string) => boolean) | undefined {
  const anchored = pattern.startsWith("^");
  let rest = anchored ? pattern.slice(1) : pattern;
  if (rest.endsWith("$") && !rest.endsWith("\\$")) rest = rest.slice(0, -1);
  let varying = 0;
  while (rest !== "") {
    const atom = ATOM.exec(rest);
    if (!atom) return undefined;
    rest = rest.slice(atom[0].length);
    const fixed = FIXED.exec(rest);
    const variable = fixed ? null : VARIABLE.exec(rest);
    if (variable) varying++;
    rest = rest.slice((fixed ?? variable)?.[0].length ?? 0);
    if (/^[*+?{]/.test(rest)) return undefined;
  }
  if (varying > (anchored ? 1 : 0)) return undefined;
  const regex = new RegExp(pattern);
  return (text) => regex.test(text);
}
