import type { McpServerFactory } from "@modelcontextprotocol/server";
import { serveStdio as serve } from "@modelcontextprotocol/server/stdio";
import type { MessageLimits } from "./message-guard.ts";
import { StdioTransport } from "./stdio-transport.ts";

export interface StdioConnection {
  /** Resolves when the client has closed its end. */
  ended: Promise<void>;
  /** Takes nothing more and lets requests under way be answered for at most `ms` milliseconds. */
  drain(ms: number): Promise<void>;
  close(): Promise<void>;
}

/** Serves one client over this process's stdin and stdout, in whichever era it opens. */
export function serveStdio(
  factory: McpServerFactory,
  limits: MessageLimits,
  onerror: (error: Error) => void,
): StdioConnection {
  const transport = new StdioTransport(process.stdin, process.stdout, limits);
  const handle = serve(factory, { transport, onerror });
  return {
    ended: transport.ended,
    async drain(ms) {
      transport.stopReading();
      await transport.answered(ms);
    },
    close: () => handle.close(),
  };
}
