import { ToolError } from "../errors.ts";
import type { ApiRequest, Target } from "./api-request.ts";
import { isRead } from "./call-policy.ts";
import type { ApiDescription } from "./configured-api.ts";
import { assertAllowed, findTarget } from "./find-target.ts";
import { type ApiDocument, createDocument } from "./openapi/document.ts";
import { isJsonType } from "./openapi/operations.ts";
import type { BodyContent, Parameter, Place } from "./operation.ts";
import { PLACES } from "./operation.ts";
import {
  flatten,
  isHidden,
  isPortableName,
  type PortableSchema,
  plainText,
  portableSchema,
  readValue,
  shorten,
  wordsOf,
} from "./portable-schema.ts";

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
  toRequest(input: Readonly<Record<string, unknown>>): ApiRequest;
  /** An error of the call with the names of these arguments instead of their places; anything else as it is. */
  explain(error: unknown): unknown;
}

/** Characters of a tool's definition, most of it its arguments. */
const MAX_SIZE = 6_000;
/** How much is told of the arguments: the most with which the definition is not too large. */
const DETAILS = [
  { depth: 4, text: 200 },
  { depth: 3, text: 120 },
  { depth: 2, text: 80 },
  { depth: 1, text: 80 },
  { depth: 0, text: 60 },
] as const;
const MAX_DESCRIPTION = 400;

/** The argument with the fields of a body that have no room of their own. */
const FURTHER = "more_fields";

/** Where an argument goes. */
interface Slot {
  name: string;
  place: Place | "body";
  /** Its name there; undefined: it is the whole body, or the further fields of it. */
  key: string | undefined;
  schema: unknown;
  description: string;
  required: boolean;
}

/**
 * An operation of an API as a tool.
 * @throws ToolError `unknown_operation` with the closest ones, `invalid_input`, `forbidden` where it cannot be called at all.
 */
