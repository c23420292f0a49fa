import { ToolError } from "../../../errors.ts";
import {
  checkKeys,
  type Options,
  optionalObject,
  optionalString,
  readInteger,
  readString,
  wrong,
} from "../../options.ts";
import { isObject, newRow, type Row } from "../../rows.ts";
import { fillTemplates, readPath, templateFields, toText } from "../../template.ts";
import type { ApiRequest, EnrichContext, LlmRequest, StepContext } from "../step.ts";

/** A call of another service for one row. */
export interface RowCall<Request = unknown> {
  /** Field that takes the answer. */
  into: string;
  /** Fields that its templates name. */
  paths: readonly string[];
  concurrency: number;
  /** What is sent for a row; rows with the same request share one call. */
  request(row: Row): Request;
  send(request: Request, context: StepContext, inner: EnrichContext): Promise<unknown>;
}

const MAX_CONCURRENCY = 16;

function common(options: Options, where: string, templates: unknown): Pick<RowCall, "into" | "paths" | "concurrency"> {
  return {
    into: readString(options, "into", where),
    paths: templateFields(templates),
    concurrency: readInteger(options, "concurrency", where, { min: 1, max: MAX_CONCURRENCY, fallback: 4 }),
  };
}

/**
 * `{ query_template, into, limit?, concurrency? }`: the user's memories that match the filled template, best first.
 * @throws ToolError `invalid_input` for wrong options.
 */
export function compileMemorySearch(options: Options, where: string): RowCall {
  checkKeys(options, ["query_template", "into", "limit", "concurrency"], where);
  const template = readString(options, "query_template", where);
  const limit = readInteger(options, "limit", where, { min: 1, max: 100, fallback: 3 });
  return {
    ...common(options, where, template),
    request: (row) => toText(fillTemplates(template, row)),
    async send(query, context) {
      if ((query as string).trim() === "") return [];
      const found = await context.enrichers.searchMemory(context.user, query as string, limit);
      return isObject(found) && Array.isArray(found.results) ? found.results : found;
    },
  };
}

/**
 * `{ api, operation?, path?, query?, header?, body?, select?, into, concurrency? }`: the answer of a configured API, or the
 * part of it that the dotted path `select` names. Texts inside path, query, header and body are templates.
 * @throws ToolError `invalid_input` for wrong options.
 */
export function compileApiCall(options: Options, where: string): RowCall {
  const parts = ["path", "query", "header", "body"] as const;
  checkKeys(options, ["api", "operation", ...parts, "select", "into", "concurrency"], where);
  const api = readString(options, "api", where);
  const operation = optionalString(options, "operation", where);
  const select = optionalString(options, "select", where);
  const templates = parts.flatMap((part) => {
    const template = optionalObject(options, part, where);
    return template ? [[part, template] as const] : [];
  });
  return {
    ...common(
      options,
      where,
      templates.map(([, part]) => part),
    ),
    request(row): ApiRequest {
      const filled = templates.map(([part, template]) => [part, fillTemplates(template, row)]);
      return { api, ...(operation !== undefined && { operation }), ...Object.fromEntries(filled) };
    },
    async send(request, context, inner) {
      const answer = await context.enrichers.callApi(context.user, request as ApiRequest, inner);
      if (isObject(answer) && answer.status === "error") {
        throw new ToolError("upstream_error", toText(answer.message) || "The API answered with an error.");
      }
      const data = isObject(answer) && Object.hasOwn(answer, "data") ? answer.data : answer;
      return select === undefined ? data : isObject(data) ? readPath(newRow(data), select) : undefined;
    },
  };
}

/**
 * `{ task?, input_template?, output_schema?, model?, system_prompt?, max_tokens?, into, concurrency? }`: the LLM processor's
 * answer for the filled template, or for the row's JSON where there is none.
 * @throws ToolError `invalid_input` for wrong options.
 */
export function compileLlmCall(options: Options, where: string): RowCall {
  const keys = ["task", "input_template", "output_schema", "model", "system_prompt", "max_tokens"];
  checkKeys(options, [...keys, "into", "concurrency"], where);
  const template = optionalString(options, "input_template", where);
  const task = optionalString(options, "task", where);
  const model = optionalString(options, "model", where);
  const systemPrompt = optionalString(options, "system_prompt", where);
  const outputSchema = optionalObject(options, "output_schema", where);
  const maxTokens =
    options.max_tokens === undefined
      ? undefined
      : readInteger(options, "max_tokens", where, { min: 1, max: 1_000_000 });
  const into = readString(options, "into", where);
  if (template !== undefined && !template.includes("{{")) {
    throw wrong(where, '"input_template" names no field; write {{field}} where its value belongs.');
  }
  return {
    ...common(options, where, template),
    request(row): LlmRequest {
      // The answer of an earlier run of this step is no input of the next.
      const { [into]: _, ...input } = row;
      return {
        input: template === undefined ? JSON.stringify(input) : toText(fillTemplates(template, row)),
        ...(task !== undefined && { task }),
        ...(model !== undefined && { model }),
        ...(systemPrompt !== undefined && { systemPrompt }),
        ...(maxTokens !== undefined && { maxTokens }),
        ...(outputSchema !== undefined && { outputSchema }),
      };
    },
    async send(request, context, inner) {
      const answer = await context.enrichers.processInput(context.user, request as LlmRequest, inner);
      return isObject(answer) && Object.hasOwn(answer, "data") ? answer.data : answer;
    },
  };
}
