import { ToolError } from "../../errors.ts";
import type { Pace } from "../pace.ts";
import type { Row } from "../rows.ts";
import { parseDelimited } from "./delimited.ts";
import { detectDelimiter } from "./detect-delimiter.ts";
import { parseJson, parseNdjson } from "./json.ts";
import { parseMarkdown } from "./markdown.ts";
import { parseYaml } from "./yaml.ts";

/** Formats that text can be read from. */
export const INPUT_FORMATS = ["json", "csv", "tsv", "ndjson", "yaml", "markdown"] as const;
export type InputFormat = (typeof INPUT_FORMATS)[number];

/** Characters of an input; YAML takes far longer to read, so less of it is taken. */
const MAX_TEXT = 8_388_608;
const MAX_YAML = 1_048_576;

/**
 * Reads text as rows.
 * @throws ToolError `invalid_input` that names the line where the text is broken, or lists reasons by row;
 * `too_large` beyond the limits of size, rows and nesting.
 */
export async function parseInput(text: string, format: InputFormat, pace: Pace): Promise<Row[]> {
  const limit = format === "yaml" ? MAX_YAML : MAX_TEXT;
  if (text.length > limit) {
    throw new ToolError(
      "too_large",
      `The ${format} input has ${text.length} characters; at most ${limit} are taken in that format.`,
      { hint: format === "yaml" ? "Send it as json or ndjson, or split it." : "Split the input into several calls." },
    );
  }
  const content = text.startsWith("\uFEFF") ? text.slice(1) : text;
  if (content.trim() === "") {
    throw new ToolError("invalid_input", `The ${format} input is empty.`, {
      hint: 'Give rows in "data" or text in "text".',
    });
  }
  switch (format) {
    case "json":
      return parseJson(content);
    case "ndjson":
      return parseNdjson(content, pace);
    case "csv":
      return parseDelimited(content, detectDelimiter(content), format, pace);
    case "tsv":
      return parseDelimited(content, "\t", format, pace);
    case "yaml":
      return parseYaml(content);
    case "markdown":
      return parseMarkdown(content);
  }
}
