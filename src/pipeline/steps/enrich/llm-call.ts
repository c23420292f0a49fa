import { ToolError } from "../../../errors.ts";
import { checkKeys, type Options, optionalObject, optionalString, readInteger, wrong } from "../../options.ts";
import { isObject, type Row } from "../../rows.ts";
import { fillTemplates, templateFields, toText } from "../../template.ts";
import type { LlmRequest } from "../step.ts";
import { ANSWER_KEYS, fieldPaths, readAnswerFields, readSelect, selectPart } from "./answer-fields.ts";
import {
  type Answered,
  type Caller,
  type CallPlan,
  dataOf,
  LIMIT_KEYS,
  noteWarnings,
  readBatch,
  readLimits,
  readSeconds,
} from "./call-plan.ts";
import { askBatch } from "./llm-batch.ts";

const MAX_BATCH = 200;

/**
 * `{ task?, input_template?, output_schema?, model?, system_prompt?, max_tokens?, timeout?, select?, batch?, into | fields | prefix, … }`:
 * the LLM processor's answer for the filled template, or for the row's JSON where there is none. `batch: { size }` asks about
 * several rows at once. @throws ToolError `invalid_input` for wrong options.
 */
export function compileLlmCall(options: Options, where: string): CallPlan {
  const own = ["task", "input_template", "output_schema", "model", "system_prompt", "max_tokens", "timeout"];
  checkKeys(options, [...own, "select", "batch", ...ANSWER_KEYS, ...LIMIT_KEYS], where);
  const template = optionalString(options, "input_template", where);
  const task = optionalString(options, "task", where);
  const model = optionalString(options, "model", where);
  const systemPrompt = optionalString(options, "system_prompt", where);
  const outputSchema = optionalObject(options, "output_schema", where);
  const timeout = readSeconds(options, "timeout", where);
  const maxTokens =
    options.max_tokens === undefined
      ? undefined
      : readInteger(options, "max_tokens", where, { min: 1, max: 1_000_000 });
  const base: Omit<LlmRequest, "input"> = {
    ...(task !== undefined && { task }),
    ...(model !== undefined && { model }),
    ...(systemPrompt !== undefined && { systemPrompt }),
    ...(maxTokens !== undefined && { maxTokens }),
    ...(outputSchema !== undefined && { outputSchema }),
    ...(timeout !== undefined && { timeoutMs: timeout * 1000 }),
  };
  const fields = readAnswerFields(options, where);
  const select = readSelect(options, where);
  const batch = readBatch(options, [], where, MAX_BATCH);
  if (template !== undefined && !template.includes("{{")) {
    throw wrong(where, '"input_template" names no field; write {{field}} where its value belongs.');
  }
  const ask = async (input: unknown, caller: Caller): Promise<unknown> =>
    askModel({ ...base, input: typeof input === "string" ? input : JSON.stringify(input) }, caller);
  const selected = (answered: Answered, caller: Caller): Answered =>
    "error" in answered ? answered : { value: selectPart(answered.value, select, caller.seen) };
  return {
    kind: "llm",
    ...readLimits(options, where),
    fields,
    paths: templateFields(template),
    answerPaths: [...(select === undefined ? [] : [select]), ...fieldPaths(options)],
    size: batch?.size ?? 1,
    item: (row) => (template === undefined ? inputOf(row, fields.sets) : toText(fillTemplates(template, row))),
    async send(items, caller) {
      if (!batch) return [selected({ value: await ask(items[0], caller) }, caller)];
      const full = items.filter((input) => !isBlank(input));
      const answers = await askBatch(full, {
        base,
        one: (input) => ask(input, caller),
        ask: (request) => askModel(request, caller),
      });
      let next = 0;
      return items.map((input) => (isBlank(input) ? NO_INPUT : selected(answers[next++] as Answered, caller)));
    },
  };
}

function isBlank(input: unknown): boolean {
  return typeof input === "string" && input.trim() === "";
}

const NO_INPUT: Answered = { error: new ToolError("invalid_input", "the row gives the model no input") };

/** The row without what an earlier run of this enrichment gave it. */
function inputOf(row: Row, sets: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(row).filter(([name]) => !sets.includes(name)));
}

async function askModel(request: LlmRequest, caller: Caller): Promise<unknown> {
  const answer = await caller.call(() => caller.host.processInput(request));
  if (isObject(answer) && answer.truncated === true) {
    throw new ToolError("invalid_response", "the model's answer was cut off", {
      hint: 'Allow more "max_tokens", or ask for less.',
    });
  }
  noteWarnings(answer, caller);
  return dataOf(answer);
}
