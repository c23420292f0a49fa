import { isObject, type Row, RowFailure } from "../../rows.ts";
import { createReader, type FieldType, type TypeReader } from "./field-types.ts";

/** Converts text of one row after the other to the types that a JSON Schema names. */
export interface SchemaConversion {
  /** Converts what reads as its type; what does not is left to the schema. */
  convert(row: Row): void;
  /** Takes back what was converted in the last row. */
  restore(row: Row): void;
}

/** Types of JSON Schema that text is converted to. */
const CONVERTED: readonly FieldType[] = ["integer", "number", "boolean"];

/** Fields of a row whose text a schema wants as a number or a truth value, with their type and whether they may be null. */
export type ConvertedFields = ReadonlyMap<string, { type: FieldType; nullable: boolean }>;

/** The fields that a schema's own properties convert: those of one type, beside `null`. `whole`: it describes a list of rows. */
export function convertedFields(schema: Record<string, unknown>, whole: boolean): ConvertedFields {
  const row = whole ? schema.items : schema;
  const fields = new Map<string, { type: FieldType; nullable: boolean }>();
  if (!isObject(row) || !isObject(row.properties)) return fields;
  for (const [name, property] of Object.entries(row.properties)) {
    if (!isObject(property)) continue;
    const types: unknown[] = [property.type].flat();
    const others = types.filter((type) => type !== "null");
    const type = CONVERTED.find((known) => others.length === 1 && known === others[0]);
    if (type) fields.set(name, { type, nullable: others.length < types.length });
  }
  return fields;
}

export function createSchemaConversion(wanted: ConvertedFields): SchemaConversion {
  const fields = [...wanted].map(([name, { type, nullable }]): [string, TypeReader, boolean] => [
    name,
    createReader(type, { coerce: true }),
    nullable,
  ]);
  const before = new Map<string, unknown>();
  return {
    convert(row) {
      before.clear();
      for (const [name, read, nullable] of fields) {
        const value = row[name];
        if (typeof value !== "string") continue;
        const result = value.trim() === "" ? (nullable ? null : value) : read(value);
        if (result === value || result instanceof RowFailure) continue;
        before.set(name, value);
        row[name] = result;
      }
    },
    restore(row) {
      for (const [name, value] of before) row[name] = value;
    },
  };
}
