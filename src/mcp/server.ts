import {
  type CallToolRequest,
  type CallToolResult,
  createRequestStateCodec,
  type InputRequiredResult,
  inputRequired,
  type McpRequestContext,
  type RequestStateCodec,
  SdkError,
  SdkErrorCode,
  Server,
  type ServerCapabilities,
  type ServerContext,
  type StandardSchemaV1,
  type Tool,
} from "@modelcontextprotocol/server";
import { abortError, ToolError } from "../errors.ts";
import type { PageLink } from "../interaction/ladder.ts";
import type { StatusEvent, StatusSink } from "../status/status-event.ts";
import type { AnyTool, Question, User } from "../tools/define-tool.ts";
import type { HumanResponse } from "./ask-human.ts";
import type { CallState } from "./call-state.ts";
import type { ToolBoundary } from "./call-tool.ts";
import { type ClientAsks, clientAsks } from "./client-asks.ts";
import { addCompletions } from "./completions.ts";
import { CONFIRMATION_FIELDS } from "./confirm-call.ts";
import { fitSchema } from "./fit-schema.ts";
import { showsApps, withApp } from "./mcp-apps.ts";
import { progressOf, STATUS_META_KEY } from "./progress.ts";
import { addPrompts } from "./prompts.ts";
import { addResources } from "./resources.ts";
import { createSettle } from "./settle.ts";
import { describeTool, withEffect, withFields } from "./tool-schema.ts";
import { ANSWER_SECONDS } from "./used-answers.ts";

const INSTRUCTIONS =
  "Patchbay keeps the user's memories (search them before asking what the user may have said already), runs data through models and pipelines, calls configured APIs and asks the user for input.";

/** The SDK validates every tools/call and its result by itself; a schema here would do it a second time. */
const VALIDATED = passing<CallToolRequest["params"]>();
const VALIDATED_RESULT = passing<CallToolResult | InputRequiredResult>();

function passing<T>(): StandardSchemaV1<T> {
  return { "~standard": { version: 1, vendor: "patchbay", validate: (value) => ({ value: value as T }) } };
}

const FIRST_WITH_LINKS = "2025-06-18";

export interface ServerOptions {
  version: string;
  boundary: ToolBoundary;
  /** The user of a connection, from what the transport authenticated; undefined: nobody. */
  identify: (context: ServerContext) => User | undefined;
  /** Where the events of a call go besides the progress of the client. */
  sinksOf?: ((context: ServerContext) => readonly StatusSink[]) | undefined;
  /**
   * Seals what a waiting call carries through the client; 32 bytes at least, the same in every process that may be asked
   * next. Read when the first call has to wait.
   */
  readonly stateKey: Uint8Array;
  /** Seconds that the human has for an answer. Default 900. */
  answerSeconds?: number | undefined;
}

/**
 * Makes the server of a connection or request; `stateless`: it lives for one request, and can tell nothing afterwards;
 * `isResumed`: whether its client reads on a stream that it had lost.
 */
export type ServerFactory = (
  context: McpRequestContext & { stateless?: boolean; isResumed?: () => boolean },
) => Server | Promise<Server>;

/**
 * The factory that every transport uses: one instance per connection (stdio, legacy session) or request (HTTP), in every
 * protocol era. What instances share is in the boundary and its services.
 */
