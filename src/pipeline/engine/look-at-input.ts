import type { Row } from "../rows.ts";
import { createSuggestion } from "../suggest/suggest.ts";
import type { ReadInput } from "./read-input.ts";
import { addToSample } from "./shorten-rows.ts";

/** Values that suggestions are made from, which takes seconds. */
const MAX_VALUES = 5_000_000;

/** What was learnt from an input, and its first rows. */
export interface InputLook {
  suggestion: Record<string, unknown>;
  before: Row[];
}

/**
 * Suggests steps and rules for an input, from its rows until they have so many values, and the options to read it by. Rows that cannot be read do not end it where most can
 * be read: they are a remark.
 * @throws ToolError `invalid_input` where most rows, or the text as a whole, cannot be read
 */
export function lookAtInput(input: ReadInput, progress: () => void, maxValues = MAX_VALUES): InputLook {
  const before: Row[] = [];
  const suggestion = createSuggestion();
  let values = 0;
  let share = 0;
  let complete = true;
  for (const batch of input.batches) {
    if (values >= maxValues) {
      complete = false;
      break;
    }
    addToSample(before, batch.rows);
    suggestion.see(batch);
    for (const row of batch.rows) values += Object.keys(row).length;
    share = input.share();
    progress();
  }
  const { issues_total: unreadable = 0, table_start: start } = input.record();
  if (input.failed() && (start !== undefined || unreadable > input.rows())) throw input.error();
  const found = suggestion.result();
  const options = inputOptions(input);
  return {
    before,
    suggestion: {
      ...found,
      ...(Object.keys(options).length > 0 && { input_options: options }),
      remarks: [
        ...(complete ? [] : [partRemark(Number(found.rows), share)]),
        ...(input.failed() ? [unreadRemark(input)] : []),
        ...(typeof start === "string" ? [start] : []),
        ...(found.remarks as string[]),
      ],
    },
  };
}

function partRemark(rows: number, share: number): string {
  const percent = Math.min(99, Math.round(share * 100));
  return `only the first ${rows} rows were looked at, about ${percent} % of the input: rules such as enum, required and unique may not hold for the others`;
}

function unreadRemark(input: ReadInput): string {
  const { message, hint } = input.error();
  return `${message} ${hint ?? ""}`;
}

/** What was found out of how to read the input, where it is not what is taken anyway. */
function inputOptions(input: ReadInput): Record<string, unknown> {
  const { format, encoding, delimiter, skip_lines: skipped } = input.record();
  return {
    ...(typeof encoding === "string" && encoding !== "utf-8" && { encoding }),
    ...(format === "csv" && delimiter !== "," && { delimiter }),
    ...(typeof skipped === "number" && skipped > 0 && { skip_lines: skipped }),
  };
}
