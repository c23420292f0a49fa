import type { Order } from "../column-order.ts";
import type { OutputOptions } from "./output-options.ts";
import type { RowWriter, TextSink } from "./row-writer.ts";
import { createTableWriter } from "./table-writer.ts";

/** A Markdown table (GitHub's form): `\|` for a pipe, `<br>` for a line end, lists and objects as JSON. */
export function createMarkdownWriter(options: OutputOptions, sink: TextSink, order: () => Order): RowWriter {
  const lineEnd = options.lineEnd === "crlf" ? "\r\n" : "\n";
  const empty = escapeText(options.nullText);

  function cell(value: unknown): string {
    if (value === null || value === undefined) return empty;
    return escapeText(typeof value === "object" ? JSON.stringify(value) : String(value));
  }

  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |${lineEnd}`;

  return createTableWriter(
    options,
    {
      row: (values, columns) => line(columns.map((column) => cell(values[column]))),
      header: (columns) => line(columns.map(escapeText)) + line(columns.map(() => "---")),
      headerRecords: 2,
      quotes: false,
      pad: (text, _, missing) => text + ` ${empty} |`.repeat(missing),
      lineEnd,
    },
    sink,
    order,
  );
}

function escapeText(text: string): string {
  if (!/[\\|\r\n]/.test(text)) return text;
  return text
    .replaceAll("\\", "\\\\")
    .replaceAll("|", "\\|")
    .replaceAll(/\r\n|\r|\n/g, "<br>");
}
