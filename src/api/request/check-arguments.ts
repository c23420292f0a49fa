import { type ErrorIssue, ToolError } from "../../errors.ts";
import type { ApiRequest, Target } from "../api-request.ts";
import { roundedNumbers } from "../exact-json.ts";
import { compileCheck, escapePointer, type SchemaCheck } from "../json-schema.ts";
import { isJsonType } from "../media-types.ts";
import { type ApiDocument, isObject } from "../openapi/document.ts";
import { boundedSchema, bundleSchema } from "../openapi/schemas.ts";
import { type BodyContent, type JsonObject, type Parameter, PLACES, type Place } from "../operation.ts";
import { scalarText } from "../scalar-text.ts";
import { closestName } from "./closest-name.ts";
import { type FittedValue, fitValue } from "./fit-value.ts";
import { whyForbidden } from "./forbidden-headers.ts";
import { explainMissing, warnOfUndeclared } from "./undeclared-names.ts";

/** Values by place and declared name, as `fitValue` fits them to their schemas. */
export type Arguments = Record<Place, Record<string, unknown>>;

/** Checks what a model gives against what the document says, before anything is sent. Keeps what it compiled. */
export interface ArgumentChecker {
  /** @throws ToolError `invalid_input` that names every parameter at fault and what is allowed. */
  parameters(target: Target, request: ApiRequest): Promise<Arguments>;
  /**
   * The body as `fitValue` fits it to its schema. `unchecked`: properties that are files, which the schema does not describe.
   * `asItIs`: it is sent as it is given, and checked so.
   * @throws ToolError `invalid_input` likewise.
   */
  body(target: Target, content: BodyContent, value: unknown, how?: BodyCheck): Promise<CheckedBody>;
}

interface BodyCheck {
  unchecked?: ReadonlySet<string>;
  asItIs?: boolean;
}

export interface CheckedBody extends Pick<FittedValue, "sent"> {
  /** Names that the document does not declare; they are sent all the same. */
  warnings: string[];
}

/** Compiled checks kept for each API. */
const MAX_KEPT = 200;
/** Characters of a schema that is compiled whole, at 1 to 2 µs each. */
const MAX_SCHEMA = 100_000;
/** Characters that are compiled of a larger one; what is further from its root is left to the API to check. */
const NEAR_ROOT = 50_000;

interface Known {
  schema: JsonObject;
  check: SchemaCheck;
}

export function createArgumentChecker(document: ApiDocument | undefined): ArgumentChecker {
  const kept = new Map<Parameter | string, Known | Promise<Known>>();
  /** What is compiled already is given at once: most calls wait for nothing. */
  const knownOf = (key: Parameter | string, schema: unknown): Known | Promise<Known> => {
    const known = kept.get(key);
    if (known) return known;
    const compiling = compile(document as ApiDocument, schema).then((made) => {
      if (kept.get(key) === compiling) kept.set(key, made);
      return made;
    });
    if (kept.size >= MAX_KEPT) kept.delete(kept.keys().next().value as Parameter | string);
    kept.set(key, compiling);
    return compiling;
  };

  return {
    async parameters(target, request) {
      const { parameters } = target.details;
      const issues: ErrorIssue[] = [];
      const given = readPlaces(target, request, issues);
      issues.push(...namesAtFault(target, given, issues));
      if (document && !target.open) {
        // One schema for each parameter: an unreadable one does not switch the others' checks off.
        for (const parameter of parameters) {
          const values = given[parameter.in];
          if (!Object.hasOwn(values, parameter.name)) continue;
          const value = values[parameter.name];
          if (parameter.allowEmptyValue && value === "") continue;
          const known = knownOf(parameter, parameter.schema);
          const { schema, check } = known instanceof Promise ? await known : known;
          const fitted = fitValue(value, schema, { asTexts: true });
          values[parameter.name] = fitted.sent;
          const found = [...check(fitted.checked), ...fitted.issues];
          if (found.length === 0) continue;
          const at = parameter.style === "querystring" ? "/query" : pointer(parameter.in, parameter.name);
          for (const issue of found) issues.push({ ...issue, path: below(at, issue.path) });
        }
      }
      if (issues.length > 0) throw invalidArguments(target, issues);
      return given;
    },
    async body(target, content, value, { unchecked, asItIs = false } = {}) {
      if (!document || target.open) return { sent: value, warnings: [] };
      const { schema, check } = await knownOf(`${target.id} body ${content.written}`, content.schema);
      const fitted = fitValue(value, schema, { asTexts: !isJsonType(content.type) });
      const isChecked = ({ path }: { path: string }) => !unchecked?.has(path.split("/")[1] ?? "");
      const undeclared = fitted.undeclared.filter((entry) => isChecked({ path: entry.at }));
      const issues = [...check(asItIs ? roundedNumbers(value) : fitted.checked), ...fitted.issues]
        .filter(isChecked)
        .map((issue) => explainMissing(issue, undeclared))
        .map((issue) => ({ ...issue, path: below("/body", issue.path) }));
      if (issues.length > 0) throw invalidArguments(target, issues);
      return { sent: fitted.sent, warnings: warnOfUndeclared(undeclared, "/body") };
    },
  };
}

