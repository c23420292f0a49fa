import { CLIENT_CAPABILITIES_META_KEY, type Server, type ServerContext, type Tool } from "@modelcontextprotocol/server";

/** Identifier of the extension (SEP-1865). */
const EXTENSION = "io.modelcontextprotocol/ui";
const APP_TYPE = "text/html;profile=mcp-app";

/**
 * Whether the client shows MCP Apps, as it declares with each request (2026-07-28) or at `initialize` (SEP-1865, Capability
 * Negotiation). Undefined for one of whom nothing is known, as without a session.
 */
export function showsApps(server: Server, context: ServerContext): boolean | undefined {
  const envelope = context.mcpReq.envelope as Record<string, unknown> | undefined;
  const declared = (envelope ? envelope[CLIENT_CAPABILITIES_META_KEY] : server.getClientCapabilities()) as
    | { extensions?: Record<string, { mimeTypes?: unknown } | undefined> }
    | undefined;
  if (!declared) return envelope === undefined ? undefined : false;
  const types = declared.extensions?.[EXTENSION]?.mimeTypes;
  return Array.isArray(types) && types.includes(APP_TYPE);
}

/** The tool with its app, also under the key that hosts looked for before the extension was final. */
export function withApp(tool: Tool, resourceUri: string): Tool {
  return { ...tool, _meta: { ui: { resourceUri }, "ui/resourceUri": resourceUri } };
}
