import type { CallToolResult, ContentBlock } from "@modelcontextprotocol/server";
import type { ToolError } from "../errors.ts";
import { redactJson } from "./redact-json.ts";

/** The result of a call that has succeeded, with what the client gets besides the JSON. */
export function successResult(
  output: Record<string, unknown>,
  blocks: readonly ContentBlock[],
  redact: (text: string) => string,
): CallToolResult {
  const result = toResult("status" in output ? output : { status: "success", ...output }, redact);
  return blocks.length > 0 ? { ...result, content: [...result.content, ...blocks] } : result;
}

function toResult(structured: Record<string, unknown>, redact: (text: string) => string): CallToolResult {
  const clean = redactJson(structured, redact) as Record<string, unknown>;
  return { content: [{ type: "text", text: JSON.stringify(clean) }], structuredContent: clean };
}

/** The result of a call that has failed. */
export function errorResult(error: ToolError, redact: (text: string) => string): CallToolResult {
  const clean = redactJson(error.toResult(), redact);
  return { content: [{ type: "text", text: JSON.stringify(clean) }], isError: true };
}
