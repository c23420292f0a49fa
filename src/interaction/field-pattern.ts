import { RE2JS } from "re2js";
import { patternSize } from "./pattern-size.ts";

const MAX_PATTERN = 1_000;
/** Instructions of a compiled pattern. */
const MAX_PROGRAM = 2_000;
/** What a pattern may be reckoned to have before it is compiled at all, which takes about 10 µs for each. */
const MAX_RECKONED = 2 * MAX_PROGRAM;
/** Likewise of all patterns of a form. */
const MAX_FORM_RECKONED = 8_000;
/** Classes of Unicode in all patterns of a form: about 0.5 ms each. */
const MAX_CLASSES = 100;
/** Instructions times the longest answer, of all patterns of a form: about 0.1 s when every answer is as bad as it can be. */
const MAX_STEPS = 10_000_000;
/** What other engines have and RE2 has not. */
const BEYOND_RE2 = /\(\?<?[=!]|\\[1-9k]/;

/** Why the pattern cannot be used; undefined where it can. */
export function refusePattern(pattern: string): string | undefined {
  if (pattern.length > MAX_PATTERN) return `it is longer than ${MAX_PATTERN} characters`;
  if (patternSize(pattern) > MAX_RECKONED) return TOO_LARGE;
  try {
    return compile(pattern).programSize() > MAX_PROGRAM ? TOO_LARGE : undefined;
  } catch (error) {
    if (BEYOND_RE2.test(pattern)) return "patterns are RE2, which has no lookaround and no back-references";
    return error instanceof Error ? error.message.replace("error parsing regexp: ", "").slice(0, 300) : "it is wrong";
  }
}

const TOO_LARGE = "it is too large; repeat fewer times";

/** Why the patterns of a form take too long to be compiled and matched one after the other; undefined where they do not. */
export function refusePatterns(patterns: readonly { pattern: string; longest: number }[]): string | undefined {
  const sizes = patterns.map(({ pattern }) => (pattern.length > MAX_PATTERN ? 0 : patternSize(pattern)));
  const classes = patterns.reduce((sum, { pattern }) => sum + (pattern.match(/\\[pP]/g)?.length ?? 0), 0);
  // One that is too large by itself is refused by itself.
  const sane = sizes.filter((size) => size <= MAX_RECKONED);
  if (classes > MAX_CLASSES || sum(sane) > MAX_FORM_RECKONED) {
    return "The patterns of this form are too large together; make them simpler, or ask in several forms.";
  }
  const steps = sum(patterns.map(({ longest }, index) => longest * (sizes[index] ?? 0)));
  return steps > MAX_STEPS
    ? "The patterns of this form would take too long with the longest answers; give these fields a smaller max, or make the patterns simpler."
    : undefined;
}

/** Whether the whole text matches, in linear time. The pattern is one that `refusePattern` takes. */
export function matchesPattern(pattern: string, text: string): boolean {
  return compile(pattern).matches(text);
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0);

/** As the `pattern` of HTML: it has to match the whole answer, and `.` is a whole character. */
function compile(pattern: string): RE2JS {
  return RE2JS.compile(RE2JS.translateRegExp(pattern));
}
