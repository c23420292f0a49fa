import {
  type CallToolRequest,
  CLIENT_CAPABILITIES_META_KEY,
  createRequestStateCodec,
  inputRequired,
  type McpServerFactory,
  Server,
  type ServerContext,
} from "@modelcontextprotocol/server";
import type { User } from "../tools/define-tool.ts";
import type { CallState, ToolBoundary } from "./call-tool.ts";
import { progressSink } from "./progress.ts";
import { describeTool } from "./tool-schema.ts";

const INSTRUCTIONS =
  "Patchbay keeps the user's memories (search them before asking what the user may have said already), runs data through models and pipelines, calls configured APIs and asks the user for input.";

export interface ServerOptions {
  version: string;
  boundary: ToolBoundary;
  /** The user of a connection, from what the transport authenticated; undefined: nobody. */
  identify: (context: ServerContext) => User | undefined;
  /** Seals what a waiting call carries through the client; 32 bytes at least, the same in every process that may be asked next. */
  stateKey: Uint8Array;
}

/**
 * The factory that every transport uses: one instance per connection (stdio, legacy session) or request (HTTP), in every
 * protocol era. What instances share is in the boundary and its services.
 */
export function createServerFactory(options: ServerOptions): McpServerFactory {
  const tools = options.boundary.tools.map(describeTool);
  const codec = createRequestStateCodec<CallState>({
    key: options.stateKey,
    ttlSeconds: 900,
    bind: (context) => `${context.mcpReq.method}\0${options.identify(context)?.id ?? ""}`,
  });

  return () => {
    const server = new Server(
      { name: "patchbay-mcp", title: "Patchbay", version: options.version },
      {
        capabilities: { tools: {} },
        instructions: INSTRUCTIONS,
        requestState: { verify: codec.verify },
        jsonSchemaValidator: {
          getValidator: () => (input) => ({ valid: true, data: input as never, errorMessage: undefined }),
        },
      },
    );
    server.setRequestHandler("tools/list", async () => ({ tools }));
    server.setRequestHandler("tools/call", async (request: CallToolRequest, context) => {
      const { name, arguments: args } = request.params;
      const progressToken = context.mcpReq._meta?.progressToken;
      const outcome = await options.boundary.call(name, args, {
        user: options.identify(context),
        signal: context.mcpReq.signal,
        sinks: progressToken === undefined ? [] : [progressSink(progressToken, context.mcpReq.notify)],
        canAsk: canShowForms(server, context),
        inputResponses: context.mcpReq.inputResponses,
        state: context.mcpReq.requestState<CallState>(),
      });
      if (outcome.kind === "result") return outcome.result;
      const { message, schema } = outcome.question;
      return inputRequired({
        inputRequests: { [outcome.key]: inputRequired.elicit({ message, requestedSchema: schema as never }) },
        requestState: await codec.mint(outcome.state, context),
      });
    });
    return server;
  };
}

/** Whether the client declared form elicitation, per request (2026-07-28) or at `initialize`; `{}` alone means forms. */
function canShowForms(server: Server, context: ServerContext): boolean {
  const declared =
    (context.mcpReq.envelope as Record<string, unknown> | undefined)?.[CLIENT_CAPABILITIES_META_KEY] ??
    server.getClientCapabilities();
  const elicitation = (declared as { elicitation?: Record<string, unknown> } | undefined)?.elicitation;
  if (!elicitation) return false;
  return "form" in elicitation || !("url" in elicitation);
}
