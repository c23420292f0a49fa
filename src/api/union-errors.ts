import type { ErrorObject } from "ajv";
import { isObject } from "./openapi/document.ts";
import type { JsonObject } from "./operation.ts";

/**
 * What ajv says of a value that fits none of several alternatives is all that is wrong with each of them. What helps is what is
 * wrong with the one that is meant.
 */
export function narrowUnions(errors: readonly ErrorObject[], root: JsonObject): ErrorObject[] {
  const left: ErrorObject[] = [];
  const known = new Map<unknown, BranchSchemas>();
  const schemasIn = (branch: unknown): BranchSchemas => {
    const schemas = known.get(branch) ?? schemasOf(branch, root);
    known.set(branch, schemas);
    return schemas;
  };
  for (const error of errors) {
    if (error.keyword !== "anyOf" && error.keyword !== "oneOf") {
      left.push(error);
      continue;
    }
    let start = left.length;
    while (start > 0 && isAtOrBelow((left[start - 1] as ErrorObject).instancePath, error.instancePath)) start--;
    const inside = left.splice(start);
    left.push(...narrow(error, inside, schemasIn));
  }
  return left;
}

type SchemasIn = (branch: unknown) => BranchSchemas;

/** The schemas that an alternative is made of: all, and those that the value itself has to satisfy. */
interface BranchSchemas {
  all: Set<unknown>;
  here: Set<unknown>;
}

const MOST = 5;
/** More than any number of errors: an alternative of another type, or with another fixed value. */
const OTHER_TYPE = 1_000_000;
const OTHER_TAG = 1000;

interface Alternative {
  errors: ErrorObject[];
  score: number;
}

function narrow(union: ErrorObject, inside: readonly ErrorObject[], schemasIn: SchemasIn): ErrorObject[] {
  // Alternatives of real documents overlap; a value that fits several of them does no harm.
  if (Array.isArray((union.params as { passingSchemas?: unknown }).passingSchemas)) return [];
  if (inside.length === 0) return [union];
  const here = (error: ErrorObject) => error.instancePath === union.instancePath;
  if (inside.every((error) => error.keyword === "type" && here(error))) {
    const types = [...new Set(inside.flatMap((error) => (error.params as { type: string | string[] }).type))];
    return [{ ...union, message: `must be ${types.join(" or ")}` }];
  }
  const alternatives = apart(union, inside, schemasIn);
  const scored = alternatives.filter(({ score }) => score < OTHER_TYPE);
  if (
    scored.length > 1 &&
    scored.every(({ errors }) => errors.every((error) => error.keyword === "required" && here(error)))
  ) {
    const needs = scored.map(({ errors }) => errors.map((error) => String(error.params.missingProperty)).join(" and "));
    return [{ ...union, message: `needs ${[...new Set(needs)].join(", or ")}` }];
  }
  const tags = scored.map(({ errors }) => errors.find((error) => isTag(error, union)));
  const [tag] = tags;
  if (scored.length > 1 && tag && tags.every((each) => each?.instancePath === tag.instancePath)) {
    const allowedValues = [...new Set(tags.flatMap((each) => allowedBy(each as ErrorObject)))];
    return [{ ...tag, keyword: "enum", params: { allowedValues } }];
  }
  const [best] = [...alternatives].sort((a, b) => a.score - b.score);
  return best ? best.errors.slice(0, MOST) : [union];
}

/** Errors by alternative: by the schema that each is an error of. */
function apart(union: ErrorObject, inside: readonly ErrorObject[], schemasIn: SchemasIn): Alternative[] {
  const branches: unknown[] = Array.isArray(union.schema) ? union.schema : [];
  const schemas = branches.map(schemasIn);
  const groups: ErrorObject[][] = branches.map(() => []);
  let current = 0;
  for (const error of inside) {
    const where = error.instancePath === union.instancePath ? "here" : "all";
    const isOf = (index: number) => schemas[index]?.[where].has(error.parentSchema);
    // Errors of one come together, so that what two share belongs to the one that they are amid.
    if (!isOf(current))
      current = Math.max(
        schemas.findIndex((_, index) => index > current && isOf(index)),
        current,
      );
    groups[current]?.push(error);
  }
  return groups.filter((errors) => errors.length > 0).map((errors) => ({ errors, score: scoreOf(errors, union) }));
}

const MAX_SCHEMAS = 5000;

const IN_PLACE = ["allOf", "anyOf", "oneOf", "if", "then", "else", "not", "dependentSchemas"];

function schemasOf(branch: unknown, root: JsonObject): BranchSchemas {
  const walk = (below: (node: object) => unknown[]): Set<unknown> => {
    const found = new Set<unknown>();
    const left = [branch];
    while (left.length > 0 && found.size < MAX_SCHEMAS) {
      const node = left.pop();
      if (typeof node !== "object" || node === null || found.has(node)) continue;
      found.add(node);
      if (isObject(node) && typeof node.$ref === "string" && isObject(root.$defs)) {
        left.push(root.$defs[node.$ref.replace("#/$defs/", "")]);
      }
      left.push(...below(node));
    }
    return found;
  };
  const inPlace = (node: object) =>
    Array.isArray(node) ? node : IN_PLACE.map((keyword) => (node as JsonObject)[keyword]);
  return { all: walk((node) => Object.values(node)), here: walk(inPlace) };
}

function scoreOf(errors: readonly ErrorObject[], union: ErrorObject): number {
  let score = 0;
  for (const error of errors) {
    if (error.keyword === "type" && error.instancePath === union.instancePath) score += OTHER_TYPE;
    else score += isTag(error, union) ? OTHER_TAG : 1;
  }
  return score;
}

/** Whether a fixed value directly inside differs: such values tell alternatives apart. */
function isTag(error: ErrorObject, union: ErrorObject): boolean {
  if (error.keyword !== "const" && error.keyword !== "enum") return false;
  return error.instancePath.slice(union.instancePath.length).lastIndexOf("/") === 0;
}

function allowedBy(error: ErrorObject): unknown[] {
  return error.keyword === "const" ? [error.params.allowedValue] : (error.params.allowedValues as unknown[]);
}

function isAtOrBelow(path: string, above: string): boolean {
  return path === above || path.startsWith(`${above}/`);
}
