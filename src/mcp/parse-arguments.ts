import type { z } from "zod";
import { type ErrorIssue, ToolError } from "../errors.ts";
import type { AnyTool } from "../tools/define-tool.ts";

/** An error names no more than these, so that a long list of wrong entries does not fill the caller's context. */
const MAX_ISSUES = 20;

/**
 * Arguments as the tool wants them, defaults filled in. Explicit nulls count as absent, and so do empty texts for parameters
 * that are not required, because bridges and models send them for what they leave out.
 * @throws ToolError `invalid_input` that names every parameter at fault; a schema's own message is kept as it is.
 */
export function parseArguments(tool: AnyTool, raw: unknown): Record<string, unknown> {
  const given = raw ?? {};
  if (typeof given !== "object" || Array.isArray(given)) {
    throw new ToolError("invalid_input", `The arguments of ${tool.name} must be an object with named parameters.`);
  }
  const lossy = findLossy(given);
  if (lossy) throw refused([{ path: lossy.path.join("."), message: lossy.message }], tool);
  const values = withoutBlanks(given as Record<string, unknown>, tool);
  const accepted = tool.input.safeParse(values);
  if (accepted.success) return accepted.data;
  const parsed = tool.input.safeParse(values, { error: (issue) => explain(issue, tool) });
  if (parsed.success) return parsed.data;
  throw refused(
    parsed.error.issues.map((issue) => ({
      path: issue.code === "unrecognized_keys" ? issue.keys.slice(0, MAX_ISSUES).join(", ") : issue.path.join("."),
      message: issue.message,
    })),
    tool,
  );
}

function withoutBlanks(given: Record<string, unknown>, tool: AnyTool): Record<string, unknown> {
  const isBlank = (name: string) => given[name] === null || (given[name] === "" && isOptional(tool, name));
  const names = Object.keys(given);
  if (!names.some(isBlank)) return given;
  return Object.fromEntries(names.filter((name) => !isBlank(name)).map((name) => [name, given[name]]));
}

function isOptional(tool: AnyTool, name: string): boolean {
  const shape = tool.input.shape as Record<string, z.core.$ZodType>;
  return Object.hasOwn(shape, name) && shape[name]?._zod.optin !== undefined;
}

function refused(issues: ErrorIssue[], tool: AnyTool): ToolError {
  const shown = issues.slice(0, MAX_ISSUES).map((issue) => ({ ...issue, path: shorten(issue.path ?? "", 200) }));
  const more = issues.length > shown.length ? ` And ${issues.length - shown.length} more.` : "";
  const [only] = shown;
  const message = only && issues.length === 1 ? only.message : shown.map((issue) => sentence(issue.message)).join(" ");
  return new ToolError("invalid_input", message + more, {
    hint: `Parameters of ${tool.name}: ${Object.keys(tool.input.shape).join(", ")}.`,
    issues: shown,
  });
}

/** A message that others follow. Alone it stays as its tool words it. */
function sentence(message: string): string {
  return /[.!?…]$/.test(message) ? message : `${message}.`;
}

interface Lossy {
  path: string[];
  message: string;
}

/** The first value that would silently get lost on its way: JSON cannot write it, or JavaScript not keep it. */
function findLossy(value: unknown): Lossy | undefined {
  if (typeof value === "number" && !Number.isFinite(value))
    return { path: [], message: "A number is too large to be kept. Send it as a string." };
  if (typeof value !== "object" || value === null) return undefined;
  for (const key of Object.keys(value)) {
    const lossy =
      key === "__proto__"
        ? { path: [], message: '"__proto__" cannot be used as a key. Choose another name.' }
        : findLossy((value as Record<string, unknown>)[key]);
    if (!lossy) continue;
    lossy.path.unshift(key);
    return lossy;
  }
  return undefined;
}

