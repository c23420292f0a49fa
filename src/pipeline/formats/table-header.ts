import { ToolError } from "../../errors.ts";
import { checkColumns, counted, show } from "../rows.ts";
import type { InputOptions } from "./row-reader.ts";

/** Where a header is in the text. */
export interface HeaderPlace {
  /** The line where it ends, from 1. */
  lastLine: number;
  delimiter: string;
}

/**
 * Names of columns, as a table's first line gives them.
 * @throws ToolError `invalid_input` for a column without a name or one that is there twice, `too_large` for too many
 */
export function checkHeader(names: readonly string[], format: string, place?: HeaderPlace): void {
  checkColumns(names.length, format);
  const places = new Map<string, number>();
  for (const [index, name] of names.entries()) {
    if (name.trim() === "") {
      throw new ToolError("invalid_input", `Column ${index + 1} of the ${format} header has no name.`, {
        hint: nameThem(names.length, format, place),
      });
    }
    const first = places.get(name);
    if (first !== undefined) {
      throw new ToolError(
        "invalid_input",
        `The ${format} header has the column ${show(name)} twice, as column ${first + 1} and ${index + 1}.`,
        { hint: `Give every column a name of its own. ${nameThem(names.length, format, place)}` },
      );
    }
    places.set(name, index);
  }
}

/** The names of a header, with `column_3` for a column that has none and `a_2` for the second one called `a`. */
export function repairedHeader(names: readonly string[]): string[] {
  const taken = new Set(names);
  const seen = new Set<string>();
  return names.map((name, index) => {
    if (name.trim() !== "" && !seen.has(name)) {
      seen.add(name);
      return name;
    }
    const base = name.trim() === "" ? "column" : name;
    let number = base === name ? 2 : index + 1;
    while (taken.has(`${base}_${number}`)) number++;
    taken.add(`${base}_${number}`);
    return `${base}_${number}`;
  });
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

function nameThem(count: number, format: string, place: HeaderPlace | undefined): string {
  if (format === "given") return "Change the list in the option header.";
  if (format === "markdown") return "Change the line of names.";
  const { lastLine = 1, delimiter = "," } = place ?? {};
  const options = `skip_lines: ${lastLine}${delimiter === "," ? "" : `, delimiter: ${JSON.stringify(delimiter)}`}`;
  return `Set header: "repair" for names such as column_2 and a_2; or name the ${counted(count, "column")} in header, as a list, and leave out the line of names with ${options}.`;
}
