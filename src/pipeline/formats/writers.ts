import { type Order, orderOf } from "../column-order.ts";
import type { OutputFormat, OutputOptions } from "./output-options.ts";
import type { RowWriter, TextSink } from "./row-writer.ts";
import { createDelimitedWriter } from "./write-delimited.ts";
import { createJsonWriter, createNdjsonWriter } from "./write-json.ts";
import { createMarkdownWriter } from "./write-markdown.ts";
import { createXmlWriter } from "./write-xml.ts";
import { createYamlWriter } from "./write-yaml.ts";

/** `order`: as far as it is known; a table without rows has it as its header. */
type Writer = (options: OutputOptions, sink: TextSink, order: () => Order) => RowWriter;

const WRITERS: Record<OutputFormat, Writer> = {
  json: createJsonWriter,
  csv: createDelimitedWriter,
  tsv: createDelimitedWriter,
  ndjson: createNdjsonWriter,
  yaml: createYamlWriter,
  xml: createXmlWriter,
  markdown: createMarkdownWriter,
};

/**
 * Writes rows as `options` say. The same rows give the same text, in whatever batches they come. `order` gives the names of the
 * fields in the order of the data, which objects do not keep for names such as `2025`.
 * @throws ToolError from its `write`: `too_large` for a table of too many columns
 */
export function createRowWriter(
  options: OutputOptions,
  sink: TextSink,
  order: () => Order = () => orderOf([]),
): RowWriter {
  return WRITERS[options.format](options, sink, order);
}
