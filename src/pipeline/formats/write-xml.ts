import { counted, type Row } from "../rows.ts";
import type { OutputOptions } from "./output-options.ts";
import type { RowWriter, TextSink } from "./row-writer.ts";
import { pickColumns } from "./write-json.ts";
import { encodeName } from "./xml-names.ts";

/** Element names that are kept once encoded. */
const MAX_KEPT_NAMES = 10_000;

/**
 * XML 1.0 with an element for each row and each field: fields `@name` are attributes, `#text` is the text beside them, lists
 * are repeated elements, lists in lists have elements named `item`. Empty lists leave nothing. Whatever the data, the document
 * is well-formed: names are encoded, characters that XML has not become U+FFFD and are counted. Text that begins or ends with white space is
 * marked by `xml:space="preserve"`.
 */
export function createXmlWriter(options: OutputOptions, sink: TextSink): RowWriter {
  const { columns, indent, nullText } = options;
  const lineEnd = options.lineEnd === "crlf" ? "\r\n" : "\n";
  const blanks = " ".repeat(indent);
  const root = encodeName(options.root);
  const rowName = encodeName(options.rowName);
  const names = new Map<string, string>();
  let started = false;
  let changed = 0;

  function escapeText(text: string): string {
    if (!SPECIAL.test(text)) return text;
    const valid = text.toWellFormed().replace(INVALID, "\uFFFD");
    if (valid !== text) changed++;
    return valid.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll("\r", "&#13;");
  }

  function escapeAttribute(text: string): string {
    return escapeText(text).replaceAll('"', "&quot;").replaceAll("\n", "&#10;").replaceAll("\t", "&#9;");
  }

  function elementName(field: string): string {
    let name = names.get(field);
    if (name === undefined) {
      name = encodeName(field);
      if (names.size < MAX_KEPT_NAMES) names.set(field, name);
    }
    return name;
  }

  /** An element on lines of their own, or all on one where nothing is indented. */
  function element(name: string, value: unknown, margin: string): string {
    const before = indent > 0 ? lineEnd + margin : "";
    if (typeof value === "number" || typeof value === "boolean") return `${before}<${name}>${value}</${name}>`;
    if (typeof value !== "object" || value === null) {
      const text = value === null || value === undefined ? nullText : String(value);
      return text === "" ? `${before}<${name}/>` : `${before}<${name}${spaceMark(text)}>${escapeText(text)}</${name}>`;
    }
    if (!Array.isArray(value)) return before + complex(name, value as Row, margin);
    let elements = "";
    for (const entry of value) {
      elements += Array.isArray(entry) ? before + complex(name, { item: entry }, margin) : element(name, entry, margin);
    }
    return elements;
  }

  function complex(name: string, fields: Record<string, unknown>, margin: string): string {
    let attributes = "";
    let text = "";
    let children = "";
    const inner = margin + blanks;
    for (const field of Object.keys(fields)) {
      const value = fields[field];
      const simple = typeof value !== "object" || value === null;
      if (simple && field.length > 1 && field.charCodeAt(0) === AT) {
        if (value === null || value === undefined) continue;
        attributes += ` ${elementName(field.slice(1))}="${escapeAttribute(String(value))}"`;
      } else if (simple && field === "#text") text = String(value ?? nullText);
      else children += element(elementName(field), value, inner);
    }
    if (text === "" && children === "") return `<${name}${attributes}/>`;
    const after = children !== "" && indent > 0 ? lineEnd + margin : "";
    return `<${name}${attributes}${spaceMark(text)}>${escapeText(text)}${children}${after}</${name}>`;
  }

  function start(): void {
    started = true;
    sink.write(`<?xml version="1.0" encoding="UTF-8"?>${lineEnd}<${root}>${lineEnd}`);
  }

  return {
    write(rows) {
      if (!started) start();
      for (const row of rows) {
        sink.write(blanks + complex(rowName, columns ? pickColumns(row, columns) : row, blanks) + lineEnd);
      }
    },
    end() {
      if (!started) start();
      sink.write(`</${root}>${lineEnd}`);
    },
    changed: () => ({
      texts: changed,
      warning: `${counted(changed, "text")} with characters that XML does not have: U+FFFD stands in their place. json, ndjson and yaml keep them.`,
    }),
  };
}

const AT = 64;

function spaceMark(text: string): string {
  if (text === "" || !(isSpace(text.charCodeAt(0)) || isSpace(text.charCodeAt(text.length - 1)))) return "";
  return ' xml:space="preserve"';
}

function isSpace(code: number): boolean {
  return code === 32 || code === 9 || code === 10 || code === 13;
}

/** Characters that are escaped, and those that XML 1.0 has not (section 2.2). */
const SPECIAL = /[&<>\r\0-\u0008\u000B\u000C\u000E-\u001F\uD800-\uDFFF\uFFFE\uFFFF]/;
const INVALID = /[\0-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]/g;
