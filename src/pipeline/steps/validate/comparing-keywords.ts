import type { Ajv2020, ErrorObject } from "ajv/dist/2020.js";
import { keyOfValue } from "../../row-key.ts";

/** A keyword that compares a value with what the schema says, and leaves why it failed. */
interface Comparing<Schema, Value> {
  (schema: Schema, value: Value): boolean;
  errors?: Partial<ErrorObject>[];
}

/**
 * Replaces the keywords that compare values: `uniqueItems` by one that takes linear time; where it matters, `enum` and `const`
 * by ones that look long lists up, and tell objects by what they hold. What ajv compares objects with asks for their
 * constructors, which rows have not, and calls what data name `valueOf`.
 */
export function addComparingKeywords(ajv: Ajv2020, schema: Record<string, unknown>): void {
  if (comparesSpecially(schema)) {
    ajv.removeKeyword("enum");
    ajv.addKeyword({ keyword: "enum", schemaType: "array", validate: isOneOf, errors: true });
    ajv.removeKeyword("const");
    ajv.addKeyword({ keyword: "const", validate: isSame, errors: true });
  }
  ajv.removeKeyword("uniqueItems");
  ajv.addKeyword({ keyword: "uniqueItems", type: "array", schemaType: "boolean", validate: uniqueItems, errors: true });
}

/** `uniqueItems` in linear time. */
const uniqueItems: Comparing<boolean, unknown[]> = (unique, items) => {
  if (!unique) return true;
  const seen = new Map<string, number>();
  for (const [index, item] of items.entries()) {
    const key = keyOfValue(item);
    const earlier = seen.get(key);
    if (earlier !== undefined) {
      const message = `must be unique, but entries ${earlier + 1} and ${index + 1} are the same`;
      uniqueItems.errors = [{ keyword: "uniqueItems", message, params: { index } }];
      return false;
    }
    seen.set(key, index);
  }
  return true;
};

/** Values of an enum beyond which they are looked up in a set, instead of one after the other. */
const LARGE_ENUM = 100;

/** Whether values of `enum` and `const` are objects or lists, or very many. */
function comparesSpecially(schema: unknown): boolean {
  if (!isCompound(schema)) return false;
  return Object.entries(schema).some(
    ([key, value]) =>
      (key === "enum" && Array.isArray(value) && (value.length > LARGE_ENUM || value.some(isCompound))) ||
      (key === "const" && isCompound(value)) ||
      comparesSpecially(value),
  );
}

/** Of each list that was looked into, its plain values, and the others by their keys. */
const sets = new WeakMap<unknown[], { plain: Set<unknown>; others: Set<string> }>();

/** `enum` by sets of the values. */
const isOneOf: Comparing<unknown[], unknown> = (values, value) => {
  let known = sets.get(values);
  if (!known) {
    known = {
      plain: new Set(values.filter((entry) => !isCompound(entry))),
      others: new Set(values.filter(isCompound).map(keyOfValue)),
    };
    sets.set(values, known);
  }
  if (isCompound(value) ? known.others.has(keyOfValue(value)) : known.plain.has(value)) return true;
  isOneOf.errors = [{ keyword: "enum", params: { allowedValues: values } }];
  return false;
};

/** `const` by the keys of objects and lists. */
const isSame: Comparing<unknown, unknown> = (expected, value) => {
  if (value === expected || (isCompound(value) && isCompound(expected) && keyOfValue(value) === keyOfValue(expected)))
    return true;
  isSame.errors = [{ keyword: "const", params: { allowedValue: expected } }];
  return false;
};

function isCompound(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
