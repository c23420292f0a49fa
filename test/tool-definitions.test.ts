import type { Client } from "@modelcontextprotocol/client";
import { beforeAll, describe, expect, it } from "vitest";
import { describeApi } from "../src/api/configured-api.ts";
import { pinOperation } from "../src/api/pinned/pinned-operations.ts";
import { pinnedEntries } from "../src/config/pinned-names.ts";
import { describeTool } from "../src/mcp/tool-schema.ts";
import { pinnedTool } from "../src/tools/pinned-tool.ts";
import { settings } from "./fixtures/api-client.ts";
import { connect } from "./fixtures/connect.ts";
import { lint, type Schema } from "./fixtures/lint-schema.ts";
import { DOCUMENTS_SETUP_MS, githubDocument, realDocument } from "./fixtures/real-documents.ts";

/** The definitions are part of every conversation, so every byte of them is paid for again and again. */
const MAX_LIST_BYTES = 22_500;
const MAX_MEMORY_BYTES = 5_000;
const MAX_API_BYTES = 6_000;

const NAMES = [
  "memory_add",
  "memory_list",
  "memory_search",
  "memory_update",
  "memory_delete",
  "llm_processor",
  "mixture_of_agents",
  "api_search",
  "api_describe",
  "call_api",
  "run_pipeline",
  "collect_input",
  "confirm_action",
  "display_result",
];

let client: Client;
let list: Awaited<ReturnType<Client["listTools"]>>;
beforeAll(async () => {
  client = await connect();
  list = await client.listTools();
});

describe("tools/list", () => {
  it("names every tool, on one page, in an order that never changes", async () => {
    expect(list.tools.map(({ name }) => name)).toEqual(NAMES);
    expect(list.nextCursor).toBeUndefined();
    expect(JSON.stringify(await client.listTools())).toBe(JSON.stringify(list));
  });

  it(`takes at most ${MAX_LIST_BYTES} bytes, ${MAX_MEMORY_BYTES} for memories and ${MAX_API_BYTES} for APIs`, () => {
    expect(bytes(list)).toBeLessThanOrEqual(MAX_LIST_BYTES);
    expect(bytes(list.tools.filter(({ name }) => name.includes("api")))).toBeLessThanOrEqual(MAX_API_BYTES);
    expect(bytes(list.tools.filter(({ name }) => name.startsWith("memory_")))).toBeLessThanOrEqual(MAX_MEMORY_BYTES);
  });

  it("has names that every client takes, none of which ends with another", () => {
    for (const { name } of list.tools) {
      expect(name).toMatch(/^[a-z0-9_]{1,40}$/);
      expect(list.tools.filter((other) => other.name !== name && other.name.endsWith(name))).toEqual([]);
    }
  });

  it("says of each tool what it is for and what it does to the world", () => {
    for (const { name, title, description, annotations } of list.tools) {
      expect(title, name).toBeTruthy();
      expect(description, name).toMatch(/^[A-Z].{20,}\.$/s);
      expect(annotations, name).toMatchObject({
        readOnlyHint: expect.any(Boolean),
        openWorldHint: expect.any(Boolean),
      });
    }
  });

  it.each(NAMES)("%s has parameters that survive every bridge", (name) => {
    const tool = list.tools.find((candidate) => candidate.name === name);
    expect([...lint(tool?.inputSchema as Schema, name)]).toEqual([]);
  });

  it.each(NAMES)("%s outlines its result", (name) => {
    const output = list.tools.find((candidate) => candidate.name === name)?.outputSchema as Schema | undefined;
    expect(output).toMatchObject({ type: "object", properties: { status: { type: "string" } } });
    for (const [key, property] of Object.entries(output?.properties as Schema)) {
      expect(
        Object.keys(property as Schema).filter((keyword) => keyword !== "type"),
        key,
      ).toEqual([]);
    }
  });
});

