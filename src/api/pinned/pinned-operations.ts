import { ToolError } from "../../errors.ts";
import type { Advice } from "../answer/advice.ts";
import type { ApiRequest, Target } from "../api-request.ts";
import { isRead } from "../call-policy.ts";
import type { ApiDescription } from "../configured-api.ts";
import { writeExactJson } from "../exact-json.ts";
import { assertAllowed, findTarget } from "../find-target.ts";
import { isJsonType } from "../media-types.ts";
import { createDocument } from "../openapi/document.ts";
import type { BodyContent, Place } from "../operation.ts";
import { PLACES } from "../operation.ts";
import { CLEARED, clearedFields } from "./cleared-fields.ts";
import { plainText } from "./flatten-schema.ts";
import { pinnedAdvice } from "./pinned-advice.ts";
import { argumentsOf, describeArguments, isStructured, isText, type Slot } from "./pinned-arguments.ts";
import { beginningOf, type PortableSchema, readValue, wordsOf } from "./portable-schema.ts";

/** An operation that is to be a tool of its own. */
export interface PinnedRequest {
  /** Name of the tool. */
  name: string;
  api: string;
  operation: string;
  description?: string | undefined;
}

/** An operation as a tool: flat, typed arguments that every bridge takes, and the call that they stand for. */
export interface PinnedOperation {
  name: string;
  api: string;
  title: string;
  description: string;
  /** Whether calls change nothing. */
  reads: boolean;
  /** Whether a second identical call changes nothing more. */
  idempotent: boolean;
  properties: Readonly<Record<string, PortableSchema>>;
  required: readonly string[];
  /** The argument that takes the id of the rest of an earlier answer; nothing else counts beside it. */
  rest: { name: string; schema: PortableSchema };
  /** How the tool puts what can be done next. `rest`: whether it has that argument, `callApi`: whether call_api is there. */
  advice(there: { rest: boolean; callApi: boolean }): Advice;
  toRequest(input: Readonly<Record<string, unknown>>): ApiRequest;
  /** An error of the call with the names of these arguments instead of their places; anything else as it is. */
  explain(error: unknown): unknown;
}

const MAX_DESCRIPTION = 400;

/**
 * An operation of an API as a tool.
 * @throws ToolError `unknown_operation` with the closest ones, `invalid_input`, `forbidden` where it cannot be called at all.
 */
export function pinOperation(api: ApiDescription, { name, operation, description }: PinnedRequest): PinnedOperation {
  const target = findTarget(api, { operation });
  assertCallable(api, target);
  const document = api.document?.source ?? EMPTY;
  const content = contentOf(target);
  const slots = argumentsOf(api, target, document, content);
  const { properties, kept } = describeArguments(document, slots, target);
  const listed = target.operation;
  const summary = listed?.summary ?? "";
  const fixed = { ...target.pathValues, ...target.queryValues };
  const called = listed && Object.keys(fixed).length === 0 ? listed.id : operation;
  const said = description ?? describe(api, target);
  const rest = restArgument(properties);
  const goingOn = { name, api: api.name, operation: called, slots: kept, properties };
  return {
    name,
    api: api.name,
    title: beginningOf(plainText(summary), 80) || wordsOf(target.id).replace(/\.$/, ""),
    description: `${said}${listed?.deprecated ? " Deprecated: there may be a better operation." : ""}`,
    reads: isRead(target.method),
    idempotent: isRead(target.method) || ["PUT", "DELETE", "QUERY"].includes(target.method),
    properties,
    required: kept.filter((slot) => slot.required).map((slot) => slot.name),
    rest,
    advice: (there) => pinnedAdvice({ ...goingOn, rest: there.rest ? rest.name : undefined, callApi: there.callApi }),
    toRequest(input) {
      const id = Object.hasOwn(input, rest.name) ? (input[rest.name] ?? undefined) : undefined;
      if (id !== undefined) return { api: api.name, operation: called, rest: String(id) };
      return requestOf(api.name, called, target, content, kept, properties, input);
    },
    explain: (error) => withOwnNames(error, kept, target),
  };
}

/** A name that no argument of the operation has. */
function restArgument(properties: Readonly<Record<string, PortableSchema>>): PinnedOperation["rest"] {
  let name = "rest";
  while (Object.hasOwn(properties, name)) name = `answer_${name}`;
  return { name, schema: { type: "string", description: "Id in the rest of a long answer: gives its next part." } };
}

const EMPTY = createDocument({ openapi: "3.1.0", paths: {} }, (what) => new Error(what));

function assertCallable(api: ApiDescription, target: Target): void {
  if (target.operation && api.operations.includes(target.operation)) return;
  assertAllowed(api, target.method, target.template, target.itself);
  if (!api.document) return;
  throw new ToolError("forbidden", `API "${api.name}" does not allow ${target.id}.`, {
    hint: `apis.${api.name}.allow in the configuration lists the allowed calls.`,
  });
}

