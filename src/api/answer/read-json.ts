/** A JSON text's value; `warnings` say what of it is given otherwise. @throws SyntaxError; RangeError where it is nested too deeply */
export function parseJson(text: string): { value: unknown; warnings: string[] } {
  const warnings: string[] = [];
  const value: unknown = /\d{16}|\d[eE]\+?\d{2}/.test(text)
    ? JSON.parse(text, keepLargeNumbers(warnings) as never)
    : JSON.parse(text);
  return { value, warnings };
}

/**
 * The values of a text with one JSON text a line (NDJSON, JSON Lines) or one after each record separator (RFC 7464); undefined
 * where a line is none. A last line that ends early is left out where the text was cut.
 */
export function parseJsonLines(text: string, cut = false): { values: unknown[]; warnings: string[] } | undefined {
  const lines = text.split(/[\n\u001e]/).filter((line) => line.trim() !== "");
  const warnings = new Set<string>();
  const values: unknown[] = [];
  for (const [place, line] of lines.entries()) {
    try {
      const parsed = parseJson(line);
      values.push(parsed.value);
      for (const warning of parsed.warnings) warnings.add(warning);
    } catch (error) {
      if (error instanceof RangeError || !(cut && place === lines.length - 1)) return undefined;
    }
  }
  return { values, warnings: [...warnings] };
}

/** A reviver that gives what a number cannot hold as text: whole numbers beyond 2^53, ids as a rule, and ones like 1e999. */
function keepLargeNumbers(warnings: string[]) {
  const warn = (text: string) => {
    if (!warnings.includes(text)) warnings.push(text);
  };
  return (_key: string, value: unknown, context?: { source?: string }): unknown => {
    const source = context?.source;
    if (typeof value !== "number" || Number.isSafeInteger(value) || !source) return value;
    if (/^-?\d+$/.test(source)) warn("Whole numbers beyond 2^53 are given as texts, to keep them exact.");
    else if (!Number.isFinite(value)) warn("Numbers too large to be held are given as texts.");
    else return value;
    return source;
  };
}
