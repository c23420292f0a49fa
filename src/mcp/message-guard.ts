import { ToolError } from "../errors.ts";

/** Limits that a message must keep before it is parsed: parsing and validating beyond them could end the process. */
export interface MessageLimits {
  maxBytes: number;
  maxDepth: number;
}

/** Whether JSON text nests deeper than `maxDepth`. Looks at brackets outside strings only; a linear scan without memory. */
export function exceedsDepth(text: string | Uint8Array, maxDepth: number): boolean {
  const bytes = typeof text === "string" ? Buffer.from(text) : text;
  let depth = 0;
  let inString = false;
  for (let index = 0; index < bytes.length; index++) {
    const byte = bytes[index];
    if (inString) {
      if (byte === 0x5c) index++;
      else if (byte === 0x22) inString = false;
    } else if (byte === 0x22) inString = true;
    else if (byte === 0x7b || byte === 0x5b) {
      if (++depth > maxDepth) return true;
    } else if (byte === 0x7d || byte === 0x5d) depth--;
  }
  return false;
}

export function tooDeep(maxDepth: number): ToolError {
  return new ToolError("too_large", `The message nests deeper than ${maxDepth} levels.`, {
    hint: "Send flatter data, or as text.",
  });
}

export function tooLong(maxBytes: number): ToolError {
  return new ToolError("too_large", `The message is larger than ${maxBytes} bytes.`, {
    hint: "Send the data in parts.",
  });
}

export type RequestId = string | number;

/** A JSON-RPC response. */
export type Answer = { jsonrpc: "2.0"; id: RequestId | null } & (
  | { result: Record<string, unknown> }
  | { error: { code: number; message: string; data?: unknown } }
);

const INVALID_REQUEST = -32600;

/** Bytes of both ends of a message in which `refusal` looks for its id. */
export const ENDS_BYTES = 4096;

/**
 * The answer to a message that is refused unread, or undefined where it shows no id. `head` and `tail` are both ends of the
 * message: clients put the id before the params, or at the very end.
 */
export function refusal(head: string, tail: string, error: ToolError, code = INVALID_REQUEST): Answer | undefined {
  const beforeParams = head.split('"params"', 1)[0] ?? "";
  const id = ID.exec(beforeParams)?.[1] ?? ID_AT_END.exec(tail)?.[1];
  if (id === undefined) return undefined;
  const method = METHOD.exec(beforeParams)?.[1] ?? METHOD.exec(tail)?.[1];
  return errorAnswer(readId(id), method, error, code);
}

/**
 * The answer that carries an error. A tools/call gets a result with `isError`, because some bridges lose protocol errors;
 * anything else a JSON-RPC error. `resultType` is required since 2026-07-28 and ignored before.
 */
export function errorAnswer(
  id: RequestId | null,
  method: string | undefined,
  error: ToolError,
  code = INVALID_REQUEST,
): Answer {
  if (method === "tools/call" && id !== null) {
    const content = [{ type: "text", text: JSON.stringify(error.toResult()) }];
    return { jsonrpc: "2.0", id, result: { resultType: "complete", content, isError: true } };
  }
  return { jsonrpc: "2.0", id, error: { code, message: error.message, data: error.toResult() } };
}

function readId(json: string): RequestId | null {
  try {
    return JSON.parse(json) as RequestId;
  } catch {
    return null;
  }
}

const VALUE = String.raw`("(?:[^"\\]|\\.){0,200}"|-?\d{1,16}(?![\d.eE]))`;
const ID = new RegExp(String.raw`"id"\s*:\s*${VALUE}`);
const ID_AT_END = new RegExp(String.raw`"id"\s*:\s*${VALUE}\s*(?:,\s*"(?:jsonrpc|method)"\s*:\s*"[^"]*"\s*)*\}\s*$`);
const METHOD = /"method"\s*:\s*"([a-z/]+)"/;
