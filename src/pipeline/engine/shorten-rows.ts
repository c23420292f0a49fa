import { isObject, newRow, type Row, shorten } from "../rows.ts";

/** Rows of a sample. */
const SAMPLE_ROWS = 3;
/** Characters of a value in a sample, and of a whole sample. */
const MAX_VALUE = 80;
const MAX_SAMPLE = 2000;

/** Adds copies of rows to a sample, until it has enough. */
export function addToSample(sample: Row[], rows: readonly Row[]): void {
  if (sample.length < SAMPLE_ROWS) sample.push(...sampleOf(rows.slice(0, SAMPLE_ROWS - sample.length)));
}

/** Copies of the first rows, as a sample shows them: long values cut, later fields left out where the sample gets too long. */
function sampleOf(rows: readonly Row[]): Row[] {
  let room = MAX_SAMPLE;
  return rows.map((row) => {
    const sample = newRow();
    for (const field of Object.keys(row)) {
      const value = shorten(row[field], MAX_VALUE);
      room -= field.length + (typeof value === "string" ? value.length : JSON.stringify(value).length) + 4;
      if (room < 0) {
        sample["…"] = "more fields";
        break;
      }
      // Copied, because later steps change the rows themselves; what is short enough to be kept whole is cheap to copy.
      sample[field] = isObject(value) || Array.isArray(value) ? (JSON.parse(JSON.stringify(value)) as unknown) : value;
    }
    return sample;
  });
}
