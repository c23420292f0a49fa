import { RE2JS } from "re2js";

const MAX_PATTERN = 1_000;
/** Instructions of a compiled pattern. Times the longest answer this is a fraction of a second. */
const MAX_PROGRAM = 2_000;
/** What other engines have and RE2 has not. */
const BEYOND_RE2 = /\(\?<?[=!]|\\[1-9k]/;

/** Why the pattern cannot be used; undefined where it can. */
export function refusePattern(pattern: string): string | undefined {
  if (pattern.length > MAX_PATTERN) return `it is longer than ${MAX_PATTERN} characters`;
  try {
    return compile(pattern).programSize() > MAX_PROGRAM ? "it is too large; repeat fewer times" : undefined;
  } catch (error) {
    if (BEYOND_RE2.test(pattern)) return "patterns are RE2, which has no lookaround and no back-references";
    return error instanceof Error ? error.message.replace("error parsing regexp: ", "").slice(0, 300) : "it is wrong";
  }
}

/** Whether the whole text matches, in linear time. The pattern is one that `refusePattern` takes. */
export function matchesPattern(pattern: string, text: string): boolean {
  return compile(pattern).matches(text);
}

/** As the `pattern` of HTML: it has to match the whole answer, and `.` is a whole character. */
function compile(pattern: string): RE2JS {
  return RE2JS.compile(RE2JS.translateRegExp(pattern));
}
