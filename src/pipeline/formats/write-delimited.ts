import type { Order } from "../column-order.ts";
import type { Row } from "../rows.ts";
import type { OutputOptions } from "./output-options.ts";
import type { RowWriter, TextSink } from "./row-writer.ts";
import { createTableWriter } from "./table-writer.ts";

const BYTE_ORDER_MARK = "\uFEFF";

/**
 * CSV (RFC 4180) or TSV: lists and objects as JSON, null as `nullText`. Cells are in quotes where they hold a quote, the
 * delimiter or a line end, or begin or end with white space. With `escapeFormulas`, text that a spreadsheet would run gets a
 * leading apostrophe.
 */
export function createDelimitedWriter(options: OutputOptions, sink: TextSink, order: () => Order): RowWriter {
  const { quote, nullText, escapeFormulas } = options;
  const tabs = options.format === "tsv";
  const delimiter = tabs ? "\t" : options.delimiter;
  const delimiterCode = delimiter.charCodeAt(0);
  const lineEnd = (options.lineEnd ?? (tabs ? "lf" : "crlf")) === "crlf" ? "\r\n" : "\n";
  const mark = options.bom ? BYTE_ORDER_MARK : "";
  const all = quote === "all";
  const bareNumbers = !all && !/[\w.+-]/.test(delimiter);
  const empty = quoteText(nullText);

  function quoteText(text: string): string {
    return all || needsQuotes(text, delimiterCode) ? `"${text.replaceAll('"', '""')}"` : text;
  }

  let escaped = 0;
  let inHeader = 0;
  let exact = true;

  /** The text, with an apostrophe before what a spreadsheet would run. */
  function harmless(text: string): string {
    if (!isFormula(text)) {
      if (text.charCodeAt(0) === APOSTROPHE && isFormula(text.slice(1))) exact = false;
      return text;
    }
    escaped++;
    return `'${text}`;
  }

  function cell(value: unknown): string {
    if (typeof value === "string") return quoteText(escapeFormulas ? harmless(value) : value);
    if (value === null || value === undefined) return empty;
    if (typeof value !== "object") return bareNumbers ? String(value) : quoteText(String(value));
    return quoteText(JSON.stringify(value));
  }

  // A lone empty cell would be an empty line, which readers skip.
  const line = (text: string): string => (text === "" ? `""${lineEnd}` : text + lineEnd);

  // The mark stands before the header, or before the first row where there is none.
  let unmarked = mark !== "" && !options.header;

  function row(values: Row, columns: readonly string[]): string {
    let text = cell(values[columns[0] as string]);
    for (let index = 1; index < columns.length; index++) text += delimiter + cell(values[columns[index] as string]);
    if (!unmarked) return line(text);
    unmarked = false;
    return mark + line(text);
  }

  const table = createTableWriter(
    options,
    {
      row,
      // May be written anew for more columns.
      header: (columns) => {
        if (!options.header) return "";
        const before = escaped;
        const text = mark + line(columns.map(cell).join(delimiter));
        inHeader = escaped - before;
        escaped = before;
        return text;
      },
      headerRecords: options.header ? 1 : 0,
      quotes: true,
      pad: (text, columns, missing) => {
        const lone = columns === 1 && !all && (text === '""' || text === `${mark}""`);
        return (lone ? text.slice(0, -2) : text) + (delimiter + empty).repeat(missing);
      },
      lineEnd,
    },
    sink,
    order,
  );
  return { ...table, escaped: () => ({ cells: escaped + inHeader, exact }) };
}

/** Takes the apostrophe away that a text got because a spreadsheet would run it. */
export function withoutApostrophe(text: string): string {
  return text.charCodeAt(0) === APOSTROPHE && isFormula(text.slice(1)) ? text.slice(1) : text;
}

const APOSTROPHE = 39;

/** Characters up to which a loop is faster than four searches. */
const SHORT = 64;

function needsQuotes(text: string, delimiter: number): boolean {
  const { length } = text;
  if (length === 0) return false;
  if (isBlank(text.charCodeAt(0)) || isBlank(text.charCodeAt(length - 1))) return true;
  if (length > SHORT) return text.includes('"') || text.includes(String.fromCharCode(delimiter)) || /[\r\n]/.test(text);
  for (let index = 0; index < length; index++) {
    const code = text.charCodeAt(index);
    if (code === 34 || code === delimiter || code === 10 || code === 13) return true;
  }
  return false;
}

/** White space or a byte order mark, which readers take away. */
function isBlank(code: number): boolean {
  return code <= 32 || (code >= 128 && /\s/.test(String.fromCharCode(code)));
}

/** Signs that make a formula, also full-width ones and after white space; and the characters that hide one. */
const FORMULA = /^(?:[\s\0]*[=+\-@\uFF1D\uFF0B\uFF0D\uFF20]|[\t\r\n\0])/;
/** Digits, points and commas alone, so that nothing can be called or referred to. */
const PLAIN_NUMBER = /^[+-]?[\d.,]*\d[\d.,]*(?:e[+-]?\d+)?%?$/i;

/** Whether a spreadsheet would run the text (OWASP, CSV Injection; ASVS 5.0, 1.2.10). */
function isFormula(text: string): boolean {
  const code = text.charCodeAt(0);
  // Letters and digits first: nearly all cells.
  if ((code > 64 && code < 128) || (code >= 48 && code <= 57)) return false;
  return FORMULA.test(text) && !(text.length <= SHORT && PLAIN_NUMBER.test(text.trim()));
}
