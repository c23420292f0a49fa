import { ToolError } from "../../errors.ts";
import { isObject, type Row, show, toRows } from "../rows.ts";

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
      // Only what JSON can hold: no binaries, sets or timestamps.
      resolveKnownTags: false,
      prettyErrors: false,
      logLevel: "error",
    });
    const error = document.errors[0];
    // The parser reports its own exhausted stack as if the text were wrong.
    if (error?.message.includes("call stack")) throw new RangeError(error.message);
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

/** A row as an entry of a YAML list: nested values as indented blocks, texts quoted wherever a reader could mistake them. */
export function writeYamlEntry(row: Row): string {
  return `-${block(row, "  ", " ")}`;
}

/** A value after its key or dash: scalars on the same line, others below with `indent`; `first` stands before a first key. */
function block(value: unknown, indent: string, first?: string): string {
  if (Array.isArray(value)) {
    if (value.length === 0) return " []\n";
    return `\n${value.map((entry) => `${indent}-${block(entry, `${indent}  `, " ")}`).join("")}`;
  }
  if (!isObject(value)) return ` ${scalar(value)}\n`;
  const keys = Object.keys(value);
  if (keys.length === 0) return " {}\n";
  const lines = keys.map((key, index) => {
    const start = index === 0 && first !== undefined ? first : indent;
    const name = scalar(key);
    // A key of more than 1024 characters has to be marked as one.
    const label = name.length > 1000 ? `? ${name}\n${indent}:` : `${name}:`;
    return `${start}${label}${block(value[key], `${indent}  `)}`;
  });
  return `${first === undefined ? "\n" : ""}${lines.join("")}`;
}

/** Words that one YAML version or another takes for something else than text. */
const WORDS = new Set(["true", "false", "null", "yes", "no", "on", "off", "y", "n"]);
/** Texts that mean themselves everywhere: a letter first, no sign of YAML inside, no blank at the end. */
const PLAIN = /^\p{L}(?:[\p{L}\p{N} _.,/@+()-]*[\p{L}\p{N}_.)])?$/u;

function scalar(value: unknown): string {
  if (typeof value !== "string") return JSON.stringify(value ?? null);
  if (PLAIN.test(value) && !WORDS.has(value.toLowerCase())) return value;
  // JSON's quoting is YAML's too, but for characters that YAML wants escaped.
  return JSON.stringify(value).replace(
    /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
