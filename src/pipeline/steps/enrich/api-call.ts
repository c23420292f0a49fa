import { checkKeys, type Options, optionalObject, optionalString, readInteger, readString } from "../../options.ts";
import { fillTemplates, templateFields } from "../../template.ts";
import type { ApiRequest } from "../step.ts";
import { ANSWER_KEYS, fieldPaths, readAnswerFields, readSelect, selectPart } from "./answer-fields.ts";
import { compileApiBatch } from "./api-batch.ts";
import { callApi } from "./call-api.ts";
import { type CallPlan, LIMIT_KEYS, readLimits, readSeconds } from "./call-plan.ts";

const PARTS = ["path", "query", "header", "body"] as const;
const MAX_PAGES = 100;

/**
 * `{ api, operation?, path?, query?, header?, body?, select?, max_pages?, timeout?, batch?, into | fields | prefix, … }`: the answer
 * of a configured API, or the part of it that `select` names. Texts inside path, query, header and body are templates.
 * @throws ToolError `invalid_input` for wrong options.
 */
export function compileApiCall(options: Options, where: string): CallPlan {
  const own = ["api", "operation", ...PARTS, "select", "max_pages", "timeout", "batch"];
  checkKeys(options, [...own, ...ANSWER_KEYS, ...LIMIT_KEYS], where);
  const operation = optionalString(options, "operation", where);
  const maxPages = readInteger(options, "max_pages", where, { min: 1, max: MAX_PAGES, fallback: 1 });
  const timeout = readSeconds(options, "timeout", where);
  const base: ApiRequest = {
    api: readString(options, "api", where),
    ...(operation !== undefined && { operation }),
    ...(maxPages > 1 && { maxPages }),
    ...(timeout !== undefined && { timeoutMs: timeout * 1000 }),
  };
  const templates: Record<string, unknown> = {};
  for (const part of PARTS) {
    // A body may also be a list, or one template that gives it.
    const template = part === "body" ? options.body : optionalObject(options, part, where);
    if (template !== undefined) templates[part] = template;
  }
  const select = readSelect(options, where);
  const common = {
    kind: "api" as const,
    ...readLimits(options, where),
    fields: readAnswerFields(options, where),
    answerPaths: [...(select === undefined ? [] : [select]), ...fieldPaths(options)],
  };
  const batch = compileApiBatch(options, { base, templates, select, where });
  if (batch) return { ...common, ...batch };
  return {
    ...common,
    paths: templateFields(templates),
    size: 1,
    item: (row) => fillTemplates(templates, row),
    async send([filled], caller) {
      const answer = await callApi({ ...base, ...(filled as object) }, caller);
      return [{ value: selectPart(answer, select, caller.seen) }];
    },
  };
}
