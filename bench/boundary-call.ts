import { McpServer } from "@modelcontextprotocol/server";
import { z } from "zod";
import { loadConfig } from "../src/config/load-config.ts";
import { createToolBoundary } from "../src/mcp/call-tool.ts";
import { createServerFactory } from "../src/mcp/server.ts";
import { createPatchbay } from "../src/start.ts";
import { defineTool } from "../src/tools/define-tool.ts";
import { withFolder } from "./folder.ts";

/** `node bench/boundary-call.ts ours|bare`: CPU time of a call of a small tool in µs, through the boundary or on a bare server. */
const CALLS = Number(process.env.BENCH_CALLS ?? 6_000);
const WARM_UP = 3;
const AT_ONCE = 16;

interface Notice {
  message: string;
  notification_type: string;
  result_data: Record<string, unknown>;
}

/** Says its arguments back, so that what is measured is the way to it and from it. */
const NOTIFY = {
  name: "notify",
  description: "Tells the user something.",
  input: z.strictObject({
    message: z.string().max(10_000).default("Done").describe("What to tell."),
    notification_type: z.enum(["info", "success", "warning", "error"]).default("success").describe("What kind it is."),
    result_data: z.record(z.string(), z.unknown()).default({}).describe("What belongs to it."),
  }),
  output: z.object({
    action: z.string(),
    data: z.record(z.string(), z.unknown()),
    message: z.string(),
    notification_type: z.string(),
  }),
};

const answerTo = ({ message, notification_type, result_data }: Notice) => ({
  action: "notify",
  data: result_data,
  message,
  notification_type,
});

if (process.argv[2] === "bare") await measure(bareServer());
else {
  await withFolder(async (folder) => {
    const patchbay = createPatchbay(await loadConfig({ env: {}, cwd: folder, flags: { dataDir: folder } }), {});
    const notify = defineTool({
      ...NOTIFY,
      title: "Notify",
      effect: "read",
      uses: [],
      async run(input, { status }) {
        status.success(input.message);
        return answerTo(input);
      },
    });
    const boundary = createToolBoundary({
      tools: [notify],
      services: patchbay.services,
      disabled: [],
      confirmationRequired: false,
      callTimeoutMs: patchbay.loaded.config.limits.callTimeout * 1000,
      redact: patchbay.redact,
    });
    const identify = () => ({ id: "local" });
    const factory = createServerFactory({ version: "0.0.0", boundary, identify, stateKey: patchbay.stateKey });
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
    NOTIFY.name,
    {
      description: NOTIFY.description,
      inputSchema: NOTIFY.input,
      outputSchema: NOTIFY.output.extend({ status: z.string() }),
    },
    (input) => {
      const structuredContent = { status: "success", ...answerTo(input as unknown as Notice) };
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
        Array.from({ length: AT_ONCE }, () => request("tools/call", { name: NOTIFY.name, arguments: args })),
      );
      // The turn of the event loop in which messages arrive.
      await new Promise((done) => setImmediate(done));
    }
    const { user, system } = process.cpuUsage(before);
    return (user + system) / calls;
  };
}
