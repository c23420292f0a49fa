import { closestName } from "../../closest-name.ts";
import { isObject, show } from "../../rows.ts";

/** The keywords of JSON Schema 2020-12 and of earlier drafts that are still understood. */
const KEYWORDS = new Set(
  (
    "$schema $id $anchor $dynamicAnchor $ref $dynamicRef $defs $comment $vocabulary definitions allOf anyOf oneOf not if then else " +
    "dependentSchemas dependencies prefixItems items additionalItems contains minContains maxContains properties patternProperties " +
    "additionalProperties propertyNames unevaluatedItems unevaluatedProperties type enum const multipleOf maximum minimum " +
    "exclusiveMaximum exclusiveMinimum maxLength minLength pattern maxItems minItems uniqueItems maxProperties minProperties " +
    "required dependentRequired format contentEncoding contentMediaType contentSchema title description default deprecated " +
    "readOnly writeOnly examples example nullable"
  ).split(" "),
);

/** Those that other words hardly resemble by chance, as `note` does `not`. */
const LONG = [...KEYWORDS].filter((name) => name.length > 3);

/** What the rules for fields, and other tools, call the keywords. */
const OTHER_NAMES: Record<string, string> = {
  min: "minimum",
  max: "maximum",
  gte: "minimum",
  lte: "maximum",
  gt: "exclusiveMinimum",
  lt: "exclusiveMaximum",
  values: "enum",
  choices: "enum",
  one_of: "enum",
  regex: "pattern",
  regexp: "pattern",
  match: "pattern",
  fields: "properties",
  columns: "properties",
  extra_fields: "additionalProperties",
  unique: "uniqueItems",
};

/** Keywords whose value is a schema, a list of schemas, or an object of schemas. */
const SCHEMA =
  "not if then else items additionalItems contains additionalProperties propertyNames unevaluatedItems unevaluatedProperties";
const SCHEMAS = "allOf anyOf oneOf prefixItems";
const NAMED = "properties patternProperties $defs definitions dependentSchemas";
const INSIDE = new Map(
  [
    [SCHEMA, "one"],
    [SCHEMAS, "list"],
    [NAMED, "named"],
  ].flatMap(([names, kind]) => (names as string).split(" ").map((name) => [name, kind] as [string, string])),
);

const MAX_WARNINGS = 10;

/**
 * What to say of names in a schema that are no keywords but look like one that was meant. JSON Schema passes them over (2020-12,
 * 6.5), so that the rule would silently not hold; names that resemble none are taken for remarks.
 */
export function misspeltKeywords(schema: Record<string, unknown>): string[] {
  const warnings: string[] = [];
  const left: { schema: unknown; place: string }[] = [{ schema, place: "" }];
  for (let next = left.pop(); next && warnings.length < MAX_WARNINGS; next = left.pop()) {
    const { schema: part, place } = next;
    if (!isObject(part)) continue;
    for (const [name, value] of Object.entries(part)) {
      const kind = INSIDE.get(name);
      if (kind === "one") left.push({ schema: value, place: `${place}/${name}` });
      else if (kind === "list" && Array.isArray(value)) {
        for (const [index, entry] of value.entries()) left.push({ schema: entry, place: `${place}/${name}/${index}` });
      } else if (kind === "named" && isObject(value)) {
        for (const [key, entry] of Object.entries(value))
          left.push({ schema: entry, place: `${place}/${name}/${key}` });
      } else if (!KEYWORDS.has(name) && !name.startsWith("x-")) {
        const meant = Object.hasOwn(OTHER_NAMES, name) ? OTHER_NAMES[name] : closestName(name, LONG);
        if (meant === undefined) continue;
        warnings.push(
          `the schema has ${show(name)} at ${place || "/"}, which is no keyword and checks nothing. Did you mean ${show(meant)}?`,
        );
      }
    }
  }
  return warnings;
}
