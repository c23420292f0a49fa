import type { Order } from "../column-order.ts";
import { counted } from "../rows.ts";
import type { OutputOptions } from "./output-options.ts";
import type { RowWriter, TextSink } from "./row-writer.ts";
import { createTableWriter } from "./table-writer.ts";

/**
 * A Markdown table (GitHub's form): `\|` for a pipe, `<br>` for a line end, `\<br>` for a text that says so, lists and objects as
 * JSON. Cells lose blanks at their ends and the kind of their line ends; those are counted.
 */
export function createMarkdownWriter(options: OutputOptions, sink: TextSink, order: () => Order): RowWriter {
  const lineEnd = options.lineEnd === "crlf" ? "\r\n" : "\n";
  const empty = escapeText(options.nullText);

  let changed = 0;
  let inHeader = 0;

  function cell(value: unknown): string {
    if (value === null || value === undefined) return empty;
    if (typeof value !== "string") return escapeText(typeof value === "object" ? JSON.stringify(value) : String(value));
    if (isChanged(value)) changed++;
    return escapeText(value);
  }

  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |${lineEnd}`;

  const table = createTableWriter(
    options,
    {
      row: (values, columns) => line(columns.map((column) => cell(values[column]))),
      // May be written anew for more columns.
      header: (columns) => {
        inHeader = columns.filter(isChanged).length;
        return line(columns.map(escapeText)) + line(columns.map(() => "---"));
      },
      headerRecords: 2,
      quotes: false,
      pad: (text, _, missing) => text + ` ${empty} |`.repeat(missing),
      lineEnd,
    },
    sink,
    order,
  );
  return {
    ...table,
    changed() {
      const texts = changed + inHeader;
      const warning = `${counted(texts, "cell")} without the blanks at the ends, or with other line ends than before, which a Markdown table cannot hold. json and csv keep them.`;
      return { texts, warning };
    },
  };
}

function isChanged(text: string): boolean {
  return text.includes("\r") || text !== text.trim();
}

function escapeText(text: string): string {
  if (!/[\\|\r\n<]/.test(text)) return text;
  return text
    .replaceAll("\\", "\\\\")
    .replaceAll("|", "\\|")
    .replaceAll(/<(?=br ?\/?>)/gi, "\\<")
    .replaceAll(/\r\n|\r|\n/g, "<br>");
}
