import { RE2JS } from "re2js";
import { ToolError } from "../../errors.ts";
import { RowFailure, show } from "../rows.ts";
import { simplePattern } from "./simple-pattern.ts";

const MAX_PATTERN = 1000;
/** Instructions of a compiled pattern; repeats such as {900} of groups make many of a few characters. */
const MAX_PROGRAM = 20_000;
/** Program size × characters that one match may take; about three seconds in the slowest mode of the engine. */
const MAX_WORK = 100_000_000;

/** A regular expression of a user, matched in linear time whatever the pattern. */
export interface Regex {
  test(text: string): boolean;
  /** The group of the first match, null where nothing matches. */
  extract(text: string, group: number): string | null;
  /** The groups of the first match by number, 0 the match itself; undefined where nothing matches. */
  groups(text: string): (string | null)[] | undefined;
  /** The text with every match replaced; `$1` in the replacement is the first group, `$0` the match. */
  replace(text: string, replacement: string, maxLength: number): string;
  groupCount: number;
  toString(): string;
}

/**
 * Compiles a pattern of a user with RE2, which has no lookaround and no back-references.
 * @throws ToolError `invalid_input` where the pattern is too long, too large or not understood; what it gives throws RowFailure
 * `size` for a text that would take too long, told by its length beforehand.
 */
export function compileRegex(pattern: string): Regex {
  if (pattern.length > MAX_PATTERN) {
    throw new ToolError("invalid_input", `The pattern ${show(pattern)} is longer than ${MAX_PATTERN} characters.`);
  }
  const simple = simplePattern(pattern);
  // Most patterns only test short texts, for which a simple one needs no other engine.
  let made: LinearRegex | undefined;
  const linear = (): LinearRegex => {
    made ??= compileLinear(pattern);
    return made;
  };
  if (!simple) linear();
  const matcherOf = (text: string) => linear().regex.matcher(linear().check(text));
  const testLinear = (text: string) => linear().regex.test(linear().check(text));
  return {
    test: simple ? (text) => (text.length <= simple.maxLength ? simple.test(text) : testLinear(text)) : testLinear,
    extract(text, group) {
      const matcher = matcherOf(text);
      if (!matcher.find() || group > matcher.groupCount()) return null;
      return matcher.group(group);
    },
    groups(text) {
      const matcher = matcherOf(text);
      if (!matcher.find()) return undefined;
      return Array.from({ length: matcher.groupCount() + 1 }, (_, group) => matcher.group(group));
    },
    replace(text, replacement, maxLength) {
      const parts = parseReplacement(replacement);
      const matcher = matcherOf(text);
      let made = "";
      let from = 0;
      while (matcher.find()) {
        made += text.slice(from, matcher.start());
        for (const part of parts) made += typeof part === "string" ? part : groupOf(matcher, part);
        from = matcher.end();
        if (made.length > maxLength) break;
      }
      made += text.slice(from);
      if (made.length > maxLength) throw new RowFailure("size", `the text made has more than ${maxLength} characters`);
      return made;
    },
    groupCount: simple ? 0 : linear().regex.groupCount(),
    toString: () => `/${pattern}/`,
  };
}

interface LinearRegex {
  regex: RE2JS;
  /** Gives the text. @throws RowFailure `size` where it would take too long */
  check(text: string): string;
}

function compileLinear(pattern: string): LinearRegex {
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
  if (size > MAX_PROGRAM) {
    throw new ToolError(
      "invalid_input",
      `The pattern ${show(pattern)} is too large once its repeats are written out.`,
      {
        hint: "Use smaller repeats, or * and + instead of {…}.",
      },
    );
  }
  const longest = Math.floor(MAX_WORK / size);
  return {
    regex,
    check(text) {
      if (text.length <= longest) return text;
      throw new RowFailure("size", `the pattern ${show(pattern)} is too large for a text of ${text.length} characters`);
    },
  };
}

function groupOf(matcher: ReturnType<RE2JS["matcher"]>, group: number): string {
  return group > matcher.groupCount() ? "" : (matcher.group(group) ?? "");
}

/** Texts and numbers of groups; `$$` is a dollar sign, and one that no number follows is itself. */
function parseReplacement(replacement: string): (string | number)[] {
  return replacement.split(/(\$\$|\$\d)/).map((part) => {
    if (part === "$$") return "$";
    return /^\$\d$/.test(part) ? Number(part[1]) : part;
  });
}
