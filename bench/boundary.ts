import { McpServer } from "@modelcontextprotocol/server";
import { z } from "zod";
import { loadConfig } from "../src/load-config.ts";
import { createServerFactory } from "../src/mcp/server.ts";
import { createPatchbay } from "../src/start.ts";
import displayResult from "../src/tools/display-result.ts";
import { type Figure, median, round } from "./figure.ts";
import { withFolder } from "./folder.ts";

const CALLS = 3_000;
const ROUNDS = 9;

/** What the boundary adds to a call: CPU of `display_result` through it against the same tool on a bare SDK v2 server. */
export async function benchBoundary(): Promise<Figure[]> {
  return withFolder(async (folder) => {
    const patchbay = createPatchbay(await loadConfig({ env: {}, cwd: folder, flags: { dataDir: folder } }), {});
    const factory = createServerFactory({
      version: "0.0.0",
      boundary: patchbay.boundary,
      identify: () => ({ id: "local" }),
      stateKey: patchbay.stateKey,
    });
    const ours = await connect(await factory({ era: "legacy" }));
    const bare = await connect(bareServer());
    const ourCpu: number[] = [];
    const bareCpu: number[] = [];
    await ours(CALLS);
    await bare(CALLS);
    for (let turn = 0; turn < ROUNDS; turn++) {
      ourCpu.push(await ours(CALLS));
      bareCpu.push(await bare(CALLS));
    }
    await patchbay.dispose();
    const [a, b] = [median(ourCpu), median(bareCpu)];
    return [
      {
        what: "a tool call through the boundary against a bare tool of SDK v2, CPU",
        measured: `${round(a)} µs against ${round(b)} µs`,
        ratio: a / b,
        limit: { atMost: 1.3 },
      },
    ];
  });
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

/** A function that makes calls, 16 at once, and gives the CPU time of each in µs, client side included for both alike. */
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
    const work = async () => {
      for (let call = 0; call < calls / 16; call++) {
        await request("tools/call", { name: "display_result", arguments: args });
      }
    };
    await Promise.all(Array.from({ length: 16 }, work));
    const { user, system } = process.cpuUsage(before);
    return (user + system) / calls;
  };
}