/** One sentence for a violation that the schema words no message for: the parameter, what is allowed, what was given. */
function explain(issue: z.core.$ZodRawIssue, tool: AnyTool): string {
  const path = issue.path?.join(".") ?? "";
  const name = path === "" ? "The arguments" : `"${path}"`;
  switch (issue.code) {
    case "invalid_type":
      return issue.input === undefined
        ? `${name} is required and must be ${article(issue.expected)}${exampleFor(issue.inst)}.`
        : `${name} must be ${article(issue.expected)}${exampleFor(issue.inst)}, not ${isHolder(issue.inst) ? kindOf(issue.input) : show(issue.input)}.`;
    case "unrecognized_keys":
      return `${namesOf(issue.keys)} ${issue.keys.length === 1 ? "is no parameter" : "are no parameters"} of ${tool.name}${path ? ` under "${path}"` : ""}.`;
    case "invalid_value":
      return `${name} must be one of ${issue.values.map((value) => JSON.stringify(value)).join(", ")}, not ${show(issue.input)}.`;
    case "too_small":
      if (issue.minimum === 1 && (issue.origin === "string" || issue.origin === "array"))
        return `${name} must not be empty.`;
      return `${name} must ${amount(issue.origin, "at least", Number(issue.minimum))}, not ${measure(issue.origin, issue.input)}.`;
    case "too_big":
      return `${name} must ${amount(issue.origin, "at most", Number(issue.maximum))}, not ${measure(issue.origin, issue.input)}.`;
    default:
      return `${name} is not valid: ${show(issue.input)}.`;
  }
}

/** Names in quotes, the first of many and the number of the others. */
function namesOf(keys: readonly string[]): string {
  const shown = keys.slice(0, MAX_ISSUES).map((key) => `"${shorten(key, 80)}"`);
  const more = keys.length - shown.length;
  return more > 0 ? `${shown.join(", ")} and ${more} more` : shown.join(", ");
}

function article(type: string): string {
  const names: Record<string, string> = {
    int: "a whole number",
    number: "a number",
    array: "a list",
    object: "an object",
    record: "an object",
    boolean: "true or false",
    string: "a string",
  };
  return names[type] ?? `a ${type}`;
}

/** Whether the schema is that of a list or an object, whose form a wrong value leaves open. */
function isHolder(schema: unknown): boolean {
  return ["array", "object", "record"].includes(typeOf(schema));
}

function exampleFor(schema: unknown): string {
  return isHolder(schema) ? ` such as ${exampleOf(schema)}` : "";
}

function exampleOf(schema: unknown): string {
  if (typeOf(schema) !== "array") return '{"name": "value"}';
  const { element } = (schema as z.core.$ZodArray)._zod.def;
  const type = typeOf(element);
  if (type === "string") return '["a", "b"]';
  return type === "number" ? "[1, 2]" : `[${exampleOf(element)}]`;
}

function typeOf(schema: unknown): string {
  return (schema as z.core.$ZodType | undefined)?._zod.def.type ?? "";
}

/** The kind of a value in words; the value itself would not tell what is wrong with it. */
function kindOf(value: unknown): string {
  if (Array.isArray(value)) return "a list";
  return article(typeof value);
}

function amount(origin: string, bound: string, limit: number): string {
  if (origin === "string") return `have ${bound} ${limit} characters`;
  if (origin === "array" || origin === "set") return `have ${bound} ${limit} entries`;
  return `be ${bound} ${limit}`;
}

function measure(origin: string, input: unknown): string {
  if (origin === "string" && typeof input === "string") return String(input.length);
  if (origin === "array" && Array.isArray(input)) return String(input.length);
  return show(input);
}

/** A value as an error message may show it: its JSON, shortened. */
function show(value: unknown): string {
  if (typeof value === "object" && value !== null) return Array.isArray(value) ? "a list" : "an object";
  return shorten(JSON.stringify(value) ?? typeof value, 60);
}

function shorten(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length)}…`;
}
