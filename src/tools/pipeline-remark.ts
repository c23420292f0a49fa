import type { PipelineDescription } from "../pipeline/definitions/definitions.ts";

/** Characters of the remark; it is part of every conversation. */
const MAX_LENGTH = 1000;
const MAX_DESCRIPTION = 100;

/** What run_pipeline's description says of the configured pipelines, the required parameters starred. Undefined where there are none. */
export function pipelineRemark(
  definitions: Readonly<Record<string, Pick<PipelineDescription, "description" | "parameters">>>,
): string | undefined {
  const entries = Object.entries(definitions).map(([name, { description, parameters }]) => {
    const names = Object.entries(parameters).map(([key, given]) => (given.default === undefined ? `${key}*` : key));
    const text = description.replace(/\s+/g, " ").trim().replace(/\.$/, "");
    const short = text.length > MAX_DESCRIPTION ? `${text.slice(0, MAX_DESCRIPTION - 1)}…` : text;
    return `${name}${names.length > 0 ? `(${names.join(", ")})` : ""}${short === "" ? "" : `: ${short}`}`;
  });
  if (entries.length === 0) return undefined;
  const begin = "Configured pipelines:";
  let remark = begin;
  for (const [index, entry] of entries.entries()) {
    const next = `${remark}${remark === begin ? " " : "; "}${entry}`;
    if (next.length > MAX_LENGTH) return `${remark}; and ${entries.length - index} more.`;
    remark = next;
  }
  return `${remark}.`;
}
