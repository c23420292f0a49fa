import { ToolError } from "../../errors.ts";
import { isJsonType } from "../media-types.ts";
import { type ApiDocument, isObject } from "../openapi/document.ts";
import type { BodyContent } from "../operation.ts";
import type { Slot } from "./pinned-arguments.ts";

/** Name of the argument with the names of fields that are sent as null: an argument that is null counts as absent. */
export const CLEARED = "null_fields";
const MAX_NAMES = 20;
const MAX_DEPTH = 4;

/**
 * The arguments with one more by which an update clears fields of a JSON body, where any can be null. Those are not required
 * then, for they may be named there.
 */
export function withClearing(
  document: ApiDocument,
  method: string,
  content: BodyContent | undefined,
  slots: readonly Slot[],
): readonly Slot[] {
  if (!["PATCH", "PUT"].includes(method) || !content || !isJsonType(content.type)) return slots;
  const clearable = slots.filter(
    ({ place, key, schema }) => place === "body" && key !== undefined && takesNull(document, schema, 0),
  );
  if (clearable.length === 0) return slots;
  const names = clearable.slice(0, MAX_NAMES).map(({ name }) => name);
  const clearing: Slot = {
    name: CLEARED,
    place: "body",
    key: undefined,
    schema: { type: "array", items: { type: "string", description: "A field." } },
    description: `Fields to clear: ${names.join(", ")}${clearable.length > MAX_NAMES ? ", …" : ""}.`,
    required: false,
  };
  return [...slots.map((slot) => (clearable.includes(slot) ? { ...slot, required: false } : slot)), clearing];
}

/** The fields of a body that are null by the names of their arguments, or their own. @throws ToolError `invalid_input` */
export function clearedFields(
  named: unknown,
  slots: readonly Slot[],
  given: Readonly<Record<string, unknown>>,
): Record<string, null> {
  const names = Array.isArray(named) ? named : [named];
  return Object.fromEntries(
    names.map((name) => {
      const slot = slots.find(({ place, name: own, key }) => place === "body" && key !== undefined && own === name);
      const key = slot?.key ?? String(name);
      if (!Object.hasOwn(given, key)) return [key, null];
      const message = `is named in ${CLEARED} and has a value`;
      throw new ToolError("invalid_input", `${String(name)} ${message}.`, {
        issues: [{ path: String(name), message }],
      });
    }),
  );
}

/** Whether null is a value of it: by `nullable` (OpenAPI 3.0), its types, choices or alternatives. */
function takesNull(document: ApiDocument, schema: unknown, depth: number): boolean {
  const node = document.resolve(schema);
  if (node.nullable === true || node["x-nullable"] === true || [node.type].flat().includes("null")) return true;
  if (Array.isArray(node.enum) && node.enum.includes(null)) return true;
  const alternatives = [node.oneOf, node.anyOf].flat().filter(isObject);
  return depth < MAX_DEPTH && alternatives.some((part) => takesNull(document, part, depth + 1));
}
