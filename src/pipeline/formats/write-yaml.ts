import type { OutputOptions } from "./output-options.ts";
import type { RowWriter, TextSink } from "./row-writer.ts";
import { pickColumns } from "./write-json.ts";

/**
 * A YAML list of rows that YAML 1.1 and 1.2 read alike: nested values as indented blocks, texts quoted wherever a reader could
 * mistake them.
 */
export function createYamlWriter({ columns }: OutputOptions, sink: TextSink): RowWriter {
  let written = false;
  return {
    write(rows) {
      for (const row of rows) sink.write(`-${block(columns ? pickColumns(row, columns) : row, "  ", " ")}`);
      written ||= rows.length > 0;
    },
    end() {
      if (!written) sink.write("[]\n");
    },
  };
}

/** A value after its key or dash: scalars on the same line, others below with `indent`; `first` stands before a first key. */
function block(value: unknown, indent: string, first?: string): string {
  if (typeof value !== "object" || value === null) return ` ${scalar(value)}\n`;
  if (Array.isArray(value)) {
    if (value.length === 0) return " []\n";
    return `\n${value.map((entry) => `${indent}-${block(entry, `${indent}  `, " ")}`).join("")}`;
  }
  let text = "";
  for (const key of Object.keys(value)) {
    const start = text !== "" || first === undefined ? indent : first;
    const name = scalar(key);
    // A key of more than 1024 characters has to be marked as one.
    const label = name.length > 1000 ? `? ${name}\n${indent}:` : `${name}:`;
    text += start + label + block((value as Record<string, unknown>)[key], `${indent}  `);
  }
  if (text === "") return " {}\n";
  return first === undefined ? `\n${text}` : text;
}

/** Words that one YAML version or another takes for something else than text. */
const WORDS = new Set(["true", "false", "null", "yes", "no", "on", "off", "y", "n"]);
/** Texts that mean themselves everywhere: a letter first (and no `e1`), no sign of YAML inside, no blank at the end. */
const PLAIN = /^(?![eE]\d)\p{L}(?:[\p{L}\p{N} _.,/@+()-]*[\p{L}\p{N}_.)])?$/u;
/** The same for ASCII, which takes a fraction of the time. */
const PLAIN_ASCII = /^(?![eE]\d)[A-Za-z](?:[\w .,/@+()-]*[\w.)])?$/;

function scalar(value: unknown): string {
  if (typeof value === "number") return writeNumber(value);
  if (typeof value !== "string") return JSON.stringify(value ?? null);
  if ((PLAIN_ASCII.test(value) || PLAIN.test(value)) && !(value.length <= 5 && WORDS.has(value.toLowerCase())))
    return value;
  // JSON's quoting is YAML's too, but for characters that YAML wants escaped.
  return JSON.stringify(value).replace(
    /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** YAML 1.1 takes a number with an exponent but without a point for text. */
function writeNumber(value: number): string {
  const json = JSON.stringify(value);
  return json.includes("e") && !json.includes(".") ? json.replace("e", ".0e") : json;
}
