import type { OrderChange } from "../../column-order.ts";
import { rowMaker } from "../../formats/row-maker.ts";
import { optionalFields, optionalString, readChoice, readFields, readObject, wrong } from "../../options.ts";
import { isObject, MAX_DEPTH, newRow, type Row, RowFailure, show } from "../../rows.ts";
import { NAME_CASES, nameInCase } from "./name-case.ts";
import {
  addFailure,
  checkRowKeys,
  type Operation,
  type OperationCompiler,
  perRow,
  replaced,
  type Warn,
} from "./operation.ts";

/** `{ op: "pick", fields }`: only these fields, in this order. */
export const pick: OperationCompiler = (options, where) => {
  checkRowKeys(options, ["fields"], where);
  const fields = readFields(options, "fields", where);
  const operation = perRow(
    (row) => {
      const picked = newRow();
      for (const field of fields) {
        const value = row[field];
        if (value !== undefined) picked[field] = value;
      }
      return picked;
    },
    () => fields,
  );
  return { ...operation, fields };
};

/** `{ op: "omit", fields }`: all but these fields. */
export const omit: OperationCompiler = (options, where) => {
  checkRowKeys(options, ["fields"], where);
  const fields = readFields(options, "fields", where);
  const left = new Set(fields);
  const operation = renaming((names) => names.map((name) => (left.has(name) ? undefined : name)));
  return { ...operation, fields };
};

/** `{ op: "reorder", fields, at? }`: these fields first, or at the `end`; the others keep their order. */
export const reorder: OperationCompiler = (options, where) => {
  checkRowKeys(options, ["fields", "at"], where);
  const fields = readFields(options, "fields", where);
  const moved = new Set(fields);
  const atEnd = readChoice(options, "at", where, ["start", "end"], "start") === "end";
  const order: OrderChange = (names) => {
    const known = new Set(names);
    const first = fields.filter((field) => known.has(field));
    const others = names.filter((name) => !moved.has(name));
    return atEnd ? [...others, ...first] : [...first, ...others];
  };
  const operation = perRow((row) => {
    const ordered = newRow();
    const addMoved = (): void => {
      for (const field of fields) if (row[field] !== undefined) ordered[field] = row[field];
    };
    if (!atEnd) addMoved();
    for (const field in row) if (!moved.has(field)) ordered[field] = row[field];
    if (atEnd) addMoved();
    return ordered;
  }, order);
  return { ...operation, fields };
};

/**
 * `{ op: "rename", fields?: { old: "new" }, case? }`: fields keep their place; one that had the new name before is replaced. With
 * `case` all other names are written as `snake`, `camel`, `pascal`, `kebab`, `lower` or `upper`; those that become the same get
 * `_2`, `_3` and so on.
 */
export const rename: OperationCompiler = (options, where) => {
  checkRowKeys(options, ["fields", "case"], where);
  if (options.fields === undefined && options.case === undefined) {
    throw wrong(
      where,
      'needs "fields" or "case".',
      'Such as { "fields": { "Name": "name" } }, or { "case": "snake" }.',
    );
  }
  const names = options.fields === undefined ? new Map<string, string>() : readNames(options.fields, where);
  const style = options.case === undefined ? undefined : readChoice(options, "case", where, NAME_CASES);
  if (new Set(names.values()).size !== names.size) throw wrong(where, "two fields get the same new name.");
  const operation = renaming((fields, warn) => {
    const taken = new Set(fields.flatMap((field) => names.get(field) ?? []));
    return fields.map((field) => {
      const to = names.get(field);
      if (to !== undefined) return to;
      if (style === undefined) {
        if (!taken.has(field)) return field;
        warn(replaced(field));
        return undefined;
      }
      const plain = nameInCase(field, style) || field;
      let free = plain;
      for (let count = 2; taken.has(free); count++) free = `${plain}_${count}`;
      taken.add(free);
      return free;
    });
  });
  return { ...operation, fields: [...names.keys()] };
};

