import { z } from "zod";
import { configSchema } from "./config-schema.ts";

/** What the loader has to know of a schema, seen through its defaults and optionals. */
export interface SchemaView {
  type: string;
  /** Keys of an object. */
  shape?: Record<string, z.core.$ZodType>;
  /** Values of a record. */
  valueType?: z.core.$ZodType;
  /** Entries of a list. */
  element?: z.core.$ZodType;
  /** Whether the value is a secret. */
  secret: boolean;
  /** What the value is where none is given; no secret, for everyone can read it. */
  defaultValue?: unknown;
}

type Def = Omit<SchemaView, "secret"> & { innerType?: z.core.$ZodType; options?: readonly z.core.$ZodType[] };

export function viewOf(schema: z.core.$ZodType): SchemaView {
  const def = schema._zod.def as unknown as Def;
  const secret = z.globalRegistry.get(schema)?.secret === true;
  if (!def.innerType) {
    // Of a choice, such as a name or a mapping, the mapping is what has keys, and the list what has entries.
    const options = def.options?.map(viewOf) ?? [];
    const shape = options.find((option) => option.shape)?.shape;
    const element = options.find((option) => option.element)?.element;
    return { ...def, ...(shape && { shape }), ...(element && { element }), secret };
  }
  const inner = viewOf(def.innerType);
  return { ...inner, ...("defaultValue" in def && { defaultValue: def.defaultValue }), secret: secret || inner.secret };
}

/** The schema at a path of the configuration; undefined where there is none, such as at an unknown key. */
export function schemaAt(path: readonly string[]): z.core.$ZodType | undefined {
  let schema: z.core.$ZodType | undefined = configSchema;
  for (const part of path) {
    if (!schema) return undefined;
    const { shape, valueType, element } = viewOf(schema);
    schema = shape ? (Object.hasOwn(shape, part) ? shape[part] : undefined) : (valueType ?? element);
  }
  return schema;
}

/** Whether the value at the path is a secret. */
export function isSecret(path: readonly string[], value: string): boolean {
  const schema = schemaAt(path);
  if (!schema) return false;
  const { secret, defaultValue } = viewOf(schema);
  return secret && value !== defaultValue;
}

/** Whether a secret may stand at the path or anywhere below it. */
export function mayHoldSecret(path: readonly string[]): boolean {
  const schema = schemaAt(path);
  return schema !== undefined && holdsSecret(schema);
}

function holdsSecret(schema: z.core.$ZodType): boolean {
  const { secret, shape = {}, valueType, element } = viewOf(schema);
  if (secret) return true;
  return [...Object.values(shape), valueType, element].some((child) => child !== undefined && holdsSecret(child));
}
