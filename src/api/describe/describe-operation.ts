import { ToolError } from "../../errors.ts";
import type { ApiDescription } from "../configured-api.ts";
import { findOperation, unknownOperation } from "../find-target.ts";
import { escapePointer } from "../json-schema.ts";
import { type ApiDocument, unescapePointer } from "../openapi/document.ts";
import type { DocumentOperation } from "../openapi/operations.ts";
import { createBundle } from "../openapi/schemas.ts";
import { createSchemaDisplay, DETAILS, type Detail, plainText } from "../openapi/show-schemas.ts";
import type { JsonObject, Operation, OperationDetails, Parameter } from "../operation.ts";
import { shorten } from "../shorten.ts";
import { type DescribedAnswer, describeAnswers } from "./describe-answers.ts";
import { bodyNotes, chosenContent, otherContents } from "./describe-body.ts";
import { findPart } from "./find-part.ts";

/** An operation in full, for a model that is about to call it. */
export interface DescribedOperation {
  api: string;
  operation: string;
  method: string;
  path: string;
  summary?: string;
  description?: string;
  deprecated?: boolean;
  parameters: DescribedParameter[];
  body?: { required: boolean; content_type: string; schema: JsonObject; description?: string };
  /** The part that was asked for, alone. */
  part?: { at: string; schema: JsonObject };
  /** What the schemas of parameters and body refer to, each once; in the body's schema where only that refers to any. */
  $defs?: JsonObject;
  /** What a success gives. */
  answers?: DescribedAnswer[];
  notes?: string[];
}

export interface DescribedParameter {
  name: string;
  in: string;
  required?: boolean;
  deprecated?: boolean;
  description?: string;
  schema: JsonObject;
}

export interface DescribeRequest {
  operation: string;
  /** A JSON pointer into the call, such as `/body/items/0`, to see only that; or a media type, for the body in it. */
  part?: string | undefined;
}

const MAX_TEXT = 1500;
/** Characters of parameters, body and definitions together: a few thousand tokens. */
const MAX_SHOWN = 12_000;

/**
 * Describes the operation that a name means in any of the APIs.
 * @throws ToolError `unknown_operation` with the closest ones, `invalid_input` where several APIs have it or it has no such part.
 */
export function describeNamed(apis: readonly ApiDescription[], request: DescribeRequest): DescribedOperation {
  const named = request.operation.trim();
  const found = apis.flatMap((api) => {
    const match = findOperation(api, named);
    return match ? [{ api, match }] : [];
  });
  const nearest = Math.min(...found.map(({ api, match }) => distanceOf(api, match, named)));
  const meant = found.filter(({ api, match }) => distanceOf(api, match, named) === nearest);
  if (meant.length > 1) {
    throw new ToolError("invalid_input", `Several APIs have the operation ${JSON.stringify(named)}: name one in api.`, {
      hint: `APIs: ${meant.map(({ api }) => api.name).join(", ")}.`,
    });
  }
  const only = meant[0];
  if (only) return describeOperation(only.api, only.match, request.part?.trim() || undefined);
  throw unknownOperation(apis, named);
}

/** Where APIs have what a name may mean: the very name is nearer than another writing or a path, and these than what a rule allows. */
function distanceOf(api: ApiDescription, { id, method, path }: Operation, named: string): number {
  if (id === named || `${method} ${path}` === named) return 0;
  if (api.document) return 1;
  return path.includes("*") ? 3 : 2;
}

/** What calling an operation takes: its parameters and its body, with only those definitions that they refer to. */
function describeOperation(api: ApiDescription, operation: Operation, part: string | undefined): DescribedOperation {
  const documented = api.document?.operations.find((entry) => entry === operation);
  if (!api.document || !documented) return describeRule(operation);
  return part?.startsWith("/")
    ? describePart(api.document.source, documented, part)
    : describeDocumented(api, api.document.source, documented, part);
}

function describeDocumented(
  api: ApiDescription,
  document: ApiDocument,
  operation: DocumentOperation,
  mediaType: string | undefined,
): DescribedOperation {
  const details = operation.details();
  const { parameters, body } = details;
  const content = chosenContent(operation, details, mediaType);
  const bundle = createBundle(document, { direction: "request", shown: true });
  const schemas = parameters.map(({ schema, example }) => withExample(bundle.add(schema), example));
  const bodySchema = content && bundle.add(content.schema);
  const definitions = bundle.definitions();

  const shown = withRoom((detail) => {
    const display = createSchemaDisplay(definitions, detail, MAX_SHOWN);
    const shownParameters = parameters.map((parameter, index) =>
      describeParameter(
        parameter,
        detail,
        display.show(schemas[index], `/${parameter.in}/${escapePointer(parameter.name)}`),
      ),
    );
    // Where only the body needs them, its schema stands alone.
    const shared = display.refers();
    const schema = content ? display.show(bodySchema, "/body") : {};
    const defs = definitionsOf(display.definitions());
    return {
      parameters: shownParameters,
      ...(body &&
        content && {
          body: {
            required: body.required,
            content_type: content.type,
            ...(body.description !== "" && { description: cut(body.description, 500) }),
            schema: { ...schema, ...(!shared && defs) },
          },
        }),
      ...(shared && defs),
      left_out: display.leftOut(),
    };
  });
  const { left_out, ...rest } = shown;
  const answers = describeAnswers(document, details);
  const notes = [
    ...(content ? bodyNotes(content, bodySchema ?? {}, definitions) : []),
    ...otherContents(details, content),
    ...(parameters.some(({ style }) => style === "querystring")
      ? ["The parameter of the whole query string is query itself: give its fields there."]
      : []),
    ...(left_out ? [LEFT_OUT] : []),
    ...keyNote(api, details),
    ...(details.problems ?? []).slice(0, MAX_PROBLEMS),
  ];
  return {
    ...head(operation),
    ...rest,
    ...(answers.length > 0 && { answers }),
    ...(notes.length > 0 && { notes }),
  };
}

