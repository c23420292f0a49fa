import type { Parameters } from "../expression/expression.ts";
import { type Options, wrong } from "../options.ts";
import { isObject, show } from "../rows.ts";
import type { StepName } from "../steps/step.ts";
import { toText } from "../template.ts";
import { parameterOf } from "./parameters.ts";

const PLACEHOLDER = /\{\{\s*\$([A-Za-z_][A-Za-z0-9_]*)\s*\}\}/g;
const ONLY_PLACEHOLDER = /^\{\{\s*\$([A-Za-z_][A-Za-z0-9_]*)\s*\}\}$/;

/**
 * What the texts at a place are: `expression`, read by a language of its own; `template`, filled again from each row;
 * `pattern`, a regular expression, and `replacement`, where `$1` is a group of one; `fixed`, what says how the others are read.
 */
type Kind = "expression" | "template" | "pattern" | "replacement" | "fixed";
/** Places inside the options of a step: by key, `*` for any key or entry. All others are plain texts. */
interface Places {
  readonly [key: string]: Kind | Places | ((entry: unknown) => Kind | Places);
}

const EXPRESSIONS: Places = { when: "expression", expression: "expression", jsonata: "expression" };

function operationPlaces(operation: unknown): Places {
  const { op, pattern } = isObject(operation) ? operation : ({} as Options);
  return {
    ...EXPRESSIONS,
    op: "fixed",
    pattern: "pattern",
    ...(op === "compute" && { fields: { "*": "expression" } }),
    ...(op === "replace" && pattern !== undefined && { with: "replacement" }),
  };
}

/** In a schema, at any depth. */
const SCHEMA: Places = { pattern: "pattern", "*": () => SCHEMA };

const PLACES: Record<StepName, Places> = {
  validate: {
    when: "expression",
    schema: SCHEMA,
    fields: SCHEMA,
    checks: { "*": (check) => (typeof check === "string" ? "expression" : { expression: "expression" }) },
  },
  transform: { ...EXPRESSIONS, operations: { "*": operationPlaces } },
  enrich: {
    when: "expression",
    memory: { query_template: "template" },
    api: { path: "template", query: "template", header: "template", body: "template", batch: { row: "template" } },
    llm: { input_template: "template" },
  },
  format: {},
};

/**
 * Fills `{{$name}}` in the texts and keys of a step's options. A text that is nothing but one placeholder gives the value
 * itself. What was filled in is never read again as an expression or as a template of the row: expressions take parameters
 * as `$name` instead, and in templates a value stands as a literal.
 * @throws ToolError `invalid_input` that names the step, for an unknown parameter and for a placeholder in an expression
 */
export function fillParameters(step: StepName, options: Options, parameters: Parameters, where: string): Options {
  return fill(options, PLACES[step], { parameters, where, path: [] }) as Options;
}

interface Filling {
  parameters: Parameters;
  where: string;
  path: readonly string[];
}

function fill(value: unknown, places: Kind | Places | undefined, filling: Filling): unknown {
  if (typeof value === "string") return value.includes("{{") ? fillText(value, places, filling) : value;
  // Most texts are rows of tables and other data, which need no copy.
  if (typeof value !== "object" || value === null || !mayHavePlaceholder(value)) return value;
  const inner = (key: string, entry: unknown): Kind | Places | undefined => {
    if (typeof places !== "object") return places;
    const found = own(places, key) ?? own(places, "*");
    return typeof found === "function" ? found(entry) : found;
  };
  const deeper = (key: string): Filling => ({ ...filling, path: [...filling.path, key] });
  if (Array.isArray(value)) {
    return value.map((entry, index) => fill(entry, inner(String(index), entry), deeper(String(index + 1))));
  }
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, entry]) => [
      key.includes("{{") ? toText(fillText(key, undefined, filling)) : key,
      fill(entry, inner(key, entry), deeper(key)),
    ]),
  );
}

function mayHavePlaceholder(value: unknown): boolean {
  if (typeof value === "string") return value.includes("{{");
  if (typeof value !== "object" || value === null) return false;
  if (Array.isArray(value)) return value.some(mayHavePlaceholder);
  return Object.entries(value).some(([key, entry]) => key.includes("{{") || mayHavePlaceholder(entry));
}

function own(places: Places, key: string): Places[string] | undefined {
  return Object.hasOwn(places, key) ? places[key] : undefined;
}

function fillText(text: string, place: Kind | Places | undefined, { parameters, where, path }: Filling): unknown {
  if (!text.includes("$")) return text;
  const here = path.length === 0 ? where : `${where}, ${path.join(".")}`;
  const only = ONLY_PLACEHOLDER.exec(text);
  if (!only && text.search(PLACEHOLDER) < 0) return text;
  if (place === "expression") {
    throw wrong(
      here,
      `${show(text)} has a placeholder where an expression is wanted.`,
      "In expressions a parameter is written $name, such as amount > $limit.",
    );
  }
  if (place === "fixed") {
    throw wrong(here, `${show(text)} cannot be a parameter.`, "Write the word itself.");
  }
  if (only) {
    const value = parameterOf(parameters, only[1] as string, here);
    if (place === "template") return literals(value);
    if (place === "replacement" && typeof value === "string") return value.replaceAll("$", "$$$$");
    if (typeof place === "object" && typeof value === "object" && value !== null) {
      throw wrong(
        here,
        `${show(text)} stands for ${show(value)}, which would be read as steps of the run.`,
        "Give parameters for single values; such a list belongs in the steps themselves.",
      );
    }
    return value;
  }
  return text.replace(PLACEHOLDER, (_, name: string) => {
    const filled = toText(parameterOf(parameters, name, here));
    if (place === "replacement") return filled.replaceAll("$", "$$$$");
    // A part of a pattern is a text to be found; only a parameter that is all of it may be a pattern.
    if (place === "pattern") return filled.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");
    return place === "template" ? literal(filled, true) : filled;
  });
}

/** A value whose texts a template gives as they are. */
function literals(value: unknown): unknown {
  if (typeof value === "string") return literal(value, false);
  if (Array.isArray(value)) return value.map(literals);
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, literals(entry)]));
}

/** A text as a template writes it: where it has braces, or they could stand around it, as a literal `{{"…"}}` (src/pipeline/template.ts). */
function literal(text: string, amongOthers: boolean): string {
  if (!amongOthers && !/[{}]/.test(text)) return text;
  const json = JSON.stringify(text).replaceAll("{", "\\u007b").replaceAll("}", "\\u007d");
  return `{{${json}}}`;
}
