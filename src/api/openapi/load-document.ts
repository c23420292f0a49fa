import { createHash, type Hash } from "node:crypto";
import type { LookupFunction } from "node:net";
import { ToolError } from "../../errors.ts";
import { type ApiDocument, createDocument, isObject, type Wrong } from "./document.ts";
import { filesAround, readBytes } from "./document-files.ts";
import { type FileSource, loadReferences, OutOfReach } from "./external-references.ts";
import { createDocumentFetcher } from "./fetch-document.ts";
import { type ParsedDocument, parseDocument, UnreadableDocument } from "./parse-document.ts";

/** What documents with a URL are fetched with. */
export interface FetchMeans {
  /** Name resolution other than the system's; for tests. */
  lookup?: LookupFunction | undefined;
  /** Fires when nobody waits for the document any more. */
  signal?: AbortSignal | undefined;
}

/** How a document is fetched where it has a URL. Times are seconds. */
export interface LoadOptions extends FetchMeans {
  timeout?: number;
  connectTimeout?: number;
  privateNetwork?: boolean | undefined;
}

/** A document together with every file that it refers to. */
export interface LoadedDocument extends ApiDocument {
  /** Of a fetched document and its files: the same as long as none of them changes. Undefined where it is a file. */
  digest: string | undefined;
}

const DEFAULT_TIMEOUT = 30;

/**
 * Reads an OpenAPI 3.x or Swagger 2.0 document, JSON or YAML, from a file or from an http or https URL, and the files below
 * its folder, or of its origin, that it refers to.
 * @throws ToolError `invalid_config` that says what is wrong with it, never the path on this machine; for a URL also
 * `upstream_unreachable`, `deadline_exceeded`, `forbidden`, `too_large`.
 */
export async function readDocument(source: string, api: string, options: LoadOptions = {}): Promise<LoadedDocument> {
  const wrong: Wrong = (what, hint, cause) =>
    new ToolError("invalid_config", `The OpenAPI document of API "${api}" ${what}.`, {
      hint: hint ?? `Check apis.${api}.openapi in the configuration.`,
      cause,
    });
  return isDocumentUrl(source) ? fetchAll(source, api, options, wrong) : readFiles(source, wrong);
}

/** Whether `apis.X.openapi` is a URL and not a path. */
export function isDocumentUrl(source: string): boolean {
  return /^https?:\/\//i.test(source);
}

async function readFiles(file: string, wrong: Wrong): Promise<LoadedDocument> {
  const read = async (): Promise<Uint8Array> => {
    try {
      return await readBytes(file);
    } catch (error) {
      if (error instanceof OutOfReach) throw wrong(error.message);
      const missing = (error as { code?: unknown }).code === "ENOENT";
      throw wrong(missing ? "does not exist" : "cannot be read", undefined, error);
    }
  };
  const parsed = await parse(await read(), wrong);
  const self = selfOf(parsed.value, undefined);
  return build(parsed, filesAround(file, self), self, wrong, undefined);
}

async function fetchAll(source: string, api: string, options: LoadOptions, wrong: Wrong): Promise<LoadedDocument> {
  if (!URL.canParse(source)) throw wrong("has no valid URL");
  const { timeout = DEFAULT_TIMEOUT, connectTimeout = timeout, privateNetwork = false, lookup, signal } = options;
  const deadline = new AbortController();
  const timer = setTimeout(() => {
    const message = `The OpenAPI document of API "${api}" did not arrive in full within ${timeout} s.`;
    const hint = `Raise apis.${api}.timeout, or name a downloaded document by its path.`;
    deadline.abort(new ToolError("deadline_exceeded", message, { hint, retryable: true }));
  }, timeout * 1000);
  const fetcher = createDocumentFetcher({
    api,
    trusted: privateNetwork,
    connectTimeoutMs: Math.min(connectTimeout, timeout) * 1000,
    signal: signal ? AbortSignal.any([deadline.signal, signal]) : deadline.signal,
    lookup,
  });
  try {
    const fetched = await fetcher.fetch(new URL(source));
    const hash = createHash("sha256").update(fetched.bytes);
    const parsed = await parse(fetched.bytes, wrong);
    const self = selfOf(parsed.value, fetched.url);
    return await build(parsed, fetcher.filesAround(fetched, self), self ?? fetched.url, wrong, hash);
  } finally {
    clearTimeout(timer);
    await fetcher.close();
  }
}

async function parse(bytes: Uint8Array, wrong: Wrong): Promise<ParsedDocument> {
  try {
    return await parseDocument(bytes);
  } catch (error) {
    if (error instanceof UnreadableDocument) throw wrong(error.message, undefined, error);
    throw error;
  }
}

async function build(
  { value, refersToFiles }: ParsedDocument,
  source: FileSource,
  location: URL | undefined,
  wrong: Wrong,
  hash: Hash | undefined,
): Promise<LoadedDocument> {
  const files = refersToFiles ? await loadReferences(value, source, (bytes) => hash?.update(bytes)) : undefined;
  return { ...createDocument(value, wrong, { files, location }), digest: hash?.digest("base64url") };
}

/** The URL that the document gives itself (OpenAPI 3.2.0, "$self"). */
function selfOf(root: unknown, base: URL | undefined): URL | undefined {
  if (!isObject(root) || typeof root.$self !== "string" || !URL.canParse(root.$self, base?.href)) return undefined;
  const url = new URL(root.$self, base);
  url.hash = "";
  return /^https?:$/.test(url.protocol) ? url : undefined;
}
