import type { InputFormat } from "../input/detect-format.ts";
import { readCsv, readTsv } from "./read-delimited.ts";
import { readJson } from "./read-json.ts";
import { readMarkdown } from "./read-markdown.ts";
import { readNdjson } from "./read-ndjson.ts";
import { readXml } from "./read-xml.ts";
import { readYaml } from "./read-yaml.ts";
import type { RowReader } from "./row-reader.ts";

const READERS: Record<InputFormat, RowReader> = {
  json: readJson,
  csv: readCsv,
  tsv: readTsv,
  ndjson: readNdjson,
  yaml: readYaml,
  xml: readXml,
  markdown: readMarkdown,
};

/** What reads rows of a format. */
export function readerOf(format: InputFormat): RowReader {
  return READERS[format];
}
