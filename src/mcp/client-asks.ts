import {
  CLIENT_CAPABILITIES_META_KEY,
  CLIENT_INFO_META_KEY,
  type Server,
  type ServerContext,
} from "@modelcontextprotocol/server";

/** How a client can ask its human, from what it declares. */
export interface ClientAsks {
  /** Whether it shows forms. */
  forms: boolean;
  /** Whether it shows the addresses of pages. */
  pages: boolean;
  /** Whether its forms have lists of several choices and filled-in values (since MCP 2025-11-25). */
  knowsChoices: boolean;
  /** Whether it may turn an answer that breaks the schema of its form into a cancelled question, without a word to the human. */
  dropsWrongAnswers: boolean;
}

const FIRST_WITH_CHOICES = "2025-11-25";

/**
 * Reads it per request (2026-07-28) or from `initialize`; an `elicitation` of `{}` alone means forms. Open-WebUI checks answers
 * after its dialog has closed and cancels where they break the schema; all that tells it is the name that the Python SDK gives
 * clients without one.
 */
export function clientAsks(server: Server, context: ServerContext): ClientAsks {
  const envelope = context.mcpReq.envelope as Record<string, unknown> | undefined;
  const declared = envelope?.[CLIENT_CAPABILITIES_META_KEY] ?? server.getClientCapabilities();
  const info = envelope?.[CLIENT_INFO_META_KEY] ?? server.getClientVersion();
  const { elicitation } = (declared ?? {}) as { elicitation?: Record<string, unknown> };
  const header = context.http?.req?.headers.get("mcp-protocol-version");
  const revision = header ?? server.getNegotiatedProtocolVersion() ?? "";
  return {
    forms: elicitation !== undefined && ("form" in elicitation || !("url" in elicitation)),
    pages: elicitation !== undefined && "url" in elicitation,
    knowsChoices: envelope !== undefined || revision >= FIRST_WITH_CHOICES,
    dropsWrongAnswers: (info as { name?: string } | undefined)?.name === "mcp",
  };
}