function keyNote({ settings }: ApiDescription, { credential }: OperationDetails): string[] {
  if (credential === null) return ["Needs no key."];
  const { apiKey, auth, users } = settings;
  const isConfigured = apiKey !== undefined || auth !== undefined || Object.keys(users).length > 0;
  return isConfigured ? ["The server adds the key."] : [];
}

const MAX_PROBLEMS = 5;
const LEFT_OUT = "Where left_out stands, more belongs: call api_describe again with the pointer in it as part.";

/** With as much detail as there is room for. */
function withRoom<T>(build: (detail: Detail) => T): T {
  let result = build(DETAILS[0]!);
  for (const detail of DETAILS.slice(1)) {
    if (JSON.stringify(result).length <= MAX_SHOWN) break;
    result = build(detail);
  }
  return result;
}

function definitionsOf(definitions: JsonObject): { $defs?: JsonObject } {
  return Object.keys(definitions).length > 0 ? { $defs: definitions } : {};
}

/** One part of a call alone, with all the room. */
function describePart(document: ApiDocument, operation: DocumentOperation, part: string): DescribedOperation {
  const details = operation.details();
  const [place = "", ...segments] = part.split("/").slice(1).map(unescapePointer);
  const bundle = createBundle(document, { direction: "request", shown: true });
  let root: JsonObject | undefined;
  if (place === "body") {
    const content = chosenContent(operation, details, undefined);
    root = content && bundle.add(content.schema);
  } else {
    const name = segments.shift();
    const parameter = details.parameters.find((entry) => entry.in === place && entry.name === name);
    root = parameter && bundle.add(parameter.schema);
  }
  const definitions = bundle.definitions();
  const found = root ? findPart(root, segments, definitions) : { known: [] };
  if ("known" in found) {
    const places = [
      ...details.parameters.map((parameter) => `/${parameter.in}/${escapePointer(parameter.name)}`),
      ...(details.body ? ["/body"] : []),
    ];
    const known = root ? found.known.map(escapePointer) : places;
    throw new ToolError("invalid_input", `${operation.id} has no part ${JSON.stringify(part.slice(0, 200))}.`, {
      hint: known.length > 0 ? `There are ${cut(known.join(", "), 500)}.` : "Nothing more is known there.",
    });
  }
  const shown = withRoom((detail) => {
    const display = createSchemaDisplay(definitions, detail, MAX_SHOWN);
    const schema = display.show(found.schema, part);
    const defs = definitionsOf(display.definitions());
    return { part: { at: part, schema: { ...schema, ...defs } }, left_out: display.leftOut() };
  });
  const { left_out, ...rest } = shown;
  const { api, id, method, path } = operation;
  return { api, operation: id, method, path, parameters: [], ...rest, ...(left_out && { notes: [LEFT_OUT] }) };
}

/** The example of a parameter counts as its schema's. */
function withExample(schema: JsonObject, example: unknown): JsonObject {
  return example === undefined || schema.examples !== undefined ? schema : { ...schema, examples: [example] };
}

function describeParameter(parameter: Parameter, detail: Detail, shown: JsonObject): DescribedParameter {
  const { description, deprecated, ...schema } = shown;
  const text = parameter.description || (typeof description === "string" ? description : "");
  // What a parameter means is worth more than what a deep field of a body does.
  const length = Math.max(detail.text, 40);
  return {
    name: parameter.name,
    in: parameter.in,
    ...(parameter.required && { required: true }),
    ...((parameter.deprecated || deprecated === true) && { deprecated: true }),
    ...(text !== "" && { description: cut(text.replace(/\s+/g, " "), length) }),
    schema,
  };
}

function describeRule(operation: Operation): DescribedOperation {
  const writes = !["GET", "HEAD"].includes(operation.method);
  const itself = operation.path === "/";
  const notes = [
    ...(operation.path.includes("*")
      ? [`Everything that fits is allowed: give call_api the real path, such as "${concrete(operation)}".`]
      : []),
    ...(itself ? ["Calls the API's URL itself; operation may be left out where it is the only one."] : []),
    "No document describes this API: query, header and body are sent as they are given.",
  ];
  return {
    ...head(operation),
    parameters: operation.parameterNames.map((name) => ({
      name,
      in: "path",
      required: true,
      schema: { type: "string" },
    })),
    ...(writes && { body: { required: false, content_type: "application/json", schema: { type: "object" } } }),
    notes,
  };
}

function concrete(operation: Operation): string {
  const method = operation.method === "*" ? "GET" : operation.method;
  return `${method} ${operation.path.replaceAll("*", "items")}`;
}

function head(operation: Operation) {
  const { api, id, method, path, summary, description, deprecated } = operation;
  return {
    api,
    operation: id,
    method,
    path,
    ...(summary !== "" && { summary: cut(summary, 300) }),
    ...(description !== "" && description !== summary && { description: cut(description) }),
    ...(deprecated && { deprecated }),
  };
}

function cut(text: string, limit = MAX_TEXT): string {
  const clean = plainText(text, limit)
    .replace(/[ \t]+/g, " ")
    .replace(/\s*\n\s*/g, "\n")
    .trim();
  return shorten(clean, limit);
}
