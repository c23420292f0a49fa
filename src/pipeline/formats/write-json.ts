import { newRow, type Row } from "../rows.ts";
import type { OutputOptions } from "./output-options.ts";
import type { RowWriter, TextSink } from "./row-writer.ts";

/** A JSON list: a line for each row, or with `indent` laid out as JSON.stringify does. */
export function createJsonWriter({ columns, indent }: OutputOptions, sink: TextSink): RowWriter {
  const blanks = " ".repeat(indent);
  let before = "[\n";
  return {
    write(rows) {
      for (const row of rows) {
        const chosen = columns ? pickColumns(row, columns) : row;
        const json = indent > 0 ? nested(JSON.stringify(chosen, undefined, indent), blanks) : JSON.stringify(chosen);
        sink.write(before + json);
        before = ",\n";
      }
    },
    end: () => sink.write(before === "[\n" ? "[]\n" : "\n]\n"),
  };
}

/** Line ends of JSON stand between values only: in texts they are escaped. */
function nested(json: string, blanks: string): string {
  return blanks + json.replaceAll("\n", `\n${blanks}`);
}

/** A JSON object a line. */
export function createNdjsonWriter({ columns, lineEnd }: OutputOptions, sink: TextSink): RowWriter {
  const end = lineEnd === "crlf" ? "\r\n" : "\n";
  return {
    write(rows) {
      for (const row of rows) sink.write(JSON.stringify(columns ? pickColumns(row, columns) : row) + end);
    },
    end() {},
  };
}

/** The chosen fields of a row, in the order chosen; those that it has not are left out. */
export function pickColumns(row: Row, columns: readonly string[]): Row {
  const picked = newRow();
  for (const column of columns) if (Object.hasOwn(row, column)) picked[column] = row[column];
  return picked;
}
