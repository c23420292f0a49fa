import { ToolError } from "../../errors.ts";

/** How files begin that are no text but are taken for tables, and what to do instead. */
const SIGNATURES: readonly [bytes: readonly number[], what: string, hint: string][] = [
  [[0x50, 0x4b, 0x03, 0x04], "a zip file, as Excel workbooks are", "Save the sheet as csv, or unpack the file."],
  [[0xd0, 0xcf, 0x11, 0xe0], "an old Excel or Word file", "Save the sheet as csv."],
  [[0x1f, 0x8b], "compressed with gzip", "Unpack it first."],
  [[0x42, 0x5a, 0x68], "compressed with bzip2", "Unpack it first."],
  [[0x28, 0xb5, 0x2f, 0xfd], "compressed with zstd", "Unpack it first."],
  [[0xfd, 0x37, 0x7a, 0x58, 0x5a], "compressed with xz", "Unpack it first."],
  [[0x50, 0x41, 0x52, 0x31], "a Parquet file", "Export it as csv or ndjson."],
  [[0x25, 0x50, 0x44, 0x46, 0x2d], "a PDF", "Extract its tables as csv."],
  [[0x53, 0x51, 0x4c, 0x69, 0x74, 0x65, 0x20, 0x66], "an SQLite database", "Export the table as csv or ndjson."],
  [[0xff, 0xfe, 0x00, 0x00], "in UTF-32", "Save it as UTF-8."],
  [[0x00, 0x00, 0xfe, 0xff], "in UTF-32", "Save it as UTF-8."],
];

/** @throws ToolError `invalid_input` for bytes that begin like a file of another kind, which would be read as nonsense. */
export function refuseBinary(start: Uint8Array): void {
  const found = SIGNATURES.find(([bytes]) => bytes.every((byte, at) => start[at] === byte));
  // The short ones could begin a text: BZh is followed by a digit and π, which no text is.
  if (!found || (found[0].length === 3 && start[4] !== 0x31) || (found[1] === "a Parquet file" && !hasZero(start)))
    return;
  throw new ToolError("invalid_input", `The input is no text: it is ${found[1]}.`, { hint: found[2] });
}

/**
 * @throws ToolError `invalid_input` for bytes with more control characters than text has: one in twenty, of five kinds at least,
 * for a few of them may be delimiters. Not for UTF-16.
 */
export function refuseControls(start: Uint8Array): void {
  const kinds = new Set<number>();
  let count = 0;
  for (const byte of start) {
    if (byte >= 0x20 || (byte >= 0x09 && byte <= 0x0d) || byte === 0x1b) continue;
    kinds.add(byte);
    count++;
  }
  if (kinds.size < 5 || 20 * count <= start.length) return;
  throw new ToolError("invalid_input", "The input is no text: many of its first bytes are control characters.", {
    hint: "Export the data as csv, ndjson or another format of text.",
  });
}

function hasZero(bytes: Uint8Array): boolean {
  return bytes.includes(0);
}