async function compile(document: ApiDocument, schema: unknown): Promise<Known> {
  const direction = "request";
  const whole = bundleSchema(document, schema, { direction });
  const isLarge = JSON.stringify(whole).length > MAX_SCHEMA;
  const checked = isLarge ? boundedSchema(document, schema, { direction, limit: NEAR_ROOT }) : whole;
  return { schema: whole, check: await compileCheck(checked, { mode: "lenient" }) };
}

function below(at: string, path: string): string {
  return path === "/" ? at : at + path;
}

/** Objects that inherit nothing, not even `__proto__`, and yet are as quick as any: those without a prototype are not. */
const Values = function Values() {} as unknown as { new (): JsonObject; prototype: object };
Values.prototype = Object.create(null) as object;

const NO_OBJECT = 'must be an object such as {"name": "value"}';

/** The values by place; what cannot be read is added to the issues. */
function readPlaces(target: Target, request: ApiRequest, issues: ErrorIssue[]): Arguments {
  const result = {} as Arguments;
  for (const place of PLACES) {
    const raw: unknown = request[place];
    if (raw === undefined) {
      result[place] = new Values();
      continue;
    }
    const values = new Values();
    if (raw !== null && !isObject(raw)) issues.push({ path: `/${place}`, message: NO_OBJECT });
    for (const [name, value] of Object.entries(isObject(raw) ? raw : {})) {
      if (value !== null && value !== undefined) values[declaredName(target, place, name)] = value;
      // Without a value, which most parameters cannot be.
      else if (value === null && declaredAs(target, place, name)?.allowEmptyValue) values[name] = "";
    }
    result[place] = asQueryString(target, place, values);
  }
  const written = { path: target.pathValues, query: target.queryValues ?? {} };
  for (const place of ["path", "query"] as const) {
    for (const [name, value] of Object.entries(written[place])) {
      if (Object.hasOwn(result[place], name) && scalarText(result[place][name]) !== String(value)) {
        const message = `is given twice: ${JSON.stringify(value)} stands in the operation`;
        issues.push({ path: pointer(place, name), message });
      }
      result[place][name] = value;
    }
  }
  return result;
}

function declaredAs(target: Target, place: Place, name: string): Parameter | undefined {
  return target.details.parameters.find((parameter) => parameter.in === place && parameter.name === name);
}

/** The name under which the document has what a call names. Header names have no case (RFC 9110, 5.1). */
function declaredName({ details, pathAliases }: Target, place: Place, name: string): string {
  if (place === "header") {
    const lower = name.toLowerCase();
    const same = details.parameters.find((entry) => entry.in === "header" && entry.name.toLowerCase() === lower);
    return same?.name ?? name;
  }
  if (place !== "path" || !pathAliases || !Object.hasOwn(pathAliases, name)) return name;
  return details.parameters.some((entry) => entry.in === "path" && entry.name === name)
    ? name
    : (pathAliases[name] as string);
}

