import { type ErrorIssue, ToolError } from "../errors.ts";
import type { ApiRequest, Target } from "./api-request.ts";
import { compileCheck, escapePointer, type SchemaCheck } from "./json-schema.ts";
import { type ApiDocument, isObject } from "./openapi/document.ts";
import { isJsonType } from "./openapi/operations.ts";
import { bundleSchema } from "./openapi/schemas.ts";
import { type BodyContent, type JsonObject, type Parameter, PLACES, type Place } from "./operation.ts";

/** Values by place and declared name, converted where a text meant a number and the like. */
export type Arguments = Record<Place, Record<string, unknown>>;

/** Checks what a model gives against what the document says, before anything is sent. Keeps what it compiled. */
export interface ArgumentChecker {
  /** @throws ToolError `invalid_input` that names every parameter at fault and what is allowed. */
  parameters(target: Target, request: ApiRequest): Promise<Arguments>;
  /** @throws ToolError `invalid_input` likewise. */
  body(target: Target, content: BodyContent, value: unknown): Promise<void>;
}

/** Compiled checks kept for each API. */
const MAX_KEPT = 200;
/** Characters of a schema that is compiled; a larger one costs more than it tells. */
const MAX_SCHEMA = 200_000;

export function createArgumentChecker(document: ApiDocument | undefined): ArgumentChecker {
  const kept = new Map<string, Promise<SchemaCheck>>();
  const checkOf = (key: string, coerce: boolean, make: () => JsonObject): Promise<SchemaCheck> => {
    let check = kept.get(key);
    if (!check) {
      const schema = make();
      const size = JSON.stringify(schema).length;
      check = size > MAX_SCHEMA ? Promise.resolve(() => []) : compileCheck(schema, { coerce, mode: "lenient" });
      if (kept.size >= MAX_KEPT) kept.delete(kept.keys().next().value as string);
      kept.set(key, check);
    }
    return check;
  };

  return {
    async parameters(target, request) {
      const { parameters } = target.details;
      const given = readPlaces(target, request);
      const issues = namesAtFault(target, given);
      if (issues.length === 0 && document && !target.open) {
        // One schema for each parameter: an unreadable one does not switch the others' checks off.
        for (const parameter of parameters) {
          const values = given[parameter.in];
          if (!Object.hasOwn(values, parameter.name)) continue;
          const key = `${target.id} ${parameter.in} ${parameter.name}`;
          const check = await checkOf(key, true, () => wrapped(document, parameter));
          const box = { value: values[parameter.name] };
          const found = check(box);
          values[parameter.name] = box.value;
          const at = pointer(parameter.in, parameter.name);
          for (const issue of found) issues.push({ ...issue, path: `${at}${issue.path.replace(/^\/value/, "")}` });
        }
      }
      if (issues.length > 0) throw invalidArguments(target, issues);
      return given;
    },
    async body(target, content, value) {
      if (!document || target.open) return;
      const key = `${target.id} body ${content.type}`;
      // In a form every value is a text.
      const coerce = !isJsonType(content.type);
      const check = await checkOf(key, coerce, () => bundleSchema(document, content.schema, { direction: "request" }));
      const issues = check(coerce ? structuredClone(value) : value).map((issue) => ({
        ...issue,
        path: issue.path === "/" ? "/body" : `/body${issue.path}`,
      }));
      if (issues.length > 0) throw invalidArguments(target, issues);
    },
  };
}

/** A schema around the value, so that a single value can be converted. */
function wrapped(document: ApiDocument, parameter: Parameter): JsonObject {
  const { $defs, ...schema } = bundleSchema(document, parameter.schema, { direction: "request" });
  return { type: "object", properties: { value: schema }, ...($defs !== undefined && { $defs }) };
}

