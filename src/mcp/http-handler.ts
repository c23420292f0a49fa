import {
  type AuthInfo,
  createMcpHandler,
  isLegacyRequest,
  legacyStatelessFallback,
} from "@modelcontextprotocol/server";
import { ToolError, toToolError } from "../errors.ts";
import type { NeededTool } from "../tools/define-tool.ts";
import { checkMessage } from "./check-message.ts";
import { createHttpSubscriptions } from "./http-subscriptions.ts";
import { acceptingBoth, asJson, wantsJson } from "./json-answer.ts";
import { keepAlive } from "./keep-alive.ts";
import { createLegacySessions } from "./legacy-sessions.ts";
import { isListen } from "./listen-filter.ts";
import {
  type Answer,
  ENDS_BYTES,
  errorAnswer,
  type MessageLimits,
  type RequestId,
  refusal,
  tooLong,
} from "./message-guard.ts";
import { readJson } from "./read-json.ts";
import type { ResourceEvent, ResourceWatch } from "./resource-watch.ts";
import type { ServerFactory } from "./server.ts";
import { toolsBehind } from "./tools-behind.ts";

export interface HttpMcpHandler {
  /**
   * Answers one request to the MCP endpoint. `owner` is the authenticated user, to whom a session belongs; `refuseTool` gives
   * the answer to a request that needs a tool which the credential does not allow, or the error that it ends with; it is left out
   * where the credential allows everything.
   */
  fetch(request: Request, authInfo: AuthInfo, owner: string, refuseTool?: RefuseTool): Promise<Response>;
  /** Ends what is under way and every session. */
  close(): Promise<void>;
}

export interface HttpMcpOptions {
  limits: MessageLimits;
  /** Watches the resources of the user that a stream belongs to. */
  watch: (owner: string, tell: (event: ResourceEvent) => void) => ResourceWatch;
  /** The tools whose work a call does as well. Default: none. */
  needsOf?: (tool: string, args: unknown) => Promise<readonly NeededTool[]>;
  onerror: (error: Error) => void;
}

type RefuseTool = (tool: string) => Response | ToolError | undefined;

/** Below the 15 s after which proxies and clients begin to give up on a silent stream. */
const KEEP_ALIVE_MS = 10_000;

/**
 * Streamable HTTP for every era on one endpoint: 2026-07-28, stateless legacy (any POST without a session works, plain curl
 * too), and sessions for legacy clients that declare elicitation.
 */
export function createHttpMcpHandler(
  factory: ServerFactory,
  { limits, watch, needsOf, onerror }: HttpMcpOptions,
): HttpMcpHandler {
  const modern = createMcpHandler(factory, {
    legacy: "reject",
    keepAliveMs: KEEP_ALIVE_MS,
    onerror,
    maxRequestBodySize: limits.maxBytes,
  });
  const stateless = legacyStatelessFallback((context) => factory({ ...context, stateless: true }), onerror, {
    maxRequestBodySize: limits.maxBytes,
  });
  const sessions = createLegacySessions(factory, { keepAliveMs: KEEP_ALIVE_MS });
  const subscriptions = createHttpSubscriptions(factory, { watch, keepAliveMs: KEEP_ALIVE_MS, onerror });

  /** The answer to a message that needs a tool which the credential does not allow. */
  async function refuseMessage(body: unknown, refuseTool: RefuseTool): Promise<Response | undefined> {
    try {
      for (const { tool, by } of await toolsBehind(body, needsOf)) {
        const refused = refuseTool(tool);
        if (refused instanceof Response) return refused;
        if (!refused) continue;
        const { code, message, hint } = refused;
        return refuseCalls(body, by === undefined ? refused : new ToolError(code, `${by}: ${message}`, { hint }));
      }
      return undefined;
    } catch (error) {
      return refuseCalls(body, toToolError(error));
    }
  }

  return {
    async fetch(request, authInfo, owner, refuseTool) {
      let parsedBody: unknown;
      if (request.method === "POST") {
        const body = await readBody(request, limits);
        if (body instanceof Response) return body;
        parsedBody = body.parsed;
        const refused = refuseTool && (await refuseMessage(parsedBody, refuseTool));
        if (refused) return refused;
      }
      if (sessions.handles(request, parsedBody)) return sessions.fetch(request, { authInfo, parsedBody, owner });
      const options = { authInfo, ...(parsedBody !== undefined && { parsedBody }) };
      if (!(await isLegacyRequest(request, parsedBody))) {
        const answer = isListen(parsedBody)
          ? subscriptions.fetch(request, { authInfo, parsedBody, owner })
          : modern.fetch(request, options);
        return keepAlive(answer, KEEP_ALIVE_MS);
      }
      return request.method === "POST" && wantsJson(request)
        ? asJson(await stateless(acceptingBoth(request), options))
        : stateless(request, options);
    },
    async close() {
      await subscriptions.close();
      await sessions.close();
      await modern.close();
    },
  };
}

/** The error as the answer to a message, or to each of a batch: none of it is run. */
function refuseCalls(body: unknown, error: ToolError): Response {
  const requests = [body].flat() as { id?: RequestId; method?: string }[];
  const answers = requests.flatMap(({ id, method }) => (id === undefined ? [] : [errorAnswer(id, method, error)]));
  return Array.isArray(body) ? Response.json(answers) : respond(400, answers[0] ?? errorAnswer(null, undefined, error));
}

/** The message that the body holds (a batch of the 2025 era as it is), or the answer that refuses it. */
async function readBody(request: Request, limits: MessageLimits): Promise<{ parsed: unknown } | Response> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of request.body ?? []) {
    length += chunk.length;
    if (length <= limits.maxBytes) chunks.push(chunk);
    // A little more is read, so that the answer reaches clients that only listen once they have sent everything.
    else if (length > limits.maxBytes * 4) break;
  }
  const bytes = Buffer.concat(chunks);
  if (length > limits.maxBytes) {
    const response = refuse(413, bytes, tooLong(limits.maxBytes));
    // What may be left of the body would be taken for the next request.
    response.headers.set("Connection", "close");
    return response;
  }
  const read = readJson(bytes, limits);
  if (!("value" in read)) return refuse(400, bytes, read.error, read.code);
  const parsed = read.value;
  if (Array.isArray(parsed)) return { parsed };
  const checked = checkMessage(parsed);
  return "message" in checked ? { parsed: checked.message } : respond(400, checked.answer);
}

function refuse(status: number, bytes: Buffer, error: ToolError, code?: number): Response {
  const [head, tail] = [bytes.subarray(0, ENDS_BYTES), bytes.subarray(-ENDS_BYTES)].map(String) as [string, string];
  return respond(status, refusal(head, tail, error, code) ?? errorAnswer(null, undefined, error, code));
}

/** A refused tools/call is answered under 200, because bridges lose what comes under another status. */
function respond(status: number, answer: Answer): Response {
  return Response.json(answer, { status: "result" in answer ? 200 : status });
}