describe("pinned operations of real documents", () => {
  let documents: Record<string, string>;
  beforeAll(async () => {
    documents = {
      github: await githubDocument(),
      ...Object.fromEntries(
        await Promise.all(
          ["stripe.com", "bunq.com", "googleapis.com/books", "amazonaws.com/ec2", "gsmtasks.com"].map(
            async (name) => [name.replace(/\W+/g, "_"), await realDocument(name)] as const,
          ),
        ),
      ),
    };
  }, DOCUMENTS_SETUP_MS);

  it("have names, descriptions and parameters that survive every bridge, in little room", async () => {
    const names = new Set<string>();
    for (const [api, file] of Object.entries(documents)) {
      const described = await describeApi(api, settings({ apiUrl: "https://api.example", openapi: file }));
      const wanted = pinnedEntries({ [api]: { tools: described.operations.map(({ id }) => id) } }, NAMES);
      for (const entry of wanted) {
        const tool = describeTool(pinnedTool(pinOperation(described, entry), { callApi: false }));
        expect([...lint(tool.inputSchema as Schema, tool.name)], entry.operation).toEqual([]);
        expect(tool.name).toMatch(/^[a-z0-9_]{1,40}$/);
        expect(tool.title, tool.name).toBeTruthy();
        expect(tool.description, tool.name).toMatch(/Calls [A-Z]+ \/.* of API \w+\./);
        expect(bytes(tool), tool.name).toBeLessThan(16_000);
        names.add(tool.name);
      }
      expect(names.size).toBeGreaterThanOrEqual(wanted.length);
    }
    expect(names.size).toBeGreaterThan(2_500);
  }, 120_000);
});

describe("the linter itself", () => {
  it.each([
    ["a union", { anyOf: [{ type: "string" }], description: "x" }],
    ["a list of types", { type: ["string", "null"], description: "x" }],
    ["no type", { description: "x" }],
    ["no description", { type: "string" }],
    ["a reference", { $ref: "#/properties/a" }],
    ["a boolean schema", true],
    ["boolean items", { type: "array", items: true, description: "x" }],
    ["an unnamed choice", { type: "string", enum: ["left", "right"], description: "The left one" }],
    ["a schema for other keys", { type: "object", additionalProperties: { type: "string" }, description: "x" }],
  ])("objects to %s", (_name, property) => {
    expect([...lint({ type: "object", properties: { a: property } }, "tool")]).not.toEqual([]);
  });

  it("objects to clashing names, and to required names that do not exist", () => {
    const text = { type: "string", description: "x" };
    expect([...lint({ type: "object", properties: { model_config: text } }, "tool")]).toHaveLength(1);
    expect([...lint({ type: "object", properties: { a: text }, required: ["b"] }, "tool")]).toHaveLength(1);
    expect([...lint({ type: "object", properties: { model: text, models: text } }, "tool")]).toEqual([]);
  });
});

describe("a result", () => {
  it.each([
    ["memory_add", { content: "Ana drinks tea — “Earl Grey”" }],
    ["memory_list", {}],
    ["memory_search", { query: "tea" }],
    ["run_pipeline", { data: [{ a: 1 }], steps: [{ name: "format", format: "yaml" }] }],
    ["collect_input", {}],
    ["confirm_action", { message: "Sure?" }],
    ["display_result", { result_data: { nested: [1, null, "ü"] } }],
  ])("of %s has the same JSON as text and as structured content, all of it outlined", async (name, args) => {
    const result = await client.callTool({ name, arguments: args });
    expect(result.isError).not.toBe(true);
    expect(result.content).toEqual([{ type: "text", text: JSON.stringify(result.structuredContent) }]);
    const outline = list.tools.find((tool) => tool.name === name)?.outputSchema?.properties ?? {};
    expect(Object.keys(outline)).toEqual(expect.arrayContaining(Object.keys(result.structuredContent as object)));
  });
});

function bytes(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value));
}
