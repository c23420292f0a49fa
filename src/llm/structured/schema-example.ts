import { isDeepStrictEqual } from "node:util";
import { isObject, propertiesOf } from "./fit-schema.ts";

/**
 * Whether a value is an example that its schema gives, as a whole or property by property: models that do not know the answer
 * copy it. One property alone may well be right.
 */
export function isExample(value: unknown, root: Record<string, unknown>, schema: Record<string, unknown>): boolean {
  if (examplesOf(root).some((example) => isDeepStrictEqual(example, value))) return true;
  const properties = Object.entries(propertiesOf(root, schema));
  if (!isObject(value) || properties.length < 2) return false;
  return properties.every(
    ([name, property]) =>
      isObject(property) && examplesOf(property).some((example) => isDeepStrictEqual(example, value[name])),
  );
}

function examplesOf(schema: Record<string, unknown>): unknown[] {
  const { examples, example } = schema;
  return [...(Array.isArray(examples) ? examples : []), ...(example === undefined ? [] : [example])];
}
