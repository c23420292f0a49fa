import { RE2JS } from "re2js";
import { ToolError } from "../../errors.ts";
import { show } from "../rows.ts";

const MAX_PATTERN = 1000;
/** Program size × characters that one match may take; about 30 ms in the slowest mode of the engine. */
const MAX_WORK = 5_000_000;
/** The same for all matches of one row together, between which nothing else runs; about 100 ms. */
const MAX_ROW_WORK = 20_000_000;
/** What each further row adds where several are looked at in one go. */
const WORK_PER_ROW = 1000;
/** The same for all matches of a run; about 10 seconds. */
const MAX_TOTAL_WORK = 2_000_000_000;

/** Counts the work of matches, so that a small definition cannot keep the server busy. */
export interface RegexWork {
  /** Of the run. */
  matched?: number;
  /** Of the row; whoever goes on to the next row sets it to 0. */
  matchedInRow?: number;
  /** Rows that count as one, for what looks at several in one go. Default: 1. */
  rowsAtOnce?: number;
}

/** A regular expression of a user, matched in linear time whatever the pattern. */
export interface Regex {
  test(text: string, work: RegexWork): boolean;
  /** The group of the first match, null where nothing matches. */
  extract(text: string, group: number, work: RegexWork): string | null;
  toString(): string;
}

/**
 * Compiles a pattern of a user with RE2, which has no lookaround and no back-references.
 * @throws ToolError `invalid_input` where the pattern is too long or not understood; its `test` and `extract` throw `too_large`
 * where text and pattern together, or all matches of the row or the run, would take too long; told by their size beforehand.
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
  const spend = (text: string, work: RegexWork): void => {
    const cost = text.length * size;
    if (cost > MAX_WORK) {
      throw new ToolError(
        "too_large",
        `The pattern ${show(pattern)} is too large for a text of ${text.length} characters.`,
        { hint: "Use a smaller pattern (repeats such as {900} make it large), or match a shorter field." },
      );
    }
    work.matched = (work.matched ?? 0) + cost;
    work.matchedInRow = (work.matchedInRow ?? 0) + cost;
    const ofRow = work.matchedInRow > MAX_ROW_WORK + (work.rowsAtOnce ?? 1) * WORK_PER_ROW;
    if (ofRow || work.matched > MAX_TOTAL_WORK) {
      throw new ToolError("too_large", `The patterns of ${ofRow ? "one row" : "this run"} take too long to match.`, {
        hint: "Use fewer or smaller patterns, or match shorter texts or fewer rows.",
      });
    }
  };
  return {
    test(text, work) {
      spend(text, work);
      return regex.test(text);
    },
    extract(text, group, work) {
      spend(text, work);
      const matcher = regex.matcher(text);
      if (!matcher.find() || group > matcher.groupCount()) return null;
      return matcher.group(group);
    },
    toString: () => `/${pattern}/`,
  };
}
