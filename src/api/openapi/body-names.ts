import type { JsonObject } from "../operation.ts";
import { type ApiDocument, isObject } from "./document.ts";

const MAX_NAMES = 60;
/** Schemas within schemas that are looked at: the parts of an object, and of an array's items. */
const MAX_DEPTH = 2;

/** Names of the properties of an operation's body, of its first kind, outermost; what a search may ask for. */
export function readBodyNames(
  document: ApiDocument,
  operation: JsonObject,
  parameters: readonly JsonObject[],
): string[] {
  const names = new Set<string>();
  const collect = (node: unknown, depth: number): void => {
    const schema = document.resolve(node);
    for (const name of isObject(schema.properties) ? Object.keys(schema.properties) : []) {
      if (names.size < MAX_NAMES) names.add(name);
    }
    if (depth === MAX_DEPTH) return;
    for (const parts of [schema.allOf, schema.oneOf, schema.anyOf]) {
      for (const part of Array.isArray(parts) ? parts : []) if (names.size < MAX_NAMES) collect(part, depth + 1);
    }
    if (isObject(schema.items)) collect(schema.items, depth + 1);
  };
  // Swagger 2 has the body among the parameters.
  for (const parameter of parameters) {
    if (parameter.in === "body") collect(parameter.schema, 0);
    else if (parameter.in === "formData" && names.size < MAX_NAMES) names.add(String(parameter.name));
  }
  const { content } = document.resolve(operation.requestBody);
  const [media] = isObject(content) ? Object.values(content) : [];
  collect(document.resolve(media).schema, 0);
  return [...names];
}