function readPlaces(target: Target, request: ApiRequest): Arguments {
  const result = {} as Arguments;
  for (const place of PLACES) {
    const raw: unknown = request[place];
    if (raw !== undefined && raw !== null && !isObject(raw)) {
      throw new ToolError("invalid_input", `"${place}" must be an object such as {"name": "value"}.`, {
        issues: [{ path: `/${place}`, message: "must be an object" }],
      });
    }
    const entries = Object.entries(raw ?? {}).filter(([, value]) => value !== null && value !== undefined);
    // Header names have no case (RFC 9110, 5.1).
    const declared = target.details.parameters.filter((parameter) => parameter.in === place);
    const named = entries.map(([name, value]) => {
      const same = place === "header" && declared.find((entry) => entry.name.toLowerCase() === name.toLowerCase());
      return [same ? same.name : name, value] as const;
    });
    result[place] = Object.assign(Object.create(null) as Record<string, unknown>, Object.fromEntries(named));
  }
  for (const [name, value] of Object.entries(target.pathValues)) {
    if (Object.hasOwn(result.path, name) && String(result.path[name]) !== value) {
      throw invalidArguments(target, [
        { path: pointer("path", name), message: `is given twice: ${JSON.stringify(value)} stands in the operation` },
      ]);
    }
    result.path[name] = value;
  }
  return result;
}

/** Headers that every operation takes, whatever its document lists. */
const ALWAYS_TAKEN = /^(accept|accept-language|content-type|if-match|if-none-match|prefer|range|idempotency-key)$/i;

function namesAtFault(target: Target, given: Arguments): ErrorIssue[] {
  const issues: ErrorIssue[] = [];
  const { parameters } = target.details;
  for (const parameter of parameters) {
    const value = given[parameter.in][parameter.name];
    const missing = !Object.hasOwn(given[parameter.in], parameter.name) || (parameter.in === "path" && value === "");
    if (parameter.required && missing) {
      issues.push({ path: pointer(parameter.in, parameter.name), message: `is required${allowedOf(parameter)}` });
    }
  }
  for (const place of PLACES) {
    const declared = parameters.filter((parameter) => parameter.in === place).map(({ name }) => name);
    for (const name of Object.keys(given[place])) {
      if (declared.includes(name)) continue;
      if (target.open && place !== "path") continue;
      if (place === "header" && ALWAYS_TAKEN.test(name)) continue;
      if (place === "query" && declared.some((entry) => name.startsWith(`${entry}[`) || entry === `${name}[]`))
        continue;
      const elsewhere = parameters.filter((parameter) => parameter.name === name).map((parameter) => parameter.in);
      const known = declared.length > 0 ? `; known in ${place}: ${declared.join(", ")}` : `; it takes none in ${place}`;
      issues.push({
        path: pointer(place, name),
        message: `is no parameter of ${target.id}${elsewhere.length > 0 ? `; it belongs in ${elsewhere.join(", ")}` : known}`,
      });
    }
  }
  return issues;
}

function allowedOf(parameter: Parameter): string {
  const schema = isObject(parameter.schema) ? parameter.schema : {};
  if (Array.isArray(schema.enum)) return `; one of ${schema.enum.map((value) => JSON.stringify(value)).join(", ")}`;
  return typeof schema.type === "string" ? ` (${schema.type})` : "";
}

export function invalidArguments(target: Target, issues: ErrorIssue[]): ToolError {
  const text = issues.map(({ path, message }) => `${path} ${message}`).join("; ");
  return new ToolError("invalid_input", `${target.id} of API "${target.api}": ${text.slice(0, 1000)}.`, {
    hint: "api_describe shows the parameters and the body of an operation.",
    issues,
  });
}

export function pointer(place: string, name: string): string {
  return `/${place}/${escapePointer(name)}`;
}

/** The content of a body that fits what is given: JSON first for an object. */
export function chooseContent(target: Target, wanted: string | undefined): BodyContent | undefined {
  const contents = target.details.body?.contents ?? [];
  if (wanted !== undefined) {
    const type = (wanted.split(";")[0] ?? "").trim().toLowerCase();
    return contents.find((content) => content.type === type || matchesRange(content.type, type));
  }
  return contents.find(({ type }) => isJsonType(type)) ?? contents[0];
}

function matchesRange(range: string, type: string): boolean {
  return range === "*/*" || (range.endsWith("/*") && type.startsWith(range.slice(0, -1)));
}
