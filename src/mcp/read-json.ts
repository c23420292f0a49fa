import { isUtf8 } from "node:buffer";
import { ToolError } from "../errors.ts";
import { findLossyInteger, tooExact } from "../exact-numbers.ts";
import { exceedsDepth, type MessageLimits, tooDeep } from "./message-guard.ts";

/** The JSON of a message, or why it is not read, with the code that JSON-RPC has for that. */
export type ReadJson = { value: unknown } | { error: ToolError; code: number };

const PARSE_ERROR = -32700;
const INVALID_REQUEST = -32600;

/** Reads a message of at most `limits.maxBytes`, which the caller has seen to. */
export function readJson(bytes: Buffer, limits: MessageLimits): ReadJson {
  if (!isUtf8(bytes)) return notJson();
  if (exceedsDepth(bytes, limits.maxDepth)) return { error: tooDeep(limits.maxDepth), code: INVALID_REQUEST };
  const text = bytes.toString("utf8").replace(/^\uFEFF/, "");
  try {
    const value: unknown = JSON.parse(text);
    const lossy = findLossyInteger(text);
    return lossy === undefined ? { value } : { error: tooExact(lossy), code: INVALID_REQUEST };
  } catch {
    return notJson();
  }
}

function notJson(): ReadJson {
  const hint = "Send one JSON-RPC message in UTF-8.";
  return { error: new ToolError("invalid_input", "The message is not JSON.", { hint }), code: PARSE_ERROR };
}
