import type { Parameters } from "../expression/expression.ts";
import { meantName, type Options, wrong } from "../options.ts";
import { isObject, show } from "../rows.ts";

/** The types that a parameter may have. */
const PARAMETER_TYPES = ["string", "number", "integer", "boolean", "array", "object"] as const;

/** What a call may set of a pipeline, as the configuration writes it. */
export interface ParameterDefinition {
  type: (typeof PARAMETER_TYPES)[number];
  description: string;
  /** Value of a call that gives none; without it the parameter is required. */
  default?: unknown;
  /** The values that it may have. */
  enum?: readonly unknown[] | undefined;
}

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/**
 * The values of a pipeline's parameters: those given, and the defaults of the others. Numbers and booleans may be given as text.
 * @throws ToolError `invalid_input` that names the parameter: unknown, missing, of another type or not among the values.
 */
export function resolveParameters(definitions: Record<string, ParameterDefinition>, given: Options): Parameters {
  const names = Object.keys(definitions);
  const unknown = Object.keys(given).find((name) => !names.includes(name));
  if (unknown !== undefined) {
    const meant = meantName(unknown, names);
    const known = names.length === 0 ? "It takes no parameters." : `Parameters: ${describeAll(definitions)}.`;
    throw wrong(
      "Parameters",
      `there is no parameter ${show(unknown)}.`,
      meant === undefined ? known : `Did you mean ${show(meant)}? ${known}`,
    );
  }
  return Object.fromEntries(
    Object.entries(definitions).map(([name, definition]) => {
      const value = Object.hasOwn(given, name) ? given[name] : undefined;
      if (value !== undefined && value !== null) return [name, checkValue(name, definition, value)];
      if (definition.default !== undefined) return [name, definition.default];
      throw wrong(
        "Parameters",
        `${show(name)} is required: ${describe(definition)}.`,
        `Give it in "parameters", such as { ${show(name)}: … }.`,
      );
    }),
  );
}

/** What is wrong with parameters as they are configured. @throws ToolError `invalid_input` that names the parameter */
export function checkParameters(definitions: Record<string, ParameterDefinition>): void {
  for (const [name, definition] of Object.entries(definitions)) {
    if (definition.default !== undefined) checkValue(name, definition, definition.default, "Default of parameter");
  }
}

/** Parameters of a call. */
const MAX_PARAMETERS = 200;

/**
 * Parameters that a call gives beside its own steps: any values under names that expressions can write.
 * @throws ToolError `invalid_input` for another name
 */
export function freeParameters(given: Options): Parameters {
  const count = Object.keys(given).length;
  if (count > MAX_PARAMETERS) throw wrong("Parameters", `${count} are given; at most ${MAX_PARAMETERS} are taken.`);
  const odd = Object.keys(given).find((name) => !NAME.test(name));
  if (odd === undefined) return { ...given };
  throw wrong(
    "Parameters",
    `${show(odd)} is no name for a parameter.`,
    "Names have letters, digits and underscores, and begin with no digit.",
  );
}

/** The parameters that no text of the steps names. */
export function unusedParameters(parameters: Parameters, steps: readonly unknown[]): string[] {
  const names = Object.keys(parameters);
  if (names.length === 0) return names;
  const used = new Set(Array.from(JSON.stringify(steps).matchAll(/\$(\w+)/g), ([, name]) => name));
  return names.filter((name) => !used.has(name));
}

/** A value that a step may refer to by a name that is written `$name`. @throws ToolError `invalid_input` for an unknown name */
export function parameterOf(parameters: Parameters, name: string, where: string): unknown {
  if (Object.hasOwn(parameters, name)) return parameters[name];
  const names = Object.keys(parameters);
  const meant = meantName(name, names);
  const known =
    names.length === 0
      ? 'There are none; give values in "parameters".'
      : `Parameters: ${names.map((known) => `$${known}`).join(", ")}.`;
  throw wrong(
    where,
    `there is no parameter "$${name}".`,
    meant === undefined ? known : `Did you mean "$${meant}"? ${known}`,
  );
}

function checkValue(name: string, definition: ParameterDefinition, given: unknown, what = "Parameter"): unknown {
  const value = fromText(definition.type, given);
  if (!isOf(definition.type, value)) {
    throw wrong(`${what} ${show(name)}`, `must be ${TYPE_WORDS[definition.type]}, not ${show(given)}.`);
  }
  const { enum: allowed } = definition;
  if (allowed && !allowed.some((entry) => JSON.stringify(entry) === JSON.stringify(value))) {
    const meant =
      typeof value === "string"
        ? meantName(
            value,
            allowed.filter((entry) => typeof entry === "string"),
          )
        : undefined;
    throw wrong(
      `${what} ${show(name)}`,
      `must be one of ${allowed.map((entry) => show(entry)).join(", ")}, not ${show(given)}.`,
      meant === undefined ? undefined : `Did you mean ${show(meant)}?`,
    );
  }
  return value;
}

const TYPE_WORDS: Record<ParameterDefinition["type"], string> = {
  string: "a text",
  number: "a number",
  integer: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "an object",
};

function isOf(type: ParameterDefinition["type"], value: unknown): boolean {
  switch (type) {
    case "string":
    case "boolean":
      return typeof value === type;
    case "number":
      return typeof value === "number" && Number.isFinite(value);
    case "integer":
      return Number.isSafeInteger(value);
    case "array":
      return Array.isArray(value);
    case "object":
      return isObject(value);
  }
}

/** What callers write as text though they mean a number, a boolean, a list or an object. */
function fromText(type: ParameterDefinition["type"], value: unknown): unknown {
  if (type === "string" || typeof value !== "string") {
    // A number where a text is wanted is unmistakable, too.
    return type === "string" && typeof value === "number" ? String(value) : value;
  }
  const text = value.trim();
  if (type === "boolean") return /^(true|false)$/i.test(text) ? text.toLowerCase() === "true" : value;
  const isWritten =
    type === "array" || type === "object" ? /^[[{]/.test(text) : /^-?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(text);
  if (!isWritten) return value;
  try {
    return JSON.parse(text);
  } catch {
    return value;
  }
}

function describeAll(definitions: Record<string, ParameterDefinition>): string {
  return Object.entries(definitions)
    .map(([name, definition]) => `${name} (${describe(definition)})`)
    .join(", ");
}

function describe({ type, description, enum: allowed, default: fallback }: ParameterDefinition): string {
  return [
    type,
    ...(allowed ? [`one of ${allowed.map((entry) => show(entry)).join(", ")}`] : []),
    ...(fallback === undefined ? [] : [`default ${show(fallback)}`]),
    ...(description === "" ? [] : [description.replace(/\.$/, "")]),
  ].join(", ");
}