function readNames(value: unknown, where: string): Map<string, string> {
  const entries = Object.entries(readObject(value, `${where}, "fields"`));
  const bad = entries.find(([, name]) => typeof name !== "string" || name === "");
  if (entries.length === 0 || bad) {
    const found = bad ? `, but ${show(bad[0])} has ${show(bad[1])}` : "";
    throw wrong(where, `"fields" must map field names to new names${found}.`);
  }
  return new Map(entries as [string, string][]);
}

/** Gives each row the names that `plan` makes of its own, in order; undefined leaves a field out. */
function renaming(plan: (names: readonly string[], warn: Warn) => (string | undefined)[]): Operation {
  const order: OrderChange = (names) => plan(names, () => {}).filter((name) => name !== undefined);
  return { failsRun: false, start: (context) => perRow(renamer(plan), order).start(context) };
}

/** What `renaming` does in one run. */
function renamer(plan: (names: readonly string[], warn: Warn) => (string | undefined)[]) {
  // Rows mostly have the names of the row before; the plan is made anew only where they have not.
  let names: string[] = [];
  let targets: (string | undefined)[] = [];
  // Once they had the same ones for long, a constructor for them is worth its making: it takes half the time.
  let alike = 0;
  let make: ReturnType<typeof rowMaker> | undefined;
  const values: unknown[] = [];
  const renamed = (row: Row): Row | undefined => {
    const made = make ? undefined : newRow();
    let index = 0;
    let count = 0;
    for (const name in row) {
      if (name !== names[index]) return undefined;
      const target = targets[index++];
      if (target === undefined) continue;
      if (made) made[target] = row[name];
      else values[count++] = row[name];
    }
    if (index !== names.length) return undefined;
    if (++alike === WORTH_MAKING) make = rowMaker(targets.filter((target) => target !== undefined));
    return made ?? make?.(values);
  };
  return (row: Row, warn: Warn): Row | undefined => {
    const made = renamed(row);
    if (made) return made;
    names = Object.keys(row);
    targets = plan(names, warn);
    alike = 0;
    make = undefined;
    return renamed(row);
  };
}

/** Rows with the same names after which more of them are to be expected. */
const WORTH_MAKING = 200;

/** `{ op: "flatten", separator?, fields? }`: fields of objects become fields of the row, named `outer.inner`; lists stay. */
export const flatten: OperationCompiler = (options, where) => {
  checkRowKeys(options, ["separator", "fields"], where);
  const separator = optionalString(options, "separator", where) ?? ".";
  const listed = optionalFields(options, "fields", where);
  const fields = listed && new Set(listed);
  const operation = perRow((row, warn) => {
    const flat = newRow();
    for (const field in row) {
      if (!fields || fields.has(field)) flattenInto(flat, field, row[field], separator, 0, warn);
      else setNew(flat, field, row[field], warn);
    }
    return flat;
  });
  return {
    ...operation,
    ...(listed && { fields: listed }),
    start(context) {
      const running = operation.start(context);
      // What fields became, as the first rows of batches show it.
      const inner = new Map<string, Set<string>>();
      return {
        push(batch) {
          const [first = newRow()] = batch.rows;
          for (const field in first) {
            if (!isObject(first[field]) || (fields && !fields.has(field))) continue;
            const flat = newRow();
            flattenInto(flat, field, first[field], separator, 0, () => {});
            inner.set(field, new Set([...(inner.get(field) ?? []), ...Object.keys(flat)]));
          }
          return running.push(batch);
        },
        order: (names) => [...new Set(names.flatMap((name) => [...(inner.get(name) ?? [name])]))],
      };
    },
  };
};

function flattenInto(flat: Row, name: string, value: unknown, separator: string, depth: number, warn: Warn): void {
  if (!isObject(value) || depth > MAX_DEPTH) {
    setNew(flat, name, value, warn);
    return;
  }
  const keys = Object.keys(value);
  if (keys.length === 0) setNew(flat, name, value, warn);
  for (const key of keys) flattenInto(flat, `${name}${separator}${key}`, value[key], separator, depth + 1, warn);
}

function setNew(flat: Row, name: string, value: unknown, warn: Warn): void {
  if (flat[name] !== undefined) warn(replaced(name));
  flat[name] = value;
}

