import { isJsonType } from "../media-types.ts";
import type { ApiDocument } from "../openapi/document.ts";
import { bundleSchema } from "../openapi/schemas.ts";
import type { OperationDetails } from "../operation.ts";
import { outlineAnswer } from "./outline-answer.ts";

export interface DescribedAnswer {
  /** `200`, `2XX` or `default`. */
  status: string;
  content_type?: string;
  /** The uppermost fields in a short form close to JSON. */
  fields?: string;
}

const MAX_ANSWERS = 4;

/** What a success answers, for `fields` and `select`. */
export function describeAnswers(document: ApiDocument, details: OperationDetails): DescribedAnswer[] {
  const responses = details.responses();
  const successes = responses.filter(({ status }) => status.startsWith("2"));
  const listed = successes.length > 0 ? successes : responses.filter(({ status }) => status === "default");
  const seen = new Set<string>();
  return listed.slice(0, MAX_ANSWERS).map(({ status, contents }) => {
    const content = contents.find(({ type }) => isJsonType(type)) ?? contents[0];
    if (!content) return { status };
    const reads = isJsonType(content.type) || content.type === "*/*";
    const fields = reads ? outlineAnswer(bundleSchema(document, content.schema, { direction: "response" })) : "";
    const isNew = fields !== "" && !seen.has(fields);
    seen.add(fields);
    return { status, content_type: content.type, ...(isNew && { fields }) };
  });
}
