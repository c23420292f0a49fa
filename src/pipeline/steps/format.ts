import { OUTPUT_FORMATS, type OutputFormat, type OutputOptions } from "../formats/write-output.ts";
import { checkKeys, type Options, optionalFields, readBoolean, readChoice, wrong } from "../options.ts";
import { show } from "../rows.ts";
import type { Step } from "./step.ts";

/** How rows are written where nothing else is said. */
export function defaultOutput(format: OutputFormat): OutputOptions {
  return { format, columns: undefined, delimiter: ",", header: true, escapeFormulas: true };
}

/**
 * `{ format?, columns?, delimiter?, header?, escape_formulas? }`: says how the result is written, `fallback` being the run's
 * output format. Steps after it still work on the rows.
 * @throws ToolError `invalid_input` for wrong options.
 */
export function compileFormat(options: Options, where: string, fallback: OutputFormat): Step["run"] {
  checkKeys(options, ["format", "columns", "delimiter", "header", "escape_formulas"], where);
  const format = readChoice(options, "format", where, OUTPUT_FORMATS, fallback);
  const delimiter = options.delimiter ?? ",";
  if (typeof delimiter !== "string" || !/^[^"\r\n]$/.test(delimiter)) {
    throw wrong(where, `"delimiter" must be one character, not ${show(delimiter)}.`);
  }
  const output: OutputOptions = {
    format,
    columns: optionalFields(options, "columns", where),
    delimiter,
    header: readBoolean(options, "header", where, true),
    escapeFormulas: readBoolean(options, "escape_formulas", where, true),
  };
  return async (rows) => ({ rows, record: { format }, output });
}
