import { splitText } from "./split-text.ts";

export interface SplitInput {
  parts: string[];
  /** Whether the input is a list of records (JSON, JSON lines, a table): then entries that are alike are different ones. */
  isRecords: boolean;
}

type Measure = (text: string) => number;

/** Deeper lists are split as text. */
const MAX_DEPTH = 20;
/** Tokens of the brackets around a part. */
const BRACKETS = 4;
/** Characters of a number that nothing is gained by splitting. */
const LONGEST_NUMBER = 1000;
const DELIMITERS = ["\t", ",", ";", "|"];
/** Lines that are looked at to tell a table from prose. */
const LINES_OF_TABLE = 10;
const BEGIN_OF_TABLE = 50_000;

/**
 * Cuts an input into parts of at most `budget`, as `measure` counts: JSON between entries, so that each part is JSON of the same
 * shape; a table between its rows, each part with the header; anything else as text (see `splitText`).
 */
export function splitInput(input: string, budget: number, measure: Measure): SplitInput {
  if (measure(input) <= budget) return { parts: [input], isRecords: false };
  const text = input.trim();
  if (isJson(text)) return { parts: splitJson(text, budget, measure, 0), isRecords: true };
  const header = headerOf(input);
  if (header !== undefined && measure(header) < budget / 4) {
    const rest = Math.max(1, budget - measure(header));
    const records = recordsOf(input.slice(header.length));
    return { parts: grouped(records, rest, measure).map((rows) => header + rows), isRecords: true };
  }
  const lines = text.split("\n", 2);
  return { parts: splitText(input, budget, measure), isRecords: lines.length === 2 && lines.every(isJson) };
}

/** A JSON object or list in parts of the same shape. */
function splitJson(source: string, budget: number, measure: Measure, depth: number): string[] {
  if (measure(source) <= budget) return [source];
  const open = source[0]!;
  if (open === '"') {
    const pieces = splitText(JSON.parse(source) as string, Math.max(1, budget - BRACKETS), measure);
    return pieces.map((piece) => JSON.stringify(piece));
  }
  const isList = open === "{" || open === "[";
  if (!isList && source.length < LONGEST_NUMBER) return [source];
  if (!isList || depth > MAX_DEPTH) return splitText(source, budget, measure);
  const close = open === "{" ? "}" : "]";
  const parts: string[] = [];
  let entries: string[] = [];
  let size = BRACKETS;
  const flush = () => {
    if (entries.length > 0) parts.push(`${open}${entries.join(",")}${close}`);
    entries = [];
    size = BRACKETS;
  };
  for (const entry of entriesOf(source)) {
    const weight = measure(entry) + 1;
    if (size + weight > budget) flush();
    if (BRACKETS + weight > budget) {
      const key = open === "{" ? /^\s*"(?:[^"\\]|\\.)*"\s*:\s*/.exec(entry)![0] : "";
      const rest = Math.max(1, budget - BRACKETS - measure(key));
      const values = splitJson(entry.slice(key.length).trim(), rest, measure, depth + 1);
      parts.push(...values.map((value) => `${open}${key}${value}${close}`));
    } else {
      entries.push(entry);
      size += weight;
    }
  }
  flush();
  return parts;
}

/** The entries of a JSON object or list as they are written. */
function entriesOf(source: string): string[] {
  const entries: string[] = [];
  let depth = 0;
  let from = 1;
  for (let i = 0; i < source.length; i++) {
    const char = source[i];
    if (char === '"') for (i++; source[i] !== '"'; i++) if (source[i] === "\\") i += 1;
    if (char === "{" || char === "[") depth += 1;
    else if (char === "}" || char === "]") depth -= 1;
    if ((depth === 1 && char === ",") || depth === 0) {
      const entry = source.slice(from, i);
      if (entry.trim() !== "") entries.push(entry);
      from = i + 1;
    }
    if (depth === 0) break;
  }
  return entries;
}

/** The header of a table, with the line below it in Markdown. */
function headerOf(input: string): string | undefined {
  const begin = recordsOf(input.slice(0, BEGIN_OF_TABLE));
  const lines = begin.slice(0, input.length > BEGIN_OF_TABLE ? -1 : undefined).slice(0, LINES_OF_TABLE);
  const [first = "", second = ""] = lines.map((line) => line.trimEnd());
  if (lines.length < 3 || /^\s*$/.test(first)) return undefined;
  const cells = (line: string, delimiter: string) => line.replace(/"(?:[^"]|"")*"/g, "").split(delimiter).length;
  const delimiter = DELIMITERS.find((sign) => {
    const number = cells(first, sign);
    return number > 1 && lines.every((line) => line.trim() === "" || cells(line, sign) === number);
  });
  if (delimiter === undefined) return undefined;
  const names = first.split(delimiter).map((cell) => cell.trim());
  if (names.some((name) => name.length > 60 || /^"?-?\d/.test(name) || /[.!?]$/.test(name))) return undefined;
  return /^\s*\|?[\s:|-]+$/.test(second) && second.includes("-") ? `${lines[0]}${lines[1]}` : lines[0];
}

/** The rows of a table; a quoted cell may hold line breaks. */
function recordsOf(text: string): string[] {
  const records: string[] = [];
  let from = 0;
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '"') quoted = !quoted;
    else if (text[i] === "\n" && !quoted) {
      records.push(text.slice(from, i + 1));
      from = i + 1;
    }
  }
  if (from < text.length) records.push(text.slice(from));
  return records;
}

function grouped(records: readonly string[], budget: number, measure: Measure): string[] {
  const parts: string[] = [];
  let open = "";
  let size = 0;
  for (const record of records) {
    const weight = measure(record);
    if (size + weight > budget && open !== "") {
      parts.push(open);
      open = "";
      size = 0;
    }
    if (weight > budget) parts.push(...splitText(record, budget, measure));
    else {
      open += record;
      size += weight;
    }
  }
  if (open !== "") parts.push(open);
  return parts;
}

function isJson(text: string): boolean {
  if (!/^[{[]/.test(text)) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
