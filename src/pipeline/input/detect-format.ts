import { detectDelimiter } from "../formats/detect-delimiter.ts";
import { isRuler, tableCells } from "../formats/markdown-cells.ts";

/** Formats that text can be read from. */
export const INPUT_FORMATS = ["json", "csv", "tsv", "ndjson", "yaml", "xml", "markdown"] as const;
export type InputFormat = (typeof INPUT_FORMATS)[number];

/** Endings of file names. Others, such as `.txt`, tell nothing. */
const ENDINGS: Record<string, InputFormat> = {
  csv: "csv",
  tsv: "tsv",
  tab: "tsv",
  json: "json",
  geojson: "json",
  ndjson: "ndjson",
  jsonl: "ndjson",
  yaml: "yaml",
  yml: "yaml",
  xml: "xml",
  md: "markdown",
  markdown: "markdown",
};

/** Characters and lines at the beginning that are looked at. */
const LOOKED_AT = 32_768;
const LINES = 50;

/**
 * The format of a text: by the ending of its file's name, else by how it begins. A file that is called json but has a value on
 * each line is ndjson. What looks like nothing else is csv, whose delimiter its reader finds; nothing at all is json.
 */
export function detectFormat(name: string | undefined, start: string): InputFormat {
  const text = start.slice(0, LOOKED_AT).replace(/^\uFEFF?\s+|^\uFEFF/, "");
  const ending = /\.([a-z]+)$/i.exec(name ?? "")?.[1]?.toLowerCase() ?? "";
  const named = Object.hasOwn(ENDINGS, ending) ? ENDINGS[ending] : undefined;
  if (named !== undefined) return named === "json" && /^[[{]/.test(text) && isNdjson(text) ? "ndjson" : named;
  if (text === "") return "json";
  // A cut last line says nothing, unless there is no other.
  const whole = start.length <= LOOKED_AT;
  const lines = text.split(/\r\n|\n|\r/, LINES + 1);
  if (lines.length > 1 && (!whole || lines.length > LINES)) lines.pop();

  if (/^<(\?xml\b|!--|!DOCTYPE\b|!\[CDATA\[|[\p{L}_][\p{L}\p{N}_.:-]*(\s|\/?>|$))/iu.test(text)) return "xml";
  if (isJson(text)) return isNdjson(text) ? "ndjson" : "json";
  if (hasTable(lines)) return "markdown";
  if (isYaml(lines)) return "yaml";
  return detectDelimiter(text, whole) === "\t" ? "tsv" : "csv";
}

/** Whether a text begins like JSON, or is a whole JSON value that is no cell of a table. */
function isJson(text: string): boolean {
  if (/^\{\s*("|\}|$)/.test(text)) return true;
  if (/^\[\s*(["[\]]|\{\s*("|\}|$)|-?\d|(true|false|null)\s*[,\]]|$)/.test(text)) return true;
  return /^(true|false|null|-?\d+(\.\d+)?([eE][+-]?\d+)?|"([^"\\\r\n]|\\.)*")\s*$/.test(text);
}

/** Whether the first two lines that are not empty are JSON values each; a list of lists on one line is none. */
function isNdjson(text: string): boolean {
  const [first, second] = text.split(/\r?\n/, 20).filter((line) => line.trim() !== "");
  if (first === undefined || second === undefined || !isValue(first)) return false;
  // The second may be broken, or cut.
  return /^\s*[[{]/.test(second) || isValue(second);
}

function isValue(line: string): boolean {
  try {
    JSON.parse(line);
    return true;
  } catch {
    return false;
  }
}

/** Whether there is a line of names and below it one of dashes with as many cells. */
function hasTable(lines: readonly string[]): boolean {
  return lines.some((line, index) => {
    const above = lines[index - 1];
    if (above === undefined || !line.includes("|") || !isRuler(line)) return false;
    return above.includes("|") && tableCells(above).length === tableCells(line).length;
  });
}

const YAML_KEY = /^(- +)*("([^"\\]|\\.)*"|'[^']*'|[\p{L}_][^\s:#,;|\t{}[\]]*( [^\s:#,;|\t{}[\]]+)*):( |$)/u;

/**
 * Whether all lines are those of a YAML list or mapping: a key with a colon, a dash, or what belongs to the one above by its
 * indentation. A table would have to look so in every line.
 */
function isYaml(lines: readonly string[]): boolean {
  let keys = 0;
  let dashes = 0;
  for (const line of lines) {
    const content = line.trimStart();
    const indented = content.length < line.length;
    if (content === "" || content.startsWith("#")) continue;
    if (/^(---|\.\.\.)(\s|$)/.test(line) || line.startsWith("%YAML")) continue;
    if (YAML_KEY.test(content)) keys++;
    else if (/^-( |$)/.test(content)) dashes++;
    else if (/^[[{]/.test(content) && keys + dashes === 0) return /^[[{\s]+[\p{L}_'"][^:,]*: /u.test(content);
    else if (!(indented && keys + dashes > 0)) return false;
  }
  const marked = /^(---(\s|$)|%YAML)/.test(lines[0] ?? "");
  return keys > 0 || (dashes > 0 && (marked || dashes > 1));
}
