/** A JSON object of a document or a schema, unchecked. */
export type JsonObject = Record<string, unknown>;

export const PLACES = ["path", "query", "header", "cookie"] as const;
/** Where a parameter travels. */
export type Place = (typeof PLACES)[number];

/** How a value becomes text (OpenAPI 3.1.1, "Style Values"). */
export type Style =
  | "simple"
  | "label"
  | "matrix"
  | "form"
  | "spaceDelimited"
  | "pipeDelimited"
  | "deepObject"
  /** The value's JSON: a parameter with `content` instead of `schema`. */
  | "json";

export interface Parameter {
  name: string;
  in: Place;
  required: boolean;
  description: string;
  style: Style;
  explode: boolean;
  /** Whether reserved characters stay as they are where the query allows it. */
  allowReserved: boolean;
  /** As the document has it, `$ref`s included. */
  schema: unknown;
}

/** How one property of a form body becomes text. */
export interface FormEncoding {
  style?: Style;
  explode?: boolean;
}

export interface BodyContent {
  /** Media type without parameters, lower case. */
  type: string;
  schema: unknown;
  encoding: Readonly<Record<string, FormEncoding>>;
}

export interface RequestBody {
  required: boolean;
  description: string;
  contents: readonly BodyContent[];
}

/** A callable operation as search lists it. */
export interface Operation {
  api: string;
  /** What call_api takes as `operation`: an operationId, or `METHOD /path`. */
  id: string;
  /** Upper case; `*` in a rule that allows every method. */
  method: string;
  /** Path below the base URL, with `{name}` for parameters and, in a rule, `*` for any characters. */
  path: string;
  summary: string;
  description: string;
  tags: readonly string[];
  deprecated: boolean;
  /** Names of the parameters, for search. */
  parameterNames: readonly string[];
}

/** What calling an operation takes. */
export interface OperationDetails {
  parameters: readonly Parameter[];
  body: RequestBody | undefined;
  /** Media types of successful answers. */
  produces: readonly string[];
  /** How the key travels by the document's security schemes; undefined: as a bearer token; null: the operation takes none. */
  credential: Credential | null | undefined;
  /** The schema of the JSON answer of an HTTP status, as the document has it. */
  responseSchema(status: number): unknown;
}

/** How the API's key travels. */
export interface Credential {
  in: "header" | "query" | "cookie";
  name: string;
  scheme: "Bearer" | "Basic" | "";
}
