import { decodeDocument, LARGE } from "./decode-document.ts";

/** Bytes of a document, decoded. The largest known has 47 million. */
export const MAX_DOCUMENT_BYTES = 64 * 1024 * 1024;
/** Collections that a document may nest. */
const MAX_DEPTH = 500;
/** Objects and lists that a document may hold, repeated ones of YAML counted as often as they are meant. The largest known has 1 million. */
const MAX_NODES = 5_000_000;
/** Keys that `<<` may bring in. */
const MAX_MERGED = 100_000;

/** Why a document cannot be read, in words that go on from "The document …". */
export class UnreadableDocument extends Error {}

/** The value of a document. */
export interface ParsedDocument {
  value: unknown;
  /** Whether there is a `$ref` in it that is not into the document itself. */
  refersToFiles: boolean;
}

/**
 * The value that JSON or YAML holds (RFC 8259, YAML 1.2), in UTF-8 or UTF-16, with a byte order mark or without.
 * Careless ones are taken where their meaning is plain: keys given twice (the last counts), indentation by tabs.
 * The bytes are given up.
 * @throws UnreadableDocument
 */
export async function parseDocument(bytes: Uint8Array): Promise<ParsedDocument> {
  const text = decodeDocument(bytes);
  let value: unknown;
  if (/^\s*[{[]/.test(text)) {
    try {
      value = JSON.parse(text);
    } catch (error) {
      // A large one is escaped as only JSON is.
      if (text.length > LARGE) throw unreadable(error);
      // Commas at the end and comments of YAML are the usual reasons.
      value = await parseYaml(text).catch(() => Promise.reject(unreadable(error)));
    }
  } else if (/^\s*<(!doctype|html|\?xml)/i.test(text)) {
    throw new UnreadableDocument("is an HTML or XML page, not JSON or YAML");
  } else {
    value = await parseYaml(text).catch((error) => Promise.reject(unreadable(error)));
  }
  return { value, refersToFiles: survey(value).refersToFiles };
}

function unreadable(error: unknown): UnreadableDocument {
  if (error instanceof UnreadableDocument) return error;
  const reason = error instanceof Error ? (error.message.split("\n")[0] ?? "").slice(0, 200) : "";
  return new UnreadableDocument(`is neither valid JSON nor YAML: ${reason}`, { cause: error });
}

async function parseYaml(text: string): Promise<unknown> {
  const { CORE_SCHEMA, defineScalarTag, loadAll, mergeTag } = await import("js-yaml");
  // Dates and what has a tag of its own stay the texts that they are in JSON.
  const asText = ["!", "tag:"].map((prefix) =>
    defineScalarTag(prefix, { matchByTagPrefix: true, resolve: (source) => source, identify: () => false }),
  );
  const schema = CORE_SCHEMA.withTags(mergeTag, ...asText);
  const parse = (yaml: string) =>
    loadAll(yaml, { schema, json: true, maxDepth: MAX_DEPTH, maxTotalMergeKeys: MAX_MERGED })[0];
  try {
    return parse(text);
  } catch (error) {
    if (/maxDepth/.test(String(error))) throw new UnreadableDocument("is nested too deeply", { cause: error });
    if (!/\btabs?\b/.test(String(error))) throw error;
    try {
      return parse(text.replace(/^[ \t]*\t[ \t]*/gm, (indent) => indent.replaceAll("\t", "  ")));
    } catch {
      throw error;
    }
  }
}

/** Ends early on what a few bytes of YAML anchors can mean, and on what recursion could not follow. */
function survey(value: unknown): { refersToFiles: boolean } {
  const nodes: object[] = [];
  const depths: number[] = [];
  let count = 0;
  let refersToFiles = false;
  const enter = (child: unknown, depth: number): void => {
    if (typeof child !== "object" || child === null) return;
    if (depth > MAX_DEPTH) throw new UnreadableDocument("is nested too deeply");
    nodes.push(child);
    depths.push(depth);
  };
  enter(value, 1);
  while (nodes.length > 0) {
    const node = nodes.pop() as object;
    const depth = depths.pop() as number;
    count += 1;
    if (count > MAX_NODES) throw new UnreadableDocument("means too much: its anchors repeat one another");
    if (Array.isArray(node)) for (const child of node) enter(child, depth + 1);
    else {
      for (const key in node) {
        const child = (node as Record<string, unknown>)[key];
        if (typeof child === "object") enter(child, depth + 1);
        else if (key === "$ref" && typeof child === "string" && !child.startsWith("#")) refersToFiles = true;
      }
    }
  }
  return { refersToFiles };
}
