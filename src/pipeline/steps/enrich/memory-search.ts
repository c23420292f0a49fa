import { checkKeys, type Options, readInteger, readString } from "../../options.ts";
import { isObject } from "../../rows.ts";
import { fillTemplates, templateFields, toText } from "../../template.ts";
import { ANSWER_KEYS, readAnswerFields, readSelect, selectPart } from "./answer-fields.ts";
import { type CallPlan, LIMIT_KEYS, readLimits } from "./call-plan.ts";

/**
 * `{ query_template, into, limit?, select?, … }`: the user's memories that match the filled template, best first.
 * @throws ToolError `invalid_input` for wrong options.
 */
export function compileMemorySearch(options: Options, where: string): CallPlan {
  checkKeys(options, ["query_template", "limit", "select", ...ANSWER_KEYS, ...LIMIT_KEYS], where);
  const template = readString(options, "query_template", where);
  const limit = readInteger(options, "limit", where, { min: 1, max: 100, fallback: 3 });
  const select = readSelect(options, where);
  return {
    kind: "memory",
    ...readLimits(options, where),
    paths: templateFields(template),
    fields: readAnswerFields(options, where),
    // A search may well find nothing.
    answerPaths: [],
    size: 1,
    item: (row) => toText(fillTemplates(template, row)),
    async send([query], caller) {
      if ((query as string).trim() === "") return [{ value: selectPart([], select, caller.seen) }];
      const found = await caller.call(() => caller.host.searchMemory(query as string, limit));
      const memories = isObject(found) && Array.isArray(found.results) ? found.results : found;
      return [{ value: selectPart(memories, select, caller.seen) }];
    },
  };
}
