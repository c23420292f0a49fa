import { RE2JS } from "re2js";
import { foldedLetters, patternSize } from "./pattern-size.ts";

/** Characters of a pattern, and of all patterns of a form. */
const MAX_PATTERN = 1_000;
const MAX_FORM_PATTERNS = 8_000;
/** Instructions of a compiled pattern. */
const MAX_PROGRAM = 2_000;
/** What a pattern may be reckoned to have before it is compiled at all, which takes about 5 µs for each. */
const MAX_RECKONED = 2 * MAX_PROGRAM;
/** Likewise of all patterns of a form. */
const MAX_FORM_RECKONED = 8_000;
/** Classes of Unicode in all patterns of a form: about 0.2 ms each. */
const MAX_CLASSES = 100;
/** Letters whose other cases are looked up in all patterns of a form: about 30 ns each. */
const MAX_FOLDED = 1_000_000;
/**
 * Instructions times the longest answer, of all patterns of a form: about 35 ns each when every answer is as bad as it can be, and
 * again where it has blanks at its ends. Those of a pattern with a class of many ranges, which is searched, count twice.
 */
const MAX_STEPS = 4_000_000;
/** A pattern without one is over after as many characters as it has instructions. */
const LOOP = /[*+]|,\}/;
const LARGE_CLASS = /\\[pP]|\[[^\]]{16}/;
/** Compiled patterns that are kept: those of a form. */
const MAX_KEPT = 50;
/** What other engines have and RE2 has not. */
const BEYOND_RE2 = /\(\?<?[=!]|\\[1-9k]/;

/** Why the pattern cannot be used; undefined where it can. Those of a form have to pass `refusePatterns` before. */
export function refusePattern(pattern: string): string | undefined {
  if (pattern.length > MAX_PATTERN) return `it is longer than ${MAX_PATTERN} characters`;
  if (patternSize(translate(pattern)) > MAX_RECKONED) return TOO_LARGE;
  try {
    return compile(pattern).programSize() > MAX_PROGRAM ? TOO_LARGE : undefined;
  } catch (error) {
    if (BEYOND_RE2.test(pattern)) return "patterns are RE2, which has no lookaround and no back-references";
    return error instanceof Error ? wordsOf(error).slice(0, 300) : "it is wrong";
  }
}

const wordsOf = ({ message }: Error): string =>
  message.replace("error parsing regexp: ", "").replace(`: \`${GUARD}`, ": `");

const TOO_LARGE = "it is too large; repeat fewer times";

/**
 * Why the patterns of a form take too long to be compiled and matched one after the other; undefined where they do not. Compiles
 * none of them.
 */
export function refusePatterns(patterns: readonly { pattern: string; longest: number }[]): string | undefined {
  // One that is too long or too large by itself is refused by itself, and never compiled.
  const short = patterns.filter(({ pattern }) => pattern.length <= MAX_PATTERN);
  if (sum(short.map(({ pattern }) => pattern.length)) > MAX_FORM_PATTERNS) return TOO_LARGE_TOGETHER;
  const reckoned = short.map(({ pattern, longest }) => ({ ...reckon(pattern), longest }));
  const sane = reckoned.filter(({ size }) => size <= MAX_RECKONED);
  if (
    sum(sane.map(({ size }) => size)) > MAX_FORM_RECKONED ||
    sum(sane.map(({ classes }) => classes)) > MAX_CLASSES ||
    sum(sane.map(({ folded }) => folded)) > MAX_FOLDED
  ) {
    return TOO_LARGE_TOGETHER;
  }
  return sum(sane.map(({ size, slow, loops, longest }) => size * slow * (loops ? longest : Math.min(longest, size)))) >
    MAX_STEPS
    ? "The patterns of this form would take too long with the longest answers; give these fields a smaller max, or make the patterns simpler."
    : undefined;
}

const TOO_LARGE_TOGETHER =
  "The patterns of this form are too large together; make them simpler, or ask in several forms.";

/** Whether the whole text matches, in linear time. The pattern is one that `refusePattern` takes. */
export function matchesPattern(pattern: string, text: string): boolean {
  // Not by `test`, whose automaton takes up to 8 MB, and a hundred times as long for texts that lead to ever new states.
  return compile(pattern).matcher(text).matches();
}

/** What the pattern costs, about and not less, without compiling it. */
function reckon(pattern: string): { size: number; slow: 1 | 2; loops: boolean; classes: number; folded: number } {
  const source = translate(pattern);
  return {
    size: patternSize(source),
    slow: LARGE_CLASS.test(source) ? 2 : 1,
    loops: LOOP.test(source),
    classes: source.match(/\\[pP]/g)?.length ?? 0,
    folded: foldedLetters(source),
  };
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0);

/** What RE2 is given: escapes that it has not, such as `\i`, become what they stand for. */
const translate = (pattern: string): string => RE2JS.translateRegExp(pattern);

/** The last ones that were used, the last at the end. */
const kept = new Map<string, RE2JS>();

/** As the `pattern` of HTML: it has to match the whole answer, and `.` is a whole character. */
function compile(pattern: string): RE2JS {
  const compiled = kept.get(pattern) ?? RE2JS.compile(`${guard(pattern)}${translate(pattern)}`);
  kept.delete(pattern);
  kept.set(pattern, compiled);
  for (const oldest of kept.keys()) {
    if (kept.size <= MAX_KEPT) break;
    kept.delete(oldest);
  }
  return compiled;
}

/**
 * An empty group, before which nothing is anchored: RE2JS tries to make one pass of what starts with `^`, in a time that grows
 * with the cube of what is optional. What it could be the operand of stays the error that it is.
 */
const GUARD = "()";
const guard = (pattern: string): string => (/^[*+?{]/.test(pattern) ? "" : GUARD);
