import { ToolError } from "../errors.ts";
import type { ApiDescription } from "./configured-api.ts";
import { findOperation, unknownOperation } from "./find-target.ts";
import { isJsonType } from "./openapi/operations.ts";
import { showSchema } from "./openapi/schemas.ts";
import type { JsonObject, Operation, Parameter } from "./operation.ts";

/** An operation in full, for a model that is about to call it. */
export interface DescribedOperation {
  api: string;
  operation: string;
  method: string;
  path: string;
  summary?: string;
  description?: string;
  deprecated?: boolean;
  parameters: DescribedParameter[];
  body?: { required: boolean; content_type: string; schema: JsonObject; description?: string };
  notes?: string[];
}

export interface DescribedParameter {
  name: string;
  in: string;
  required?: boolean;
  description?: string;
  schema: JsonObject;
}

const MAX_TEXT = 1500;

/**
 * Describes the operation that a name means in any of the APIs.
 * @throws ToolError `unknown_operation` with the closest ones, `invalid_input` where several APIs have it.
 */
export function describeNamed(apis: readonly ApiDescription[], operation: string): DescribedOperation {
  const named = operation.trim();
  const found = apis.flatMap((api) => {
    const match = findOperation(api, named);
    return match ? [{ api, match }] : [];
  });
  if (found.length > 1) {
    throw new ToolError("invalid_input", `Several APIs have the operation ${JSON.stringify(named)}: name one in api.`, {
      hint: `APIs: ${found.map(({ api }) => api.name).join(", ")}.`,
    });
  }
  const only = found[0];
  if (only) return describeOperation(only.api, only.match);
  const name = apis.map((api) => api.name).join('", "');
  throw unknownOperation({ name, operations: apis.flatMap(({ operations }) => operations) }, named);
}

/** What calling an operation takes: its parameters and its body, with only those definitions that they refer to. */
export function describeOperation(api: ApiDescription, operation: Operation): DescribedOperation {
  const documented = api.document?.operations.find((entry) => entry === operation);
  return documented ? describeDocumented(api, documented) : describeRule(operation);
}

function describeDocumented(
  api: ApiDescription,
  operation: NonNullable<ApiDescription["document"]>["operations"][number],
): DescribedOperation {
  const source = api.document!.source;
  const { parameters, body } = operation.details();
  const content = body?.contents.find(({ type }) => isJsonType(type)) ?? body?.contents[0];
  const others = body?.contents.filter((entry) => entry !== content).map(({ type }) => type) ?? [];
  const notes = [
    ...(others.length > 0 ? [`The body may also be ${others.join(", ")}: name it in header as Content-Type.`] : []),
    ...(content && !isJsonType(content.type) && !/form/.test(content.type) ? ["Give the body as body_text."] : []),
  ];
  return {
    ...head(operation),
    parameters: parameters.map((parameter) => describeParameter(parameter, source)),
    ...(body &&
      content && {
        body: {
          required: body.required,
          content_type: content.type,
          ...(body.description !== "" && { description: cut(body.description) }),
          schema: showSchema(source, content.schema),
        },
      }),
    ...(notes.length > 0 && { notes }),
  };
}

function describeParameter(
  parameter: Parameter,
  source: NonNullable<ApiDescription["document"]>["source"],
): DescribedParameter {
  const { description: _, ...schema } = showSchema(source, parameter.schema);
  return {
    name: parameter.name,
    in: parameter.in,
    ...(parameter.required && { required: true }),
    ...(parameter.description !== "" && { description: cut(parameter.description, 400) }),
    schema,
  };
}

function describeRule(operation: Operation): DescribedOperation {
  const writes = !["GET", "HEAD"].includes(operation.method);
  const itself = operation.path === "/";
  const notes = [
    ...(operation.path.includes("*")
      ? [`Everything that fits is allowed: give call_api the real path, such as "${concrete(operation)}".`]
      : []),
    ...(itself ? ["Calls the API's URL itself; operation may be left out where it is the only one."] : []),
    "No document describes this API: query, header and body are sent as they are given.",
  ];
  return {
    ...head(operation),
    parameters: operation.parameterNames.map((name) => ({
      name,
      in: "path",
      required: true,
      schema: { type: "string" },
    })),
    ...(writes && { body: { required: false, content_type: "application/json", schema: { type: "object" } } }),
    notes,
  };
}

function concrete(operation: Operation): string {
  const method = operation.method === "*" ? "GET" : operation.method;
  return `${method} ${operation.path.replaceAll("*", "items")}`;
}

function head(operation: Operation) {
  const { api, id, method, path, summary, description, deprecated } = operation;
  return {
    api,
    operation: id,
    method,
    path,
    ...(summary !== "" && { summary: cut(summary, 300) }),
    ...(description !== "" && description !== summary && { description: cut(description) }),
    ...(deprecated && { deprecated }),
  };
}

function cut(text: string, limit = MAX_TEXT): string {
  const clean = text.replace(/[ \t]+/g, " ").trim();
  return clean.length > limit ? `${clean.slice(0, limit)}…` : clean;
}
