import { ToolError } from "../../errors.ts";
import { eachPaced, type Pace } from "../pace.ts";
import { counted, createReasons, type Row, show, toIssues, toRows } from "../rows.ts";

/** A JSON list of rows, or one value as one row. @throws ToolError `invalid_input` with line and column. */
export function parseJson(text: string): Row[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new ToolError("invalid_input", `The json input is broken: ${explain(error, text)}.`, {
      hint: 'Set "input_format" if the text is csv, tsv, ndjson, yaml or a markdown table.',
    });
  }
  return toRows(value);
}

/** One JSON value a line; empty lines are skipped. @throws ToolError `invalid_input` that lists the broken lines. */
export async function parseNdjson(text: string, pace: Pace): Promise<Row[]> {
  const values: unknown[] = [];
  const reasons = createReasons();
  await eachPaced(text.split("\n"), pace, (line, index) => {
    if (line.trim() === "") return;
    try {
      values.push(JSON.parse(line));
    } catch (error) {
      const message = `line ${index + 1} is broken: ${explain(error, line, false)}`;
      reasons.add({ row: index + 1, field: null, rule: "json", message, value: line.trim() });
    }
  });
  const first = reasons.listed[0];
  if (first) {
    throw new ToolError(
      "invalid_input",
      `The ndjson input has ${counted(reasons.total, "broken line")}: ${first.message}.`,
      {
        issues: toIssues(reasons.listed),
        hint: "Every line must be one JSON object.",
      },
    );
  }
  return toRows(values);
}

/** The parser's own message without the excerpt that V8 puts into it, and with the place. */
function explain(error: unknown, text: string, withLine = true): string {
  const message = error instanceof Error ? error.message : String(error);
  const what = message.replace(/, (\.\.\.)?".*$/s, "").replace(/ (in JSON )?at position.*$/s, "");
  const position = locateError(text);
  if (position === undefined) return what;
  const before = text.slice(0, position);
  const line = before.split("\n").length;
  const column = before.length - before.lastIndexOf("\n");
  const near = show(text.slice(position, position + 20));
  return `${what} at ${withLine ? `line ${line}, ` : ""}column ${column}${near === '""' ? "" : `, near ${near}`}`;
}

const TOKEN = /[ \t\r\n]*(?:([{}[\],:])|("[^"\\]*(?:\\.[^"\\]*)*")|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)/sy;
/** Characters of a text whose broken place is looked for. */
const MAX_LOCATED = 2_000_000;

/** Where broken JSON stops making sense; the parser itself tells it for some errors only. */
function locateError(text: string): number | undefined {
  if (text.length > MAX_LOCATED) return undefined;
  const open: string[] = [];
  // What may come next: a value, a key, a colon, or a comma or the end of what is open.
  let next: "value" | "key" | "colon" | "end" = "value";
  let fresh = false;
  for (let at = 0; at < text.length; ) {
    TOKEN.lastIndex = at;
    const match = TOKEN.exec(text);
    const start = at + (/^[ \t\r\n]*/.exec(text.slice(at, at + 1000))?.[0].length ?? 0);
    if (!match) return start;
    at = TOKEN.lastIndex;
    const [, symbol, string] = match;
    const closes = symbol === "}" || symbol === "]";
    if (closes) {
      const fits = open.at(-1) === (symbol === "}" ? "{" : "[");
      if (!fits || !(next === "end" || fresh)) return start;
      open.pop();
      next = "end";
    } else if (symbol === ",") {
      if (next !== "end" || open.length === 0) return start;
      next = open.at(-1) === "{" ? "key" : "value";
    } else if (symbol === ":") {
      if (next !== "colon") return start;
      next = "value";
    } else if (symbol === "{" || symbol === "[") {
      if (next !== "value") return start;
      open.push(symbol);
      next = symbol === "{" ? "key" : "value";
    } else {
      if (next === "key" && string !== undefined) next = "colon";
      else if (next === "value") next = "end";
      else return start;
    }
    fresh = symbol === "{" || symbol === "[";
  }
  return text.length;
}