/**
 * `{ op: "nest", fields, into }`: these fields become fields of an object; or `{ op: "nest", separator?, fields? }`: fields named
 * `outer.inner` go into objects, as `flatten` took them out.
 */
export const nest: OperationCompiler = (options, where) => {
  checkRowKeys(options, ["fields", "into", "separator", "on_error"], where);
  const into = optionalString(options, "into", where);
  if (into !== undefined) {
    if (options.separator !== undefined) throw wrong(where, '"separator" does not go with "into".');
    const fields = readFields(options, "fields", where);
    const moved = new Set(fields);
    const order: OrderChange = (names) => {
      const made = names.map((name) => (moved.has(name) ? into : name));
      return [...new Set(made)];
    };
    return { ...perRow((row, warn) => gathered(row, fields, into, warn), order), fields };
  }
  const separator = optionalString(options, "separator", where) ?? ".";
  const listed = optionalFields(options, "fields", where);
  const fields = listed && new Set(listed);
  const keeps = readChoice(options, "on_error", where, ["fail", "keep"], "fail") === "keep";
  return {
    failsRun: !keeps,
    hint: 'Rename the field that is in the way, or set "on_error" to "keep".',
    ...(listed && { fields: listed }),
    start: ({ reasons }) => ({
      push(batch) {
        for (const [index, row] of batch.rows.entries()) {
          const nested = nestRow(row, separator, fields);
          if (!(nested instanceof Clash)) batch.rows[index] = nested;
          else addFailure(reasons, batch.numbers[index] as number, row, nested.field, "nest", nested);
        }
        return batch;
      },
      order: (names) => [...new Set(names.map((name) => partsOf(name, separator, fields)[0] as string))],
    }),
  };
};

function gathered(row: Row, fields: readonly string[], into: string, warn: Warn): Row {
  const object = newRow();
  for (const field of fields) if (row[field] !== undefined) object[field] = row[field];
  const made = newRow();
  const moved = new Set(fields);
  if (row[into] !== undefined && !moved.has(into)) warn(replaced(into));
  for (const field in row) {
    if (!moved.has(field)) made[field] = row[field];
    // The object stands where the first of its fields stood.
    else if (!Object.hasOwn(made, into)) made[into] = object;
  }
  made[into] = object;
  return made;
}

/** A field that has no room in the object its name leads to. */
class Clash extends RowFailure {
  readonly field: string;
  constructor(field: string, name: string, problem = "is there already and is no object") {
    super("nest", `${show(name)} ${problem}`);
    this.field = field;
  }
}

/** The names that lead to where `nest` puts a field. */
function partsOf(field: string, separator: string, fields: ReadonlySet<string> | undefined): string[] {
  if (fields && !fields.has(field)) return [field];
  const parts = field.split(separator);
  return parts.length > MAX_DEPTH || parts.includes("") ? [field] : parts;
}

function nestRow(row: Row, separator: string, fields: ReadonlySet<string> | undefined): Row | Clash {
  const nested = newRow();
  // Objects that were made here and may be written to; those of the row may belong to other rows, too.
  const own = new Set<unknown>();
  for (const field in row) {
    const parts = partsOf(field, separator, fields);
    let object = nested;
    for (const part of parts.slice(0, -1)) {
      const inner = object[part];
      if (inner !== undefined && !isObject(inner)) return new Clash(field, part);
      if (!own.has(inner)) {
        object[part] = newRow(inner);
        own.add(object[part]);
      }
      object = object[part] as Row;
    }
    const last = parts.at(-1) as string;
    if (Object.hasOwn(object, last)) {
      const there = object[last];
      const added = row[field];
      if (!isObject(there) || !isObject(added)) return new Clash(field, last);
      const twice = Object.keys(added).find((name) => Object.hasOwn(there, name));
      if (twice !== undefined) return new Clash(field, `${last}${separator}${twice}`, "is there already");
      const all = newRow(there);
      for (const name of Object.keys(added)) all[name] = added[name];
      object[last] = all;
      own.add(all);
    } else object[last] = row[field];
  }
  return nested;
}
