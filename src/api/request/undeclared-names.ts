import type { ErrorIssue } from "../../errors.ts";
import { escapePointer, MISSING, UNKNOWN } from "../json-schema.ts";
import { isObject } from "../openapi/document.ts";
import { SUBTYPES } from "../openapi/schema-keywords.ts";
import type { JsonObject } from "../operation.ts";
import { quoted, shorten } from "../shorten.ts";
import { closestName } from "./closest-name.ts";

/** Members of an object that none of its schemas declares, though they declare others. */
export interface UndeclaredNames {
  /** JSON pointer of the object; empty for the value itself. */
  at: string;
  names: readonly string[];
  /** Declared names that the object does not have. */
  missing: readonly string[];
  /** Whether the schema says that there may be others. */
  open: boolean;
}

interface Declared {
  names: Set<string>;
  open: boolean;
}

/** The names that a schema declares in any of its alternatives, and whether it says that there may be others. */
export function declaredNames(schema: unknown, lookUp: (ref: string) => unknown): Declared {
  const known = new Map<object, Declared>();
  return read(schema);

  function read(node: unknown): Declared {
    if (!isObject(node)) return { names: new Set(), open: false };
    const found = known.get(node);
    if (found) return found;
    const declared: Declared = { names: new Set(), open: node.$comment === SUBTYPES };
    // Before anything is read below: schemas refer to themselves.
    known.set(node, declared);
    for (const name of Object.keys(objectOf(node.properties))) declared.names.add(name);
    const others = [node.additionalProperties, node.unevaluatedProperties];
    declared.open ||= others.some((rest) => rest === true || isObject(rest));
    declared.open ||= Object.keys(objectOf(node.patternProperties)).length > 0;
    const parts = [
      ...(typeof node.$ref === "string" ? [lookUp(node.$ref)] : []),
      ...listOf(node.allOf),
      ...[node.if, node.then, node.else, ...Object.values(objectOf(node.dependentSchemas))],
    ];
    const branches = [...listOf(node.anyOf), ...listOf(node.oneOf)];
    for (const part of [...parts, ...branches]) {
      const { names, open } = read(part);
      for (const name of names) declared.names.add(name);
      declared.open ||= open;
    }
    declared.open ||= branches.some((branch) => isAnyObject(branch) && read(branch).names.size === 0);
    return declared;
  }

  /** Whether an alternative is taken to mean an object of whatever names, and not only a condition. */
  function isAnyObject(branch: unknown): boolean {
    let at = branch;
    for (let hop = 0; hop < 8 && isObject(at) && typeof at.$ref === "string"; hop++) at = lookUp(at.$ref);
    if (!isObject(at)) return at === true;
    if (Object.keys(at).length === 0) return true;
    return [at.type].flat().includes("object") && at.required === undefined;
  }
}

/** Warnings that a request names. */
const MAX_WARNINGS = 10;

/** What to tell of names that are sent though nothing declares them; nothing of those that a schema lets be anything. */
export function warnOfUndeclared(undeclared: readonly UndeclaredNames[], place: string): string[] {
  const warnings = undeclared
    .filter(({ open }) => !open)
    .flatMap(({ at, names, missing }) =>
      names.map((name) => {
        const close = closestName(name, missing);
        const help = close === undefined ? "" : `; did you mean ${JSON.stringify(close)}?`;
        return `${place}${at}/${shorten(escapePointer(name))} is not declared by the document, and is sent all the same${help}`;
      }),
    );
  const more = warnings.length - MAX_WARNINGS;
  return more > 0 ? [...warnings.slice(0, MAX_WARNINGS), `${more} more names are not declared`] : warnings;
}

/** An issue of a name that is missing or unknown, with the name that was meant by or instead of it. */
export function explainMissing(issue: ErrorIssue, undeclared: readonly UndeclaredNames[]): ErrorIssue {
  const { path = "", message } = issue;
  if (undeclared.length === 0 || !(message === MISSING || message.startsWith(UNKNOWN))) return issue;
  const end = path.lastIndexOf("/");
  const name = path
    .slice(end + 1)
    .replaceAll("~1", "/")
    .replaceAll("~0", "~");
  const around = undeclared.find(({ at }) => at === path.slice(0, end));
  if (!around) return issue;
  if (message === MISSING) {
    const given = closestName(name, around.names);
    return given === undefined ? issue : { ...issue, message: `${MISSING}; did you mean it by ${quoted(given)}?` };
  }
  const meant = closestName(name, around.missing);
  return meant === undefined ? issue : { ...issue, message: `${UNKNOWN}; did you mean ${quoted(meant)}?` };
}

function objectOf(value: unknown): JsonObject {
  return isObject(value) ? value : {};
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}
