import { ToolError } from "../../errors.ts";
import { checkColumns, counted, show } from "../rows.ts";
import type { InputOptions } from "./row-reader.ts";

/**
 * Names of columns, as a table's first line gives them.
 * @throws ToolError `invalid_input` for a column without a name or one that is there twice, `too_large` for too many
 */
export function checkHeader(names: readonly string[], format: string): void {
  checkColumns(names.length, format);
  const places = new Map<string, number>();
  for (const [index, name] of names.entries()) {
    if (name.trim() === "") {
      throw new ToolError("invalid_input", `Column ${index + 1} of the ${format} header has no name.`, {
        hint: nameThem(names.length, format),
      });
    }
    const first = places.get(name);
    if (first !== undefined) {
      throw new ToolError(
        "invalid_input",
        `The ${format} header has the column ${show(name)} twice, as column ${first + 1} and ${index + 1}.`,
        { hint: `Give every column a name of its own. ${nameThem(names.length, format)}` },
      );
    }
    places.set(name, index);
  }
}

/** The names of columns that have none: `column_1` and so on. */
export function numberedHeader(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `column_${index + 1}`);
}

/** @throws ToolError `invalid_input` for a list of names in the options that cannot be one */
export function checkGivenHeader(header: InputOptions["header"]): void {
  if (typeof header !== "object") return;
  if (header.length === 0) {
    throw new ToolError("invalid_input", "The option header is an empty list.", {
      hint: "List a name for every column, or leave it out where the first line has the names.",
    });
  }
  checkHeader(header, "given");
}

function nameThem(count: number, format: string): string {
  if (format === "given") return "Change the list in the option header.";
  if (format === "markdown") return "Change the line of names.";
  const columns = counted(count, "column");
  return `Or name the ${columns} in the option header, as a list, and leave out the first line with skip_lines: 1.`;
}
