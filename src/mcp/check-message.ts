import { type JSONRPCMessage, PROTOCOL_VERSION_META_KEY } from "@modelcontextprotocol/server";
import { ToolError } from "../errors.ts";
import { isObject } from "./is-object.ts";
import { filterOf, MAX_URIS } from "./listen-filter.ts";
import { type Answer, errorAnswer, type RequestId } from "./message-guard.ts";

/** A message that the protocol layer can take, or what its sender is told instead. */
export type CheckedMessage = { message: JSONRPCMessage } | { answer: Answer };

const INVALID_REQUEST = -32600;
const INVALID_PARAMS = -32602;

/**
 * Whether parsed JSON is a JSON-RPC message of MCP. The protocol layer drops what it does not recognise, so that its sender
 * waits for ever; here every request is answered. Explicit nulls for `params`, `arguments`, `_meta` and
 * `progressToken` count as absent, because bridges send them.
 */
export function checkMessage(value: unknown): CheckedMessage {
  if (Array.isArray(value))
    return refuse(null, INVALID_REQUEST, "Batches are not supported. Send one message at a time.");
  if (!isObject(value)) return refuse(null, INVALID_REQUEST, "A message must be a JSON object.");
  const id = isRequestId(value.id) ? value.id : null;
  if (value.jsonrpc !== "2.0") return refuse(id, INVALID_REQUEST, 'A message must carry "jsonrpc": "2.0".');
  if (!("method" in value)) {
    if (id !== null && ("result" in value || isObject(value.error))) return accept(value);
    return refuse(
      id,
      INVALID_REQUEST,
      'A message must carry "method", or "result" or "error" with the "id" of a request.',
    );
  }
  if (typeof value.method !== "string") return refuse(id, INVALID_REQUEST, '"method" must be a string.');
  if ("id" in value && id === null) return refuse(null, INVALID_REQUEST, '"id" must be a string or a whole number.');
  if (value.params === null) delete value.params;
  const { params } = value;
  if (params !== undefined && !isObject(params)) return refuse(id, INVALID_PARAMS, '"params" must be an object.');
  const isCall = value.method === "tools/call" && id !== null;
  const wrong = checkMeta(params) ?? checkKnownParams(value.method, params);
  if (wrong) return isCall ? refuseCall(id, wrong) : refuse(id, INVALID_PARAMS, wrong);
  return isCall ? checkCall(value, id, params) : accept(value);
}

/** What is wrong with parameters that the protocol layer would refuse in words of its own validator. */
function checkKnownParams(method: string, params: Record<string, unknown> = {}): string | undefined {
  switch (method) {
    case "tools/list":
    case "resources/list":
    case "resources/templates/list":
    case "prompts/list":
      if (params.cursor === null) delete params.cursor;
      return params.cursor === undefined || typeof params.cursor === "string"
        ? undefined
        : '"cursor" must be a string.';
    case "resources/read":
      return checkUri(params);
    case "prompts/get":
      return checkPrompt(params);
    case "subscriptions/listen":
      return filterOf({ params }).uris.length > MAX_URIS
        ? `"resourceSubscriptions" must name at most ${MAX_URIS} resources.`
        : undefined;
  }
  // Since 2026-07-28, which names itself in `_meta`, the others do not exist: that is for the protocol layer to say.
  if (isObject(params._meta) && PROTOCOL_VERSION_META_KEY in params._meta) return undefined;
  switch (method) {
    case "resources/subscribe":
    case "resources/unsubscribe":
      return checkUri(params);
    case "initialize":
      return checkInitialize(params);
  }
  return undefined;
}

function checkInitialize(params: Record<string, unknown>): string | undefined {
  if (params.capabilities === null) params.capabilities = {};
  if (typeof params.protocolVersion !== "string") return '"protocolVersion" must be a string.';
  if (!isObject(params.capabilities)) return '"capabilities" must be an object.';
  const client = params.clientInfo;
  return isObject(client) && typeof client.name === "string" && typeof client.version === "string"
    ? undefined
    : '"clientInfo" must be an object with "name" and "version".';
}

function checkUri({ uri }: Record<string, unknown>): string | undefined {
  return typeof uri === "string" ? undefined : '"uri" must be the URI of a resource.';
}

function checkPrompt(params: Record<string, unknown>): string | undefined {
  if (params.arguments === null) delete params.arguments;
  if (typeof params.name !== "string") return '"name" must be the name of a prompt.';
  const { arguments: args = {} } = params;
  return isObject(args) && Object.values(args).every((value) => typeof value === "string")
    ? undefined
    : '"arguments" must be an object with strings.';
}

/** What is wrong with `_meta`. */
function checkMeta(params: Record<string, unknown> | undefined): string | undefined {
  if (params?._meta === null) delete params._meta;
  const meta = params?._meta;
  if (meta === undefined) return undefined;
  if (!isObject(meta)) return '"_meta" must be an object.';
  if (meta.progressToken === null) delete meta.progressToken;
  const token = meta.progressToken;
  return token === undefined || isRequestId(token) ? undefined : '"progressToken" must be a string or a whole number.';
}

/** A malformed tools/call is answered as every failed call, because some bridges lose protocol errors. */
function checkCall(value: object, id: RequestId, params: Record<string, unknown> | undefined): CheckedMessage {
  const name = params?.name;
  if (typeof name !== "string" || name === "") return refuseCall(id, '"name" must be the name of a tool.');
  if (params?.arguments === null) delete params.arguments;
  const args = params?.arguments;
  if (args !== undefined && !isObject(args)) {
    return refuseCall(id, `The arguments of ${name.slice(0, 60)} must be an object with named parameters.`);
  }
  return accept(value);
}

function accept(value: object): CheckedMessage {
  return { message: value as JSONRPCMessage };
}

function refuse(id: RequestId | null, code: number, message: string): CheckedMessage {
  return { answer: { jsonrpc: "2.0", id, error: { code, message } } };
}

function refuseCall(id: RequestId, message: string): CheckedMessage {
  return { answer: errorAnswer(id, "tools/call", new ToolError("invalid_input", message)) };
}

function isRequestId(value: unknown): value is RequestId {
  return typeof value === "string" || Number.isSafeInteger(value);
}
