import { ToolError } from "../errors.ts";
import { isObject, type Row } from "./rows.ts";

const PLACEHOLDER = /\{\{([^{}]+)\}\}/g;
const ONLY_PLACEHOLDER = /^\{\{([^{}]+)\}\}$/;
/** Characters that one template may make of one row. */
const MAX_FILLED = 8_388_608;

/**
 * Fills `{{field}}` from a row; `{{a.b}}` reads inside an object unless a field is called so. A missing field or null gives
 * nothing, an object its JSON; `{{"text"}}` that text. A template that is nothing but one placeholder gives the value itself, not its text.
 * @throws ToolError `too_large` where the text gets too long.
 */
function fillTemplate(template: string, row: Row): unknown {
  const only = ONLY_PLACEHOLDER.exec(template);
  if (only) return readPlaceholder(row, (only[1] as string).trim()) ?? null;
  let length = template.length;
  return template.replace(PLACEHOLDER, (_, path: string) => {
    const text = toText(readPlaceholder(row, path.trim()));
    length += text.length;
    if (length > MAX_FILLED) {
      throw new ToolError("too_large", `A template makes more than ${MAX_FILLED} characters of a row.`);
    }
    return text;
  });
}

/** What stands for a placeholder: a literal text in JSON's quotes, which is not filled again, or a field. */
function readPlaceholder(row: Row, inner: string): unknown {
  return literalOf(inner) ?? readPath(row, inner);
}

function literalOf(inner: string): string | undefined {
  if (!inner.startsWith('"')) return undefined;
  try {
    const value: unknown = JSON.parse(inner);
    return typeof value === "string" ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Fills every text inside a value: an object or list is filled entry by entry, its keys stay. */
export function fillTemplates(value: unknown, row: Row): unknown {
  if (typeof value === "string") return fillTemplate(value, row);
  if (Array.isArray(value)) return value.map((entry) => fillTemplates(entry, row));
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, fillTemplates(entry, row)]));
}

/** The fields that the templates inside a value name, each once. */
export function templateFields(value: unknown): string[] {
  if (typeof value === "string") {
    const names = [...value.matchAll(PLACEHOLDER)].map(([, path]) => (path as string).trim());
    return [...new Set(names.filter((name) => literalOf(name) === undefined))];
  }
  const inner = Array.isArray(value) ? value : isObject(value) ? Object.values(value) : [];
  return [...new Set(inner.flatMap(templateFields))];
}

/** A field's value by its name or by a dotted path into objects and lists; undefined where there is none. */
export function readPath(row: Row, path: string): unknown {
  if (Object.hasOwn(row, path)) return row[path];
  if (!path.includes(".")) return undefined;
  let value: unknown = row;
  for (const part of path.split(".")) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, part)) return undefined;
    value = (value as Record<string, unknown>)[part];
  }
  return value;
}

/** The same for many rows, made by `newRow`; faster. */
export function pathReader(path: string): (row: Row) => unknown {
  // Rows inherit nothing, so that a plain read finds own fields only; objects inside them may be any.
  if (!path.includes(".")) return (row) => row[path];
  const [first, ...inner] = path.split(".") as [string, ...string[]];
  return (row) => {
    const whole = row[path];
    if (whole !== undefined) return whole;
    let value = row[first];
    for (const part of inner) {
      if (typeof value !== "object" || value === null || !Object.hasOwn(value, part)) return undefined;
      value = (value as Record<string, unknown>)[part];
    }
    return value;
  };
}

/** A value as text: nothing for null and missing, JSON for objects and lists. */
export function toText(value: unknown): string {
  if (value === null || value === undefined) return "";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
