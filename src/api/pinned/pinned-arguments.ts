import type { Target } from "../api-request.ts";
import { isRead } from "../call-policy.ts";
import type { ApiDescription } from "../configured-api.ts";
import { isJsonType } from "../media-types.ts";
import type { ApiDocument } from "../openapi/document.ts";
import type { BodyContent, Parameter, Place } from "../operation.ts";
import { PLACES } from "../operation.ts";
import { reservedNames } from "../request/reserved-names.ts";
import { CLEARED, withClearing } from "./cleared-fields.ts";
import { flatten, plainText } from "./flatten-schema.ts";
import {
  beginningOf,
  isHidden,
  isPortableName,
  MAX_SCHEMAS,
  type PortableOptions,
  type PortableSchema,
  portableSchema,
  wordsOf,
  worthTelling,
} from "./portable-schema.ts";

/** Where an argument goes. */
export interface Slot {
  name: string;
  place: Place | "body";
  /** Its name there; undefined: it is the whole body, or the further fields of it. */
  key: string | undefined;
  schema: unknown;
  description: string;
  required: boolean;
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
/** Name of the argument with what has no room of its own. */
const moreOf = (place: Place | "body"): string => (place === "body" ? "more_fields" : `more_${place}`);

/** What the tool of an operation takes: its parameters and, of an object, the fields of its body. */
export function argumentsOf(
  api: ApiDescription,
  target: Target,
  document: ApiDocument,
  content: BodyContent | undefined,
): readonly Slot[] {
  return withClearing(document, target.method, content, named(slotsOf(api, target, document, content)));
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
      : `The body, ${content.type}${isText(content.type) ? "" : " in base64, or api://answers/{id} of an earlier answer"}.`;
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

/** Whether the configuration sets the parameter, or the operation as it is written there has it already. */
function isConfigured(api: ApiDescription, target: Target, { in: place, name }: Parameter): boolean {
  if (place === "path") return Object.hasOwn(target.pathValues, name);
  if (place === "query" && Object.hasOwn(target.queryValues ?? {}, name)) return true;
  return reservedNames(api).and(target.details)(place, name);
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
  const used = new Set<string>([...[...PLACES, "body" as const].map(moreOf), CLEARED]);
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
export function describeArguments(
  document: ApiDocument,
  slots: readonly Slot[],
  target: Target,
): { properties: Record<string, PortableSchema>; kept: readonly Slot[] } {
  const show = (list: readonly Slot[], detail: (typeof DETAILS)[number]) => {
    const shared = { ...detail, budget: { left: MAX_SCHEMAS } };
    return Object.fromEntries(list.map((slot) => [slot.name, describeSlot(document, slot, shared)]));
  };
  let properties: Record<string, PortableSchema> = {};
  for (const detail of DETAILS) {
    properties = show(slots, detail);
    if (sizeOf(properties) <= MAX_SIZE) return { properties, kept: slots };
  }
  const least = DETAILS[DETAILS.length - 1]!;
  const kept: Slot[] = [];
  const further: Slot[] = [];
  let size = 0;
  for (const slot of [...slots].sort((a, b) => Number(b.required) - Number(a.required))) {
    size += sizeOf(properties[slot.name]) + slot.name.length;
    const mayWait = !slot.required && slot.key !== undefined && slot.place !== "path";
    if (mayWait && size > MAX_SIZE) further.push(slot);
    else kept.push(slot);
  }
  const groups = Object.entries(Object.groupBy(further, ({ place }) => place)).map(([place, list = []]): Slot => {
    const names = worthTelling(
      list.map(({ key }) => String(key)),
      100,
    );
    const what = place === "body" ? "fields of the body" : `${place} parameters`;
    const about = `Further ${what} by name: ${names.join(", ")}${list.length > names.length ? ", …" : ""}.`;
    return {
      name: moreOf(place as Slot["place"]),
      place: place as Slot["place"],
      key: undefined,
      schema: { type: "object" },
      description: `${about} api_describe of ${target.id} tells about them.`,
      required: false,
    };
  });
  const described = groups.map((slot) => [slot.name, { type: "object", description: slot.description }] as const);
  return { properties: { ...show(kept, least), ...Object.fromEntries(described) }, kept: [...kept, ...groups] };
}

function describeSlot(document: ApiDocument, slot: Slot, detail: PortableOptions): PortableSchema {
  const schema = portableSchema(document, slot.schema, detail);
  const own = schema.description ?? "";
  // What the parameter says goes before what its schema says.
  const about = beginningOf(plainText(slot.description), detail.text);
  const notes = own.replace(beginningOf(flatten(document, slot.schema).description, detail.text), "").trim();
  const text = about === "" ? own : [about, about === notes ? "" : notes].filter((part) => part !== "").join(" ");
  return { ...schema, description: text || wordsOf(slot.key ?? slot.name) };
}

function sizeOf(value: unknown): number {
  return JSON.stringify(value)?.length ?? 0;
}

/** Whether a body of this media type is written from a value. */
export function isStructured(type: string): boolean {
  return (
    isJsonType(type) ||
    type === "application/x-www-form-urlencoded" ||
    type.startsWith("multipart/") ||
    type.includes("*")
  );
}

/** Whether a body of this media type is text. */
export function isText(type: string): boolean {
  return type.startsWith("text/") || /[/+](xml|yaml|x-ndjson|graphql|javascript)$/.test(type);
}
