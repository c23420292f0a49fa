import { RE2JS } from "re2js";
import { ToolError } from "../errors.ts";
import { show } from "./rows.ts";

const MAX_PATTERN = 1000;
/** Program size × characters that one match may take; about a second in the slowest mode of the engine. */
const MAX_WORK = 200_000_000;

/** A regular expression of a user, matched in linear time whatever the pattern. */
export interface Regex {
  test(text: string): boolean;
  /** The group of the first match, null where nothing matches. */
  extract(text: string, group: number): string | null;
  toString(): string;
}

/**
 * Compiles a pattern of a user with RE2, which has no lookaround and no back-references.
 * @throws ToolError `invalid_input` where the pattern is too long or not understood; its `test` and `extract` throw `too_large`
 * where text and pattern together would take too long.
 */
export function compileRegex(pattern: string): Regex {
  if (pattern.length > MAX_PATTERN) {
    throw new ToolError("invalid_input", `The pattern ${show(pattern)} is longer than ${MAX_PATTERN} characters.`);
  }
  let regex: RE2JS;
  try {
    regex = RE2JS.compile(RE2JS.translateRegExp(pattern));
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/^error parsing regexp: /, "") : "";
    throw new ToolError("invalid_input", `The pattern ${show(pattern)} is not understood: ${reason}`, {
      hint: "Patterns are RE2: no lookahead, lookbehind or back-references.",
    });
  }
  const size = regex.programSize();
  const check = (text: string): void => {
    if (text.length * size > MAX_WORK) {
      throw new ToolError(
        "too_large",
        `The pattern ${show(pattern)} is too large for a text of ${text.length} characters.`,
      );
    }
  };
  return {
    test(text) {
      check(text);
      return regex.test(text);
    },
    extract(text, group) {
      check(text);
      const matcher = regex.matcher(text);
      if (!matcher.find() || group > matcher.groupCount()) return null;
      return matcher.group(group);
    },
    toString: () => `/${pattern}/`,
  };
}
