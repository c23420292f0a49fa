/** A JSON object of a document or a schema, unchecked. */
export type JsonObject = Record<string, unknown>;

export const PLACES = ["path", "query", "header", "cookie"] as const;
/** Where a parameter travels. */
export type Place = (typeof PLACES)[number];

/** How a value becomes text (OpenAPI 3.2.0, "Style Values"). */
export type Style =
  | "simple"
  | "label"
  | "matrix"
  | "form"
  | "spaceDelimited"
  | "pipeDelimited"
  /** Swagger 2.0's `tsv`. */
  | "tabDelimited"
  | "deepObject"
  | "cookie"
  /** As the media type of `content` says: a parameter with `content` instead of `schema`. */
  | "content"
  /** The whole query, likewise as its media type says (OpenAPI 3.2.0, `in: querystring`); listed as in `query`. */
  | "querystring";

export interface Parameter {
  name: string;
  in: Place;
  required: boolean;
  description: string;
  style: Style;
  explode: boolean;
  /** Whether reserved characters stay as they are where the place allows it. */
  allowReserved: boolean;
  /** Whether it may be sent without a value, whatever its schema says. */
  allowEmptyValue?: boolean;
  deprecated?: boolean;
  /** A value that the document gives as an example, beside the schema. */
  example?: unknown;
  /** As the document has it, `$ref`s included. */
  schema: unknown;
  /** The media type of the styles `content` and `querystring`. */
  content?: BodyContent;
}

/** How one property of a form body becomes text, or a part (OpenAPI 3.2.0, "Encoding Object"). */
export interface FormEncoding {
  style?: Style;
  explode?: boolean;
  allowReserved?: boolean;
  /** Media types as the document lists them, the first of which is used. */
  contentType?: string;
  /** Headers of the part, by name: what the document fixes them to, where it does. */
  headers?: Readonly<Record<string, string>>;
}

export interface BodyContent {
  /** Media type without parameters, lower case. */
  type: string;
  /** The media type as the document writes it, with its parameters. */
  written: string;
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
  /** The `operationId` that names neither it nor the others of the document that have it too. */
  sharedId?: string;
  deprecated: boolean;
  /** Names of the parameters, for search. */
  parameterNames: readonly string[];
  /** Names of the body's properties, read when they are asked for. */
  bodyNames?(): readonly string[];
}

export interface DocumentedResponse {
  /** `200`, `2XX` or `default`. */
  status: string;
  description: string;
  contents: readonly BodyContent[];
}

/** What calling an operation takes. */
export interface OperationDetails {
  parameters: readonly Parameter[];
  body: RequestBody | undefined;
  /** Media types of successful answers, with their parameters. */
  produces: readonly string[];
  /** How the key travels by the document's security schemes; undefined: as a bearer token; null: the operation takes none. */
  credential: Credential | null | undefined;
  /** All the ways that it may travel, by the document's alternatives; those that suffice alone first. */
  credentials?: readonly Credential[];
  /** The document's alternatives by the names of its security schemes; see `OperationSecurity`. */
  alternatives?: readonly (readonly SecurityScheme[])[];
  declared?: readonly SecurityScheme[];
  /** What of the document's description is missing, as sentences. */
  problems?: readonly string[];
  /** What it may answer, in the document's order. */
  responses(): DocumentedResponse[];
  /** The schema of the JSON answer of an HTTP status, as the document has it. */
  responseSchema(status: number): unknown;
}

/** How the API's key travels. */
export interface Credential {
  in: "header" | "query" | "cookie";
  name: string;
  scheme: "Bearer" | "Basic" | "";
}

/** A security scheme by its name in the document. */
export interface SecurityScheme extends Credential {
  id: string;
}
