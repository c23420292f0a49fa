import type { Operation, OperationDetails } from "./operation.ts";
import type { Part } from "./request/multipart.ts";

/** A call as the model gives it. */
export interface ApiRequest {
  api: string;
  /** An operationId, or `METHOD /path`; default: the API's only operation, of a plain API a POST to its URL. */
  operation?: string | undefined;
  path?: Readonly<Record<string, unknown>> | undefined;
  query?: Readonly<Record<string, unknown>> | undefined;
  header?: Readonly<Record<string, unknown>> | undefined;
  cookie?: Readonly<Record<string, unknown>> | undefined;
  /** An object; a list or a single value only where a document says that the operation takes such. */
  body?: unknown;
  /** Sent as it is, instead of `body`. */
  bodyText?: string | undefined;
  /** Bytes in base64, sent as they are, instead of `body`. */
  bodyBase64?: string | undefined;
  /** Tells a repetition of the same change from a new one; sent in the API's `idempotencyHeader`, else as `Idempotency-Key`. */
  idempotencyKey?: string | undefined;
  /** Parts of the answer by dotted paths, such as `items.id`; lists are walked through. */
  fields?: readonly string[] | undefined;
  /** A JMESPath expression over the answer. */
  select?: string | undefined;
  /** Pages to follow at most; 1 or undefined: the first only. */
  maxPages?: number | undefined;
  /** Only shows what would be sent. */
  dryRun?: boolean | undefined;
  /** Id of an earlier answer that was too long: its next part is given, and nothing is called. */
  rest?: string | undefined;
}

/** The operation that a request means. */
export interface Target {
  api: string;
  id: string;
  method: string;
  /** What the path is below: the API's base, or the operation's own server. */
  base: URL;
  /** Path below the base URL with `{name}` for parameters. */
  template: string;
  /** Whether the base URL itself is called, whatever its path. */
  itself: boolean;
  /** Whether parameters and body may be anything, for no document describes them. */
  open: boolean;
  details: OperationDetails;
  fixedQuery: string;
  /** Values of path parameters that were written into the path. */
  pathValues: Readonly<Record<string, unknown>>;
  /** Path parameters that the call's operation names otherwise than the document, by their names there. */
  pathAliases?: Readonly<Record<string, string>>;
  /** Values of query parameters that were written behind the path. */
  queryValues?: Readonly<Record<string, unknown>>;
  /** The document's operation, if it is one. */
  operation: Operation | undefined;
}

/** What is sent. */
export interface PreparedRequest {
  target: Target;
  method: string;
  url: URL;
  /** Path below the base URL, for messages and rules. */
  path: string;
  /** Lower-case names. */
  headers: Record<string, string>;
  body: string | Uint8Array | null;
  /** What a multipart body is made of. */
  parts?: readonly Part[];
  /** Whether sending it twice does what sending it once does: it only reads, or has an idempotency key. */
  idempotent: boolean;
  /** What the configuration sets, whose values nobody is shown: names of headers (lower case), of query parameters and of cookies. */
  configured: Readonly<Record<"header" | "query" | "cookie", readonly string[]>>;
  /** What is worth knowing of the request, though it can be sent. */
  warnings: readonly string[];
  /** Tells credentials apart without holding one; the same for every token of one client. */
  credentialId: string;
  /** What stands for the user's secrets that it holds; undefined: it holds none. */
  references?: string;
}