/** What is sent as the body: JSON where there is a choice, as a call by itself chooses. */
function contentOf({ details: { body } }: Target): BodyContent | undefined {
  return body?.contents.find(({ type }) => isJsonType(type)) ?? body?.contents[0];
}

function describe(api: ApiDescription, target: Target): string {
  const { summary = "", description = "" } = target.operation ?? { summary: api.settings.description };
  const sentence = (text: string) => (/[.!?…]$/.test(text) ? text : `${text}.`);
  const first = plainText(summary);
  const second = plainText(description);
  const parts = [first, second.startsWith(first) ? second.slice(first.length).trim() : second];
  const text = parts
    .filter((part) => /\w/.test(part))
    .map(sentence)
    .join(" ");
  return `${beginningOf(text, MAX_DESCRIPTION)} Calls ${target.method} ${target.template} of API ${api.name}.`.trim();
}

function requestOf(
  api: string,
  operation: string,
  target: Target,
  content: BodyContent | undefined,
  slots: readonly Slot[],
  properties: Readonly<Record<string, PortableSchema>>,
  input: Readonly<Record<string, unknown>>,
): ApiRequest {
  const places: Record<Place, Record<string, unknown>> = { path: {}, query: {}, header: {}, cookie: {} };
  const fields: Record<string, unknown> = {};
  let whole: unknown;
  let cleared: unknown;
  for (const { name, place, key } of slots) {
    const given = Object.hasOwn(input, name) ? input[name] : undefined;
    if (given === undefined || given === null) continue;
    const value = readValue(given, properties[name]);
    if (name === CLEARED) cleared = value;
    else if (key === undefined && place === "body") whole = value;
    else if (key === undefined) {
      // What is no object is refused by the client.
      places[place as Place] = isRecord(value) ? { ...places[place as Place], ...value } : (value as never);
    } else (place === "body" ? fields : places[place])[key] = value;
  }
  if (cleared !== undefined) Object.assign(fields, clearedFields(cleared, slots, fields));
  const given = Object.fromEntries(
    PLACES.filter((place) => Object.keys(places[place]).length > 0).map((p) => [p, places[p]]),
  );
  const request: ApiRequest = { api, operation, ...given };
  if (Object.keys(fields).length > 0 || (whole === undefined && takesFields(target, slots))) {
    return { ...request, body: { ...(isRecord(whole) ? whole : {}), ...fields } };
  }
  if (whole === undefined) return request;
  if (isRecord(whole)) return { ...request, body: whole };
  const type = content?.type ?? "application/json";
  // As a value it is sent as it was fitted to its schema. Where there is no schema, only objects are values.
  if (target.open) return { ...request, bodyText: writeExactJson(whole) };
  if (isStructured(type) || (!isText(type) && isReference(whole))) return { ...request, body: whole };
  return isText(type) ? { ...request, bodyText: String(whole) } : { ...request, bodyBase64: String(whole) };
}

/** Whether a value only names the bytes that it stands for. */
function isReference(value: unknown): boolean {
  return typeof value === "string" && /^(?:data:|api:\/\/answers\/)/.test(value);
}

/** Whether a body is sent that may have no field at all. */
function takesFields(target: Target, slots: readonly Slot[]): boolean {
  return (
    target.details.body?.required === true && slots.some(({ place, key }) => place === "body" && key !== undefined)
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** `/query/limit` of a call is `limit` of the tool. */
function withOwnNames(error: unknown, slots: readonly Slot[], target: Target): unknown {
  if (!(error instanceof ToolError) || error.code !== "invalid_input" || !error.issues) return error;
  const issues = error.issues.map((issue) => ({ ...issue, path: ownName(issue.path ?? "", slots) }));
  return new ToolError(
    "invalid_input",
    `${issues
      .map(({ path, message }) => `${path} ${message}`)
      .join("; ")
      .slice(0, 1000)}.`,
    {
      hint: `These are arguments of ${target.id} of API "${target.api}".`,
      issues,
    },
  );
}

function ownName(path: string, slots: readonly Slot[]): string {
  const [, given = "", first = "", ...below] = path.split("/");
  // A text or bytes are what the tool calls the body.
  const place = /^body_(?:text|base64)$/.test(given) ? "body" : given;
  const key = first.replaceAll("~1", "/").replaceAll("~0", "~");
  const slot = slots.find((each) => each.place === place && each.key === key);
  if (slot) return [slot.name, ...below].join("/");
  const whole = slots.find((each) => each.place === place && each.key === undefined);
  return whole ? [whole.name, first, ...below].filter((part) => part !== "").join("/") : path;
}
