import { type Options, readObject, wrong } from "../../options.ts";
import { isObject, show } from "../../rows.ts";
import { type FieldRule, readFieldRule } from "./field-rules.ts";
import type { UniqueKey } from "./unique-keys.ts";

/** Rules for fields, whichever way they were written. */
export interface FieldsDefinition {
  rules: FieldRule[];
  keys: UniqueKey[];
  missingValues: ReadonlySet<string>;
}

/** The options that are read here. */
export const FIELDS_KEYS = [
  ...["fields", "unique", "primary_key", "primaryKey", "foreign_keys", "foreignKeys", "tables"],
  ...["missing_values", "missingValues"],
];

/**
 * Reads `fields`, `unique`, `primary_key`, `foreign_keys` with `tables`, and `missing_values`. Fields are an object of rules by
 * name, or a list as in the Table Schema of the Data Package standard, whose own names are taken as well.
 * @throws ToolError `invalid_input` that names the field and the key at fault
 */
export function readFieldsDefinition(options: Options, where: string): FieldsDefinition {
  const written = readWritten(options.fields, where);
  const primary = names(options, "primary_key", where) ?? names(options, "primaryKey", where) ?? [];
  for (const name of primary) written.set(name, { ...written.get(name), required: true });
  for (const [name, foreign] of readForeignKeys(options, where)) {
    written.set(name, { ...written.get(name), foreign });
  }
  const rules = [...written].map(([name, rule]) => readFieldRule(name, rule, `${where}, field ${show(name)}`));
  const keys = [
    ...rules.filter(({ unique }) => unique).map(({ name }) => ({ fields: [name], rule: "unique" })),
    ...(primary.length > 0 ? [{ fields: primary, rule: "primary_key" }] : []),
    ...readUnique(options.unique, where).map((fields) => ({ fields, rule: "unique" })),
  ];
  return { rules, keys, missingValues: new Set(readMissing(options, where)) };
}

function readWritten(fields: unknown, where: string): Map<string, Options> {
  if (fields === undefined) return new Map();
  if (isObject(fields)) {
    return new Map(
      Object.keys(fields).map((name) => {
        const rule = typeof fields[name] === "string" ? { type: fields[name] } : fields[name];
        return [name, withoutConstraints(readObject(rule, `${where}, field ${show(name)}`), where, name)];
      }),
    );
  }
  if (!Array.isArray(fields)) throw wrong(where, `"fields" must be an object or a list, not ${show(fields)}.`);
  const written = new Map<string, Options>();
  for (const [index, entry] of fields.entries()) {
    const here = `${where}, entry ${index + 1} of "fields"`;
    const { name, ...rule } = typeof entry === "string" ? { name: entry } : readObject(entry, here);
    if (typeof name !== "string" || name === "") throw wrong(here, `"name" must be a text, not ${show(name)}.`);
    if (written.has(name)) throw wrong(here, `there are rules for ${show(name)} already.`);
    written.set(name, fromTableSchema(rule, `${where}, field ${show(name)}`, name));
  }
  return written;
}

/** Constraints of a Table Schema beside the other keys. */
function withoutConstraints(rule: Options, where: string, name: string): Options {
  const { constraints, ...own } = rule;
  return constraints === undefined
    ? own
    : { ...own, ...readObject(constraints, `${where}, field ${show(name)}, "constraints"`) };
}

/** Properties of a field in a Table Schema as the keys that are known here. */
function fromTableSchema(rule: Options, where: string, name: string): Options {
  const { format, decimalChar, groupChar, trueValues, falseValues, bareNumber, rdfType: _, ...rest } = rule;
  const own = withoutConstraints(rest, where, name);
  if (bareNumber === false)
    throw wrong(where, '"bareNumber": false is not supported.', "Remove the units in a transform step.");
  // Patterns of a Table Schema hold for the whole text.
  if (typeof own.pattern === "string") own.pattern = `^(?:${own.pattern})$`;
  if (trueValues !== undefined) own.true_values = trueValues;
  if (falseValues !== undefined) own.false_values = falseValues;
  const decimal = decimalChar ?? (groupChar === undefined ? undefined : groupChar === "." ? "," : ".");
  if (decimal !== undefined) own.decimal = decimal;
  if (format === undefined || format === "default" || format === "any") return own;
  if (typeof format === "string" && ["date", "datetime", "time"].includes(String(own.type))) {
    own.date_format = fromStrptime(format);
  } else own.format = format;
  return own;
}

const STRPTIME: Record<string, string> = { Y: "YYYY", m: "MM", d: "DD", H: "HH", M: "mm", S: "ss" };

function fromStrptime(format: string): string {
  return format.replace(/%([A-Za-z])/g, (all, letter: string) => STRPTIME[letter] ?? all);
}

/** Field names under a key: a list, or one name as a text. */
function names(options: Options, key: string, where: string): string[] | undefined {
  const value = options[key];
  if (value === undefined) return undefined;
  const list: unknown[] = [value].flat();
  if (list.length > 0 && list.every((name) => typeof name === "string" && name !== "")) return list as string[];
  throw wrong(where, `"${key}" must be a list of field names, not ${show(value)}.`);
}

/** `"a"`, `["a", "b"]` for both together, or a list of such lists. */
function readUnique(unique: unknown, where: string): string[][] {
  if (unique === undefined) return [];
  const lists = Array.isArray(unique) && unique.some(Array.isArray) ? unique : [unique];
  return lists.map((fields) => names({ unique: fields }, "unique", where) as string[]);
}

/** `[{ fields, reference: { resource, fields } }]` with the tables of `tables` as resources: one `foreign` for each field. */
function readForeignKeys(options: Options, where: string): [string, Options][] {
  const key = options.foreign_keys === undefined ? "foreignKeys" : "foreign_keys";
  const list = options[key];
  if (list === undefined) return [];
  if (!Array.isArray(list)) throw wrong(where, `"${key}" must be a list, not ${show(list)}.`);
  const tables = options.tables === undefined ? {} : readObject(options.tables, `${where}, "tables"`);
  return list.map((entry: unknown, index) => {
    const here = `${where}, entry ${index + 1} of "${key}"`;
    const written = readObject(entry, here);
    const reference = readObject(written.reference, `${here}, "reference"`);
    const fields = names(written, "fields", here);
    const keys = names(reference, "fields", `${here}, "reference"`);
    if (fields?.length !== 1 || keys?.length !== 1) throw wrong(here, "it must name one field on each side.");
    const { resource } = reference;
    if (typeof resource !== "string" || !Object.hasOwn(tables, resource)) {
      const hint = 'Give its rows, such as "tables": { "countries": [{ "code": "DE" }] }.';
      throw wrong(here, `there is no table ${show(resource)} under "tables".`, hint);
    }
    return [fields[0] as string, { table: tables[resource], ...(Array.isArray(tables[resource]) && { key: keys[0] }) }];
  });
}

function readMissing(options: Options, where: string): string[] {
  const list = options.missing_values ?? options.missingValues;
  if (list === undefined) return [];
  if (Array.isArray(list) && list.every((entry) => typeof entry === "string")) return list;
  throw wrong(where, `"missing_values" must be a list of texts, not ${show(list)}.`);
}
