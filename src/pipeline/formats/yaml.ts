import { ToolError } from "../../errors.ts";
import { eachPaced, type Pace } from "../pace.ts";
import { type Row, show, toRows } from "../rows.ts";

/** Uses of aliases that one document may hold, counted as they multiply. */
const MAX_ALIASES = 100;

/**
 * A YAML 1.2 list of rows, or one value as one row. Aliases that multiply, repeated keys and NaN are refused.
 * @throws ToolError `invalid_input` that names the line, `too_large` for alias bombs and deep nesting.
 */
export async function parseYaml(text: string): Promise<Row[]> {
  const { LineCounter, parseDocument, visit, isScalar } = await import("yaml");
  const lines = new LineCounter();
  try {
    // The parser's own check for repeated keys compares each with each; one set a map takes linear time.
    const document = parseDocument(text, {
      lineCounter: lines,
      uniqueKeys: false,
      prettyErrors: false,
      logLevel: "silent",
    });
    const error = document.errors[0];
    if (error) throw broken(error.message, lines.linePos(error.pos[0]).line);
    visit(document, {
      Map(_, map) {
        const seen = new Set<unknown>();
        for (const { key } of map.items) {
          const name = isScalar(key) ? String(key.value) : key;
          if (seen.has(name)) {
            const range = isScalar(key) ? key.range : undefined;
            throw broken(`the key ${show(name)} is there twice`, lines.linePos(range?.[0] ?? 0).line);
          }
          seen.add(name);
        }
      },
    });
    return toRows(document.toJS({ maxAliasCount: MAX_ALIASES }));
  } catch (error) {
    if (error instanceof ToolError) throw error;
    if (error instanceof ReferenceError && error.message.includes("alias count")) {
      throw new ToolError("too_large", "The yaml input uses aliases that multiply beyond the limit.", {
        hint: "Write the values out instead of using anchors and aliases.",
      });
    }
    if (error instanceof RangeError) throw new ToolError("too_large", "The yaml input is nested too deeply.");
    throw new ToolError("invalid_input", "The yaml input is broken.", { cause: error });
  }
}

function broken(message: string, line: number): ToolError {
  return new ToolError("invalid_input", `The yaml input is broken at line ${line}: ${message.split("\n")[0]}.`);
}

/** Rows as a YAML list; texts that older YAML readers take for something else are quoted. */
export async function writeYaml(rows: readonly Row[], pace: Pace, write: (text: string) => void): Promise<void> {
  if (rows.length === 0) {
    write("[]\n");
    return;
  }
  const { stringify } = await import("yaml");
  await eachPaced(
    rows,
    pace,
    (row) => write(stringify([row], { compat: "yaml-1.1", lineWidth: 0, aliasDuplicateObjects: false })),
    undefined,
    16,
  );
}