export function createServerFactory(options: ServerOptions): ServerFactory {
  const { answerSeconds = ANSWER_SECONDS } = options;
  const described = new WeakMap<AnyTool, Tool>();
  const describe = (tool: AnyTool): Tool => {
    let known = described.get(tool);
    if (!known) {
      // Where nothing may be changed, what reaches other systems only reads there.
      const reads = options.boundary.readOnly && tool.effect === "write-open";
      const plain = reads ? withEffect(describeTool(tool), "read-open") : describeTool(tool);
      const remark = options.boundary.remarkOn(tool);
      const told = remark === undefined ? plain : { ...plain, description: `${plain.description} ${remark}` };
      known = options.boundary.mayConfirm(tool) ? withFields(told, CONFIRMATION_FIELDS) : told;
      described.set(tool, known);
    }
    return known;
  };
  let made: RequestStateCodec<CallState> | undefined;
  // Most servers never ask anybody, and cryptography is dear to load.
  const codec = (): RequestStateCodec<CallState> => {
    made ??= createRequestStateCodec<CallState>({
      key: options.stateKey,
      ttlSeconds: answerSeconds,
      bind: (context) => `${context.mcpReq.method}\0${options.identify(context)?.id ?? ""}`,
    });
    return made;
  };

  /** Those of a repeated call are told no more that the user is waited for: its first round has said so, and kept it. */
  const sinksBesides = (context: ServerContext): readonly StatusSink[] => {
    const sinks = options.sinksOf?.(context) ?? [];
    if (context.mcpReq.requestState<CallState>() === undefined) return sinks;
    return sinks.map((sink) => (event) => (event.data.waiting === true ? undefined : sink(event)));
  };

  return ({ era, stateless = false, isResumed = () => false }) => {
    const server = new Server(
      { name: "patchbay-mcp", title: "Patchbay", version: options.version },
      {
        capabilities: capabilitiesOf(options.boundary, !stateless),
        instructions: INSTRUCTIONS,
        requestState: { verify: (state, context) => codec().verify(state, context) },
        jsonSchemaValidator: {
          getValidator: () => (input) => ({ valid: true, data: input as never, errorMessage: undefined }),
        },
      },
    );
    const settle = createSettle({ canPing: era === "legacy" });
    server.setRequestHandler("tools/list", async (_request, context) => {
      // To clients of whom nothing is known, and that show none, the metadata mean nothing.
      const apps = showsApps(server, context) !== false;
      const tools = await options.boundary.listTools();
      return { tools: tools.map((tool) => (apps && tool.app ? withApp(describe(tool), tool.app) : describe(tool))) };
    });
    server.setRequestHandler("tools/call", { params: VALIDATED, result: VALIDATED_RESULT }, async (params, context) => {
      const { name, arguments: args } = params;
      const progressToken = context.mcpReq._meta?.progressToken;
      const asks = clientAsks(server, context);
      const progress = progressToken === undefined ? undefined : progressOf(progressToken, context.mcpReq.notify);
      const outcome = await options.boundary.call(name, args, {
        user: options.identify(context),
        signal: context.mcpReq.signal,
        sinks: [...(progress ? [progress.sink] : []), ...sinksBesides(context)],
        settle: progress && !context.http ? () => settle(context) : undefined,
        takesLinks: knowsLinks(server, context),
        takesMedia: takesMedia(server, context),
        showsApps: showsApps(server, context),
        canAsk: asks.forms,
        canOpen: asks.pages,
        ask:
          era === "legacy"
            ? (question, signal) => elicit(context, { question, asks, signal, timeout: answerSeconds * 1000 })
            : undefined,
        isHeard: context.http?.req && (() => !context.http?.req?.signal.aborted || isResumed()),
        completed: era === "legacy" ? (page) => completeElicitation(context, page) : undefined,
        inputResponses: context.mcpReq.inputResponses,
        state: context.mcpReq.requestState<CallState>(),
      });
      if (outcome.kind === "result") return progress ? withLastEvent(outcome.result, progress.last()) : outcome.result;
      const { key, question } = outcome;
      return inputRequired({
        inputRequests: {
          [key]:
            "url" in question
              ? inputRequired.elicitUrl({ message: question.message, url: question.url })
              : inputRequired.elicit({
                  message: question.message,
                  requestedSchema: fitSchema(question.schema, asks) as never,
                }),
        },
        requestState: await codec().mint(outcome.state, context),
      });
    });
    const { boundary, identify } = options;
    if (boundary.resources.length > 0) {
      addResources(server, { boundary, identify, subscribable: era === "legacy" && !stateless });
    }
    if (boundary.prompts.length > 0) addPrompts(server, { boundary, identify });
    if (boundary.resources.length + boundary.prompts.length > 0) addCompletions(server, { boundary, identify });
    return server;
  };
}

/** The result with the call's last event, for clients that miss notifications. */
function withLastEvent(result: CallToolResult, event: StatusEvent | undefined): CallToolResult {
  return event ? { ...result, _meta: { ...result._meta, [STATUS_META_KEY]: event } } : result;
}

/** @param tells Whether the client can be told of changes. */
function capabilitiesOf({ resources, prompts }: ToolBoundary, tells: boolean): ServerCapabilities {
  return {
    tools: {},
    ...(resources.length > 0 && { resources: tells ? { subscribe: true, listChanged: true } : {} }),
    ...(prompts.length > 0 && { prompts: {} }),
    ...(resources.length + prompts.length > 0 && { completions: {} }),
  };
}

interface Elicitation {
  question: Question | PageLink;
  asks: ClientAsks;
  signal: AbortSignal;
  /** Milliseconds. */
  timeout: number;
}

/**
 * Shows a form or an address over the connection and waits for the human (2025 era).
 * @throws ToolError `unsupported` where the client fails to show it, or that of the signal
 */
async function elicit(
  context: ServerContext,
  { question, asks, signal, timeout }: Elicitation,
): Promise<HumanResponse> {
  const { message } = question;
  const params =
    "url" in question
      ? { mode: "url" as const, message, url: question.url, elicitationId: question.id }
      : { mode: "form" as const, message, requestedSchema: fitSchema(question.schema, asks) as never };
  try {
    return await context.mcpReq.send({ method: "elicitation/create", params }, { signal, timeout });
  } catch (error) {
    if (signal.aborted) throw abortError(signal);
    if (error instanceof SdkError && error.code === SdkErrorCode.RequestTimeout) return { action: "cancel" };
    throw new ToolError("unsupported", "The client could not show the form to the user.", {
      hint: "Ask the user in the chat.",
      cause: error,
    });
  }
}

/** Tells the client that the page is done with, so that it can stop waiting (MCP 2025-11-25, URL mode). */
function completeElicitation(context: ServerContext, elicitationId: string): void {
  const notification = { method: "notifications/elicitation/complete" as const, params: { elicitationId } };
  context.mcpReq.notify(notification).catch(() => {});
}

/** Whether the client's protocol has resource links in results; an older client would refuse the whole result. */
function knowsLinks(server: Server, context: ServerContext): boolean {
  const header = context.http?.req?.headers.get("mcp-protocol-version");
  const version = context.mcpReq.envelope ? FIRST_WITH_LINKS : (header ?? server.getNegotiatedProtocolVersion() ?? "");
  return version >= FIRST_WITH_LINKS;
}

/**
 * Whether the client keeps the JSON of a result apart from an image besides it. mcpo makes a list of both, where there was an
 * object; all that tells it is the name that the Python SDK gives clients without one, and the revisions that it knows.
 */
function takesMedia(server: Server, context: ServerContext): boolean {
  if (context.mcpReq.envelope) return true;
  const name = server.getClientVersion()?.name;
  return name !== undefined && name !== "mcp" && knowsLinks(server, context);
}
