import { isObject } from "./document.ts";

const TYPES = new Set(["string", "number", "integer", "boolean", "object", "array", "null"]);
/** Levels of a value that stands in a schema, such as a default. */
const MAX_VALUE_DEPTH = 50;

/**
 * The keywords of JSON Schema 2020-12 whose values are no schemas, each with what makes a value right that documents write
 * otherwise (`"minimum": "1"`). Undefined: it says nothing that can be used.
 */
export const PLAIN_KEYWORDS: ReadonlyMap<string, (value: unknown) => unknown> = new Map(
  Object.entries({
    multipleOf: (value: unknown) => {
      const factor = asNumber(value);
      return factor !== undefined && factor > 0 ? factor : undefined;
    },
    maximum: asNumber,
    minimum: asNumber,
    maxLength: asCount,
    minLength: asCount,
    maxItems: asCount,
    minItems: asCount,
    maxProperties: asCount,
    minProperties: asCount,
    maxContains: asCount,
    minContains: asCount,
    uniqueItems: (value: unknown) => isTrue(value) || undefined,
    pattern: asPattern,
    format: asText,
    contentEncoding: asText,
    contentMediaType: asText,
    const: asValue,
    dependentRequired: (value: unknown) =>
      isObject(value)
        ? Object.fromEntries(Object.entries(value).map(([name, names]) => [name, namesIn(names)]))
        : undefined,
  }),
);

/** What only tells people something. */
export const DECORATIONS: ReadonlyMap<string, (value: unknown) => unknown> = new Map(
  Object.entries({
    title: asText,
    description: asText,
    default: asValue,
    deprecated: (value: unknown) => isTrue(value) || undefined,
    readOnly: (value: unknown) => isTrue(value) || undefined,
    writeOnly: (value: unknown) => isTrue(value) || undefined,
    examples: (value: unknown) => (Array.isArray(value) && value.length > 0 ? asValue(value) : undefined),
  }),
);

/** `$comment` of a schema that others extend (OpenAPI 3.2.0, "Discriminator Object"): values may have what it does not declare. */
export const SUBTYPES = "subtypes";

export function isTrue(value: unknown): boolean {
  return value === true || value === "true";
}

function asNumber(value: unknown): number | undefined {
  const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  return typeof number === "number" && Number.isFinite(number) ? number : undefined;
}

function asCount(value: unknown): number | undefined {
  const count = asNumber(value);
  return count !== undefined && Number.isInteger(count) && count >= 0 ? count : undefined;
}

function asText(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

/** The value itself, unless it is nested so deeply that nothing could write it. */
function asValue(value: unknown): unknown {
  return isShallow(value, MAX_VALUE_DEPTH) ? value : undefined;
}

function isShallow(value: unknown, levels: number): boolean {
  if (typeof value !== "object" || value === null) return true;
  return levels > 0 && Object.values(value).every((item) => isShallow(item, levels - 1));
}

export function namesIn(value: unknown): string[] {
  return Array.isArray(value) ? [...new Set(value.filter((name) => typeof name === "string"))] : [];
}

/**
 * A pattern as ECMA-262 with the flag `u` takes it, which JSON Schema asks for (2020-12, 6.4): escapes that are not needed
 * (`\_`) are taken out. Undefined where it is in another language, such as `(?i)`.
 */
export function asPattern(value: unknown): string | undefined {
  if (typeof value !== "string") return undefined;
  return [value, value.replace(/\\([\s\S])/g, unescapeNeedless)].find(isPattern);
}

function unescapeNeedless(written: string, character: string): string {
  return /[A-Za-z0-9^$\\.*+?()[\]{}|/-]/.test(character) ? written : character;
}

function isPattern(pattern: string): boolean {
  try {
    new RegExp(pattern, "u");
    return true;
  } catch {
    return false;
  }
}

const NO_TYPES: readonly string[] = [];

/** The types that JSON Schema has; others, such as Swagger's `file`, mean nothing to it. */
export function readTypes(value: unknown): readonly string[] {
  if (value === undefined) return NO_TYPES;
  if (typeof value === "string" && TYPES.has(value)) return [value];
  const known = (Array.isArray(value) ? value : [value]).flatMap((type) => {
    const name = typeof type === "string" ? type.toLowerCase() : "";
    return TYPES.has(name) ? [name] : [];
  });
  return [...new Set(known)];
}

/**
 * The values of an `enum`, each once, as values of its type: YAML reads `1.0` as a number where the type says string, and
 * documents quote numbers.
 */
export function readEnum(value: unknown, types: readonly string[]): unknown[] | undefined {
  if (!Array.isArray(value) || value.length === 0 || !isShallow(value, MAX_VALUE_DEPTH)) return undefined;
  const distinct = new Map(value.map((item) => castTo(types, item)).map((item) => [JSON.stringify(item), item]));
  return [...distinct.values()];
}

function castTo(types: readonly string[], value: unknown): unknown {
  const [type, ...others] = types.filter((name) => name !== "null");
  if (type === undefined || others.length > 0) return value;
  if (type === "string" && (typeof value === "number" || typeof value === "boolean")) return String(value);
  if (typeof value !== "string") return value;
  if ((type === "integer" || type === "number") && value.trim() !== "") {
    const number = Number(value);
    return Number.isFinite(number) && (type === "number" || Number.isInteger(number)) ? number : value;
  }
  if (type === "boolean" && (value === "true" || value === "false")) return value === "true";
  return value;
}
