import { ToolError } from "../../../errors.ts";
import { isObject, show } from "../../rows.ts";
import type { ApiRequest } from "../step.ts";
import { type Caller, dataOf, noteWarnings } from "./call-plan.ts";

/** The whole answer to a request. @throws ToolError what the API throws, `too_large` where only a part of the answer came */
export async function callApi(request: ApiRequest, caller: Caller): Promise<unknown> {
  const answer = await caller.call(() => caller.host.callApi(request));
  if (isObject(answer)) {
    if (isObject(answer.rest)) {
      const { given, total, unit } = answer.rest;
      throw new ToolError("too_large", `only ${given} of ${total} ${unit} of the answer came`, {
        hint: "Ask the API for less at once.",
      });
    }
    if (answer.bytes !== undefined && answer.encoding !== "base64") {
      throw new ToolError("too_large", `the answer is binary, ${answer.bytes} bytes of ${show(answer.content_type)}`, {
        hint: "Rows take JSON, text, and small binary answers as base64.",
      });
    }
    if (answer.more_pages === true) caller.note('there are more pages than were read; "max_pages" reads more');
  }
  noteWarnings(answer, caller);
  return dataOf(answer);
}
