import { readFileSync } from "node:fs";
import type { Client } from "@modelcontextprotocol/client";
import { beforeAll, describe, expect, it } from "vitest";
import { whenDone } from "./fixtures/cleanup.ts";
import { connect } from "./fixtures/connect.ts";
import { startFakeProvider } from "./fixtures/fake-provider.ts";
import { startHttpServer } from "./fixtures/http-server.ts";

interface Example {
  tool: string;
  args: Record<string, unknown>;
  status: string[];
  result: unknown;
}

/** The examples of README.md: under a tool's heading the arguments, the status lines, the result. `…` stands for anything. */
function readExamples(): Example[] {
  const sections = readFileSync("README.md", "utf8").split(/^### /m).slice(1);
  return sections.map((section) => {
    const [args, result] = [...section.matchAll(/```json\n([\s\S]*?)```/g)].map((match) => JSON.parse(match[1]!));
    const line = /^Status: (.*)$/m.exec(section)?.[1] ?? "";
    const status = [...line.matchAll(/\*((?:[^*\\]|\\.)+)\*/g)].map((match) => match[1]!.replaceAll("\\", ""));
    return { tool: section.split("\n")[0]!, args, status, result };
  });
}

/** Values that differ from run to run. */
const VARYING = /^(ms|start_ms|score|.*tokens)$/;

/** What the example shows is there; `…` in a text stands for any text, and numbers that vary need only be numbers. */
function shows(example: unknown, actual: unknown, key = ""): boolean {
  if (typeof example === "string" && example.includes("…")) {
    const parts = example.split("…").map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
    return typeof actual === "string" && new RegExp(`^${parts.join("[\\s\\S]*")}$`).test(actual);
  }
  if (Array.isArray(example)) {
    // A list that ends in "…" shows its beginning.
    const shown = example.at(-1) === "…" ? example.slice(0, -1) : example;
    if (!Array.isArray(actual) || (shown === example && actual.length !== example.length)) return false;
    return shown.every((item, index) => shows(item, actual[index]));
  }
  if (typeof example === "object" && example !== null) {
    const fields = actual as Record<string, unknown> | null;
    return (
      typeof fields === "object" &&
      fields !== null &&
      Object.entries(example).every(([name, value]) => shows(value, fields[name], name))
    );
  }
  if (typeof example === "number" && VARYING.test(key)) return typeof actual === "number";
  return example === actual;
}

describe("the examples of the README", () => {
  let client: Client;
  let memoryId: unknown;

  beforeAll(async () => {
    const models = {
      "llama3.2": { reply: '{"number": "2026-118", "amount": 412.5, "due": "3 December"}' },
      qwen3: { reply: "One database, with a schema for each service: split it when a service needs to scale alone." },
      gemma3: { reply: "Start with one; separate ones cost a small team more than they give." },
    };
    const provider = await startFakeProvider({ models });
    whenDone(() => provider.close());
    const api = await startHttpServer({ json: { city: "Lisbon", days: [{ day: "Thursday", high: 19, rain: false }] } });
    client = await connect({
      providers: { local: { baseUrl: provider.baseUrl, models: Object.keys(models) } },
      llm: { modelId: "local/llama3.2" },
      moa: { models: ["local/llama3.2", "local/qwen3", "local/gemma3"], aggregatorModel: "local/qwen3" },
      apis: {
        weather: {
          description: "Weather forecast by city.",
          apiUrl: api.url,
          apiKey: "secret-weather-key",
          allow: ["GET /v1/*"],
        },
      },
    });
  });

  it("cover every tool", async () => {
    const { tools } = await client.listTools();
    expect(readExamples().map((example) => example.tool)).toEqual(tools.map((tool) => tool.name));
  });

  for (const { tool, args, status, result } of readExamples()) {
    it(tool, async () => {
      const lines: string[] = [];
      const given = "memory_id" in args ? { ...args, memory_id: memoryId } : args;
      const answer = await client.callTool(
        { name: tool, arguments: given },
        { onprogress: ({ message }) => void lines.push(message ?? "") },
      );
      const actual = JSON.parse((answer.content as { text: string }[])[0]!.text) as Record<string, unknown>;
      if (tool === "memory_add") memoryId = (actual.memory as { id: string }).id;
      if (!shows(result, actual)) expect(actual).toEqual(result);
      // Lines in quick succession are left out, the last one never.
      expect(shows(status.at(-1), lines.at(-1)), lines.join(" → ")).toBe(true);
    });
  }
});
