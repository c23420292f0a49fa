import { RE2JS } from "re2js";

const MAX_PATTERN = 1000;
/** Compiled patterns that are kept; an expression makes its own anew each time it is evaluated. */
const KEPT = 200;
const compiled = new Map<string, RE2JS>();

/**
 * Stands in for RegExp where JSONata matches: RE2, in linear time whatever the pattern, without lookaround and back-references.
 * @throws Error for a pattern that RE2 does not have
 */
export class LinearRegExp {
  lastIndex = 0;
  readonly #regex: RE2JS;

  constructor(regex: RegExp) {
    this.#regex = compile(regex);
  }

  /** The next match from `lastIndex` on, as RegExp gives it with the flag g. */
  exec(text: string): (Array<string | undefined> & { index: number }) | null {
    const matcher = this.#regex.matcher(text);
    if (this.lastIndex > text.length || !matcher.find(this.lastIndex)) {
      this.lastIndex = 0;
      return null;
    }
    const groups = Array.from({ length: matcher.groupCount() + 1 }, (_, group) => matcher.group(group) ?? undefined);
    this.lastIndex = matcher.end();
    return Object.assign(groups, { index: matcher.start() });
  }
}

function compile(regex: RegExp): RE2JS {
  const key = String(regex);
  const known = compiled.get(key);
  if (known) return known;
  if (regex.source.length > MAX_PATTERN) throw new Error(`a pattern has more than ${MAX_PATTERN} characters`);
  const flags = (regex.ignoreCase ? RE2JS.CASE_INSENSITIVE : 0) | (regex.multiline ? RE2JS.MULTILINE : 0);
  let made: RE2JS;
  try {
    made = RE2JS.compile(RE2JS.translateRegExp(regex.source), flags);
  } catch (error) {
    const reason = (error as Error).message.replace(/^error parsing regexp: /, "");
    throw new Error(`the pattern ${key.slice(0, 80)} is not understood: ${reason}; patterns are RE2`);
  }
  if (compiled.size >= KEPT) compiled.clear();
  compiled.set(key, made);
  return made;
}