export function pinOperation(api: ApiDescription, { name, operation, description }: PinnedRequest): PinnedOperation {
  const target = findTarget(api, { operation });
  assertCallable(api, target);
  const document = api.document?.source ?? EMPTY;
  const content = contentOf(target);
  const slots = named(slotsOf(api, target, document, content));
  const { properties, kept } = describeSlots(document, slots, target);
  const listed = target.operation;
  const summary = listed?.summary ?? "";
  const said = description ?? describe(api, target);
  return {
    name,
    api: api.name,
    title: shorten(plainText(summary), 80) || wordsOf(target.id).replace(/\.$/, ""),
    description: `${said}${listed?.deprecated ? " Deprecated: there may be a better operation." : ""}`,
    reads: isRead(target.method),
    idempotent: isRead(target.method) || target.method === "PUT" || target.method === "DELETE",
    properties,
    required: kept.filter((slot) => slot.required).map((slot) => slot.name),
    toRequest: (input) => requestOf(api.name, operation, target, content, kept, properties, input),
    explain: (error) => withOwnNames(error, kept, target),
  };
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

function slotsOf(
  api: ApiDescription,
  target: Target,
  document: ApiDocument,
  content: BodyContent | undefined,
): Omit<Slot, "name">[] {
  const slots: Omit<Slot, "name">[] = target.details.parameters
    .filter((parameter) => !isConfigured(api, target, parameter))
    .map(({ in: place, name: key, schema, description, required }) => ({ place, key, schema, description, required }));
  if (target.open) {
    const free = { key: undefined, required: false, schema: { type: "object" } };
    slots.push({ ...free, place: "query", description: "Query parameters by name." });
    if (!isRead(target.method)) slots.push({ ...free, place: "body", description: "Body, sent as JSON." });
    return slots;
  }
  const { body } = target.details;
  if (!body || !content) return slots;
  const flat = flatten(document, content.schema);
  const properties = [...flat.properties].filter(([, property]) => !isHidden(document, property));
  const isFlat = properties.length > 0 && flat.types.every((type) => type === "object") && isStructured(content.type);
  if (!isFlat) {
    const about = isStructured(content.type)
      ? "The body."
      : `The body, ${content.type}${isText(content.type) ? "" : " in base64"}.`;
    const schema = isStructured(content.type) ? content.schema : { type: "string" };
    slots.push({
      place: "body",
      key: undefined,
      schema,
      description: body.description || about,
      required: body.required,
    });
    return slots;
  }
  for (const [key, schema] of properties) {
    slots.push({ place: "body", key, schema, description: "", required: body.required && flat.required.has(key) });
  }
  return slots;
}

/** Whether the configuration sets the parameter, or the path in the configuration has it already. */
function isConfigured({ settings, base }: ApiDescription, target: Target, { in: place, name }: Parameter): boolean {
  const same = (other: string | undefined) => other?.toLowerCase() === name.toLowerCase();
  if (place === "path") return Object.hasOwn(target.pathValues, name);
  const { credential } = target.details;
  if (credential && credential.in === place && same(credential.name)) return true;
  const { auth } = settings;
  if (auth && auth.type === place && same(auth.name)) return true;
  if (place === "query") return new URLSearchParams(base.search).has(name);
  if (place !== "header") return false;
  return same("Authorization") || same(settings.apiKeyHeader) || Object.keys(settings.headers).some(same);
}

/** Gives each argument a name that all bridges take; where two would share one, the place is added. */
function named(slots: readonly Omit<Slot, "name">[]): Slot[] {
  const plain = slots.map(({ place, key }) => {
    const name =
      (key ?? place)
        .replace(/[^A-Za-z0-9_]+/g, "_")
        .replace(/^_+|_+$/g, "")
        .slice(0, 56) || "value";
    return isPortableName(name) ? name : `${place}_${name}`;
  });
  const used = new Set<string>([FURTHER]);
  return slots.map((slot, index) => {
    const own = plain[index]!;
    const shared = plain.some((other, at) => at !== index && other === own);
    const base = shared && slot.key !== undefined ? `${own}_${slot.place}` : own;
    let name = base;
    for (let count = 2; used.has(name); count++) name = `${base}_${count}`;
    used.add(name);
    return { ...slot, name };
  });
}

/** The arguments with as much detail as fits; fields of a body that do not fit at all are given together. */
function describeSlots(
  document: ApiDocument,
  slots: readonly Slot[],
  target: Target,
): { properties: Record<string, PortableSchema>; kept: readonly Slot[] } {
  const show = (list: readonly Slot[], detail: (typeof DETAILS)[number]) =>
    Object.fromEntries(list.map((slot) => [slot.name, describeSlot(document, slot, detail)]));
  let properties: Record<string, PortableSchema> = {};
  for (const detail of DETAILS) {
    properties = show(slots, detail);
    if (sizeOf(properties) <= MAX_SIZE) return { properties, kept: slots };
  }
  const least = DETAILS[DETAILS.length - 1]!;
  const kept: Slot[] = [];
  const further: string[] = [];
  let size = 0;
  for (const slot of [...slots].sort((a, b) => Number(b.required) - Number(a.required))) {
    size += sizeOf(properties[slot.name]) + slot.name.length;
    const isField = slot.place === "body" && slot.key !== undefined && !slot.required;
    if (isField && size > MAX_SIZE) further.push(slot.key!);
    else kept.push(slot);
  }
  if (further.length === 0) return { properties, kept: slots };
  const names = `${further.slice(0, 100).join(", ")}${further.length > 100 ? ", …" : ""}`;
  const rest: Slot = {
    name: FURTHER,
    place: "body",
    key: undefined,
    schema: { type: "object" },
    description: `Further fields of the body by name: ${names}. api_describe of ${target.id} tells about them.`,
    required: false,
  };
  return {
    properties: { ...show(kept, least), [FURTHER]: { type: "object", description: rest.description } },
    kept: [...kept, rest],
  };
}

function describeSlot(document: ApiDocument, slot: Slot, detail: (typeof DETAILS)[number]): PortableSchema {
  const schema = portableSchema(document, slot.schema, detail);
  const own = schema.description ?? "";
  // What the parameter says goes before what its schema says.
  const about = shorten(plainText(slot.description), detail.text);
  const notes = own.replace(shorten(flatten(document, slot.schema).description, detail.text), "").trim();
  const text = about === "" ? own : [about, about === notes ? "" : notes].filter((part) => part !== "").join(" ");
  return { ...schema, description: text || wordsOf(slot.key ?? slot.name) };
}

function sizeOf(value: unknown): number {
  return JSON.stringify(value)?.length ?? 0;
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
  return `${shorten(text, MAX_DESCRIPTION)} Calls ${target.method} ${target.template} of API ${api.name}.`.trim();
}

function isStructured(type: string): boolean {
  return (
    isJsonType(type) ||
    type === "application/x-www-form-urlencoded" ||
    type.startsWith("multipart/") ||
    type.includes("*")
  );
}

function isText(type: string): boolean {
  return type.startsWith("text/") || /[/+](xml|yaml|x-ndjson|graphql|javascript)$/.test(type);
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
  for (const { name, place, key } of slots) {
    const given = Object.hasOwn(input, name) ? input[name] : undefined;
    if (given === undefined || given === null) continue;
    const value = readValue(given, properties[name]);
    if (key === undefined && place === "body") whole = value;
    else if (key === undefined) Object.assign(places[place as Place], value);
    else (place === "body" ? fields : places[place])[key] = value;
  }
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
  if (isJsonType(type) || type.includes("*")) return { ...request, bodyText: JSON.stringify(whole) };
  return isText(type) ? { ...request, bodyText: String(whole) } : { ...request, bodyBase64: String(whole) };
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
  const [, place = "", first = "", ...below] = path.split("/");
  const key = first.replaceAll("~1", "/").replaceAll("~0", "~");
  const slot = slots.find((each) => each.place === place && each.key === key);
  if (slot) return [slot.name, ...below].join("/");
  const whole = slots.find((each) => each.place === place && each.key === undefined);
  return whole ? [whole.name, first, ...below].filter((part) => part !== "").join("/") : path;
}
