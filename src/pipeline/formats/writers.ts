import type { OutputFormat, OutputOptions } from "./output-options.ts";
import type { RowWriter, TextSink } from "./row-writer.ts";
import { createDelimitedWriter } from "./write-delimited.ts";
import { createJsonWriter, createNdjsonWriter } from "./write-json.ts";
import { createMarkdownWriter } from "./write-markdown.ts";
import { createXmlWriter } from "./write-xml.ts";
import { createYamlWriter } from "./write-yaml.ts";

const WRITERS: Record<OutputFormat, (options: OutputOptions, sink: TextSink) => RowWriter> = {
  json: createJsonWriter,
  csv: createDelimitedWriter,
  tsv: createDelimitedWriter,
  ndjson: createNdjsonWriter,
  yaml: createYamlWriter,
  xml: createXmlWriter,
  markdown: createMarkdownWriter,
};

/**
 * Writes rows as `options` say. The same rows give the same text, in whatever batches they come.
 * @throws ToolError from its `write`: `too_large` for a table of too many columns
 */
export function createRowWriter(options: OutputOptions, sink: TextSink): RowWriter {
  return WRITERS[options.format](options, sink);
}