/** Where the whole query is one value, that value may stand under its name or be what `query` is. */
function asQueryString(target: Target, place: Place, values: JsonObject): JsonObject {
  const whole = place === "query" && target.details.parameters.find(({ style }) => style === "querystring");
  if (!whole) return values;
  const names = Object.keys(values);
  if (names.length === 0 || (names.length === 1 && names[0] === whole.name)) return values;
  return Object.assign(new Values(), { [whole.name]: values });
}

/** Headers that every operation takes, whatever its document lists. */
const ALWAYS_TAKEN = /^(accept|accept-language|content-type|if-match|if-none-match|prefer|range|idempotency-key)$/i;

/** Names that are missing, though their place could be read, or are none of the operation's. */
function namesAtFault(target: Target, given: Arguments, unread: readonly ErrorIssue[]): ErrorIssue[] {
  const issues: ErrorIssue[] = [];
  const { parameters } = target.details;
  for (const parameter of parameters) {
    if (unread.some(({ path }) => path === `/${parameter.in}`)) continue;
    if (parameter.required && !Object.hasOwn(given[parameter.in], parameter.name)) {
      issues.push({ path: pointer(parameter.in, parameter.name), message: `is required${allowedOf(parameter)}` });
    }
  }
  for (const place of PLACES) {
    const names = Object.keys(given[place]);
    if (names.length === 0) continue;
    for (const name of names) {
      if (declaredAs(target, place, name)) continue;
      if (target.open && place !== "path") continue;
      const declared = parameters.filter((parameter) => parameter.in === place).map((parameter) => parameter.name);
      if (place === "header" && ALWAYS_TAKEN.test(name)) continue;
      if (place === "query" && declared.some((entry) => name.startsWith(`${entry}[`) || entry === `${name}[]`))
        continue;
      issues.push({
        path: pointer(place, name),
        message: `is no parameter of ${target.id}; ${helpWith(name, place, target)}`,
      });
    }
  }
  return issues;
}

/** What an unknown name may have meant. */
function helpWith(name: string, place: Place, target: Target): string {
  const { parameters, body } = target.details;
  const why = place === "header" ? whyForbidden(name) : undefined;
  if (why !== undefined) return why;
  const elsewhere = parameters.filter((parameter) => parameter.name === name).map((parameter) => parameter.in);
  if (elsewhere.length > 0) return `it belongs in ${elsewhere.join(", ")}`;
  const declared = parameters.filter((parameter) => parameter.in === place).map((parameter) => parameter.name);
  const close = closestName(name, declared);
  if (close !== undefined) return `did you mean "${close}"?`;
  const far = closestName(
    name,
    parameters.map((parameter) => parameter.name),
  );
  if (far !== undefined) return `did you mean "${far}" in ${parameters.find((entry) => entry.name === far)?.in}?`;
  const names = declared.slice(0, 30).join(", ") + (declared.length > 30 ? ", …" : "");
  const inBody = body && place === "query" ? "; values of the body belong in body" : "";
  return declared.length > 0 ? `known in ${place}: ${names}` : `it takes none in ${place}${inBody}`;
}

function allowedOf(parameter: Parameter): string {
  const schema = isObject(parameter.schema) ? parameter.schema : {};
  if (Array.isArray(schema.enum)) return `; one of ${schema.enum.map((value) => JSON.stringify(value)).join(", ")}`;
  return typeof schema.type === "string" ? ` (${schema.type})` : "";
}

export function invalidArguments(target: Target, issues: ErrorIssue[]): ToolError {
  const text = issues
    .map(({ path, message }) => `${path} ${message}`)
    .join("; ")
    .slice(0, 1000);
  const end = text.endsWith("?") ? "" : ".";
  return new ToolError("invalid_input", `${target.id} of API "${target.api}": ${text}${end}`, {
    hint: "api_describe shows the parameters and the body of an operation.",
    issues,
  });
}

export function pointer(place: string, name: string): string {
  return `/${place}/${escapePointer(name)}`;
}
