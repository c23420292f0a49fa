import { spawn } from "node:child_process";
import { resolve } from "node:path";
import { createInterface } from "node:readline";
import { expect, it } from "vitest";
import { temporaryFolder, whenDone } from "./fixtures/cleanup.ts";

interface Message {
  id?: number;
  method?: string;
  params?: { message: string; requestedSchema: { properties: Record<string, Record<string, unknown>> } };
  result?: { structuredContent?: Record<string, unknown> };
}

it("a client of MCP 2025-06-18 is asked for several choices by a text, again until it is right", async () => {
  const child = spawn(process.execPath, [resolve("src/main.ts"), "--data-dir", temporaryFolder()], {
    env: { PATH: process.env.PATH ?? "" },
    stdio: ["pipe", "pipe", "ignore"],
  });
  whenDone(() => child.kill());
  const send = (message: object) => child.stdin.write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`);
  const clientInfo = { name: "old", version: "0" };
  const capabilities = { elicitation: {} };
  const fields = [
    { name: "sizes", type: "multiselect", options: ["s", { value: "l", label: "Large" }], required: true, max: 1 },
    { name: "n", type: "integer", default: "3" },
  ];
  send({ id: 1, method: "initialize", params: { protocolVersion: "2025-06-18", clientInfo, capabilities } });
  send({ method: "notifications/initialized" });
  send({ id: 2, method: "tools/call", params: { name: "collect_input", arguments: { fields } } });

  const answers = [{ sizes: "s, large" }, { sizes: "Large" }];
  const asked: NonNullable<Message["params"]>[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    const { id, method, params, result } = JSON.parse(line) as Message;
    if (method === "elicitation/create" && params) {
      asked.push(params);
      send({ id, result: { action: "accept", content: answers[asked.length - 1] } });
    } else if (id === 2) {
      expect(result?.structuredContent).toMatchObject({ data: { sizes: ["l"], n: 3 } });
      break;
    }
  }
  expect(asked).toHaveLength(2);
  expect(asked[0]?.requestedSchema.properties).toEqual({
    sizes: { type: "string", title: "sizes", description: "Any of these, with commas between them: s, Large" },
    n: { type: "integer", title: "n", description: "If left out: 3" },
  });
  expect(asked[1]?.message).toContain("sizes takes at most 1 choice (got 2)");
}, 30_000);
