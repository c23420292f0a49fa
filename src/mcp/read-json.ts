import { isUtf8 } from "node:buffer";
import { ToolError } from "../errors.ts";
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

/**
 * The first whole number that JavaScript would silently round, such as an id of 19 digits. Parsing has to be done again to
 * find it, so only texts with such a long row of digits are looked at.
 */
function findLossyInteger(text: string): string | undefined {
  if (!/(?:^|[:[,\s-])\d{16}/.test(text)) return undefined;
  let found: string | undefined;
  JSON.parse(text, (_key, value: unknown, context?: { source?: string }) => {
    const source = context?.source;
    if (found === undefined && source !== undefined && typeof value === "number" && /^-?\d{16,}$/.test(source)) {
      const kept = String(value) === source || (Number.isFinite(value) && BigInt(source) === BigInt(value));
      if (!kept) found = source;
    }
    return value;
  });
  return found;
}

function tooExact(number: string): ToolError {
  const shown = number.length > 40 ? `${number.slice(0, 40)}…` : number;
  return new ToolError("invalid_input", `The number ${shown} is too long to be kept exactly. Send it as a string.`);
}

function notJson(): ReadJson {
  const hint = "Send one JSON-RPC message in UTF-8.";
  return { error: new ToolError("invalid_input", "The message is not JSON.", { hint }), code: PARSE_ERROR };
}
