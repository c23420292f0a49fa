import { McpServer } from "@modelcontextprotocol/server";
import { z } from "zod";
import { loadConfig } from "../src/config/load-config.ts";
import { createServerFactory } from "../src/mcp/server.ts";
import { createPatchbay } from "../src/start.ts";
import displayResult from "../src/tools/display-result.ts";
import { withFolder } from "./folder.ts";

/** `node bench/boundary-call.ts ours|bare`: CPU time of a call of `display_result` in µs, through the boundary or on a bare server. */
const CALLS = Number(process.env.BENCH_CALLS ?? 6_000);
const WARM_UP = 3;
const AT_ONCE = 16;

if (process.argv[2] === "bare") await measure(bareServer());
else {
  await withFolder(async (folder) => {
    const patchbay = createPatchbay(await loadConfig({ env: {}, cwd: folder, flags: { dataDir: folder } }), {});
    const factory = createServerFactory({
      version: "0.0.0",
      boundary: patchbay.boundary,
      identify: () => ({ id: "local" }),
      stateKey: patchbay.stateKey,
    });
    await measure(await factory({ era: "legacy" }));
    await patchbay.dispose();
  });
}

async function measure(server: { connect(transport: never): Promise<void> }): Promise<void> {
  const run = await connect(server);
  for (let turn = 0; turn < WARM_UP; turn++) await run(CALLS / WARM_UP);
  console.log(await run(CALLS));
}

function bareServer(): McpServer {
  const server = new McpServer({ name: "bare", version: "0" });
  server.registerTool(
    displayResult.name,
    {
      description: displayResult.description,
      inputSchema: displayResult.input,
      outputSchema: z.object({
        status: z.string(),
        action: z.string(),
        data: z.record(z.string(), z.unknown()),
        message: z.string(),
        notification_type: z.string(),
      }),
    },
    (input) => {
      const { message, notification_type, result_data } = input as z.output<typeof displayResult.input> & {
        message: string;
        notification_type: string;
        result_data: Record<string, unknown>;
      };
      const structuredContent = {
        status: "success",
        action: "display_result",
        data: result_data,
        message,
        notification_type,
      };
      return { content: [{ type: "text", text: JSON.stringify(structuredContent) }], structuredContent };
    },
  );
  return server;
}

/** A function that makes calls, some at once, and gives the CPU time of each in µs, client side included for both alike. */
async function connect(server: {
  connect(transport: never): Promise<void>;
}): Promise<(calls: number) => Promise<number>> {
  let receive: (message: Record<string, unknown>) => void = () => {};
  const waiting = new Map<number, () => void>();
  const transport = {
    async start() {},
    async close() {},
    async send(message: { id?: number }) {
      // Both sides pay for turning the answer into text, as every transport does.
      JSON.stringify(message);
      waiting.get(message.id ?? -1)?.();
    },
    set onmessage(handler: typeof receive) {
      receive = handler;
    },
    get onmessage() {
      return receive;
    },
  };
  await server.connect(transport as never);
  let nextId = 1;
  const request = (method: string, params: Record<string, unknown>) =>
    new Promise<void>((done) => {
      const id = nextId++;
      waiting.set(id, () => {
        waiting.delete(id);
        done();
      });
      receive(JSON.parse(JSON.stringify({ jsonrpc: "2.0", id, method, params })) as Record<string, unknown>);
    });
  await request("initialize", {
    protocolVersion: "2025-11-25",
    capabilities: {},
    clientInfo: { name: "bench", version: "0" },
  });
  const args = { message: "Done", notification_type: "info", result_data: { rows: [1, 2, 3], note: "as it is" } };
  return async (calls) => {
    const before = process.cpuUsage();
    for (let call = 0; call < calls; call += AT_ONCE) {
      await Promise.all(
        Array.from({ length: AT_ONCE }, () => request("tools/call", { name: "display_result", arguments: args })),
      );
      // The turn of the event loop in which messages arrive.
      await new Promise((done) => setImmediate(done));
    }
    const { user, system } = process.cpuUsage(before);
    return (user + system) / calls;
  };
}
