import { describe, expect, it } from "vitest";
import { callTool, connect, startPatchbay } from "../../test/fixtures/connect.ts";

describe("memory_add", () => {
  it("stores a memory and gives it back", async () => {
    const client = await connect();
    const result = await callTool(client, "memory_add", {
      content: "Ana prefers tea",
      tags: ["drinks"],
      speaker: "Ana",
      source: "chat 7",
      occurred_at: "2026-03-01",
    });
    expect(result).toEqual({
      status: "success",
      memory: {
        id: expect.stringMatching(/^[0-9a-f-]{36}$/),
        content: "Ana prefers tea",
        tags: ["drinks"],
        created_at: expect.stringMatching(/Z$/),
        updated_at: expect.stringMatching(/Z$/),
        speaker: "Ana",
        source: "chat 7",
        occurred_at: "2026-03-01",
        version: 1,
        origin: "memory_add",
      },
    });
    expect(await callTool(client, "memory_list")).toMatchObject({ memories: [result.memory], total: 1 });
  });

  it("says what it does, as it does it", async () => {
    const client = await connect();
    const lines: string[] = [];
    await client.callTool(
      { name: "memory_add", arguments: { content: "x" } },
      { onprogress: ({ message }) => lines.push(message ?? "") },
    );
    expect(lines).toEqual(["Adding new memory", "Memory added successfully"]);
  });

  it("takes what bridges and models send for absent parameters", async () => {
    const client = await connect();
    const sent = { content: "x", tags: [], source: "", speaker: null, occurred_at: "" };
    const { memory } = await callTool(client, "memory_add", sent);
    expect(Object.keys(memory as object).sort()).toEqual([
      "content",
      "created_at",
      "id",
      "origin",
      "tags",
      "updated_at",
      "version",
    ]);
  });

  it.each([
    [{}, "Memory content is required"],
    [{ content: "" }, "Memory content is required"],
    [{ content: null }, "Memory content is required"],
    [{ content: 5 }, '"content" must be a string, not 5.'],
    [{ content: "x".repeat(501) }, "Memory too long: it has 501 characters, the limit is 500."],
    [{ content: "a\u0000b" }, '"content" contains a NUL character, which text must not contain.'],
    [{ content: "a\ud800b" }, '"content" contains a lone surrogate, which text must not contain.'],
    [{ text: "hello" }, '"text" is no parameter of memory_add.'],
    [{ content: "x", tags: "drinks" }, '"tags" must be a list such as ["a", "b"], not a string.'],
    [{ content: "x", tags: [1] }, '"tags.0" must be a string, not 1.'],
    [{ content: "x", occurred_at: "soon" }, '"occurred_at" must be an ISO 8601 date or time, not "soon".'],
    [{ content: "x", user: "ben" }, '"user" is no parameter of memory_add.'],
  ])("refuses %j", async (args, message) => {
    const client = await connect();
    expect(await callTool(client, "memory_add", args)).toMatchObject({
      status: "error",
      code: "invalid_input",
      message,
    });
    expect(await callTool(client, "memory_list")).toMatchObject({ total: 0 });
  });

  it("gives back what is stored already, and says so", async () => {
    const client = await connect();
    const first = await callTool(client, "memory_add", { content: "Ana prefers tea" });
    expect(await callTool(client, "memory_add", { content: "Ana prefers tea" })).toEqual({ ...first, existing: true });
    expect(await callTool(client, "memory_list")).toMatchObject({ total: 1 });
  });

  it("stores several at once, all or none, and names the one that is wrong", async () => {
    const client = await connect();
    const memories = [
      { content: "a", tags: ["x"] },
      { content: "b", speaker: "Ana", importance: 0.9 },
      { content: "a" },
    ];
    expect(await callTool(client, "memory_add", { memories })).toMatchObject({
      status: "success",
      memories: [
        { content: "a", tags: ["x"] },
        { content: "b", speaker: "Ana" },
        { content: "a", existing: true },
      ],
    });
    expect(await callTool(client, "memory_add", { memories: [{ content: "c" }, { content: " " }] })).toMatchObject({
      code: "invalid_input",
      issues: [{ path: "memories/1", message: "Memory content is required" }],
    });
    for (const wrong of [
      { memories: [] },
      { memories: [{ text: "c" }] },
      { memories: [{ content: 5 }] },
      { memories: ["c"] },
      { content: "c", memories: [{ content: "d" }] },
    ]) {
      expect(await callTool(client, "memory_add", wrong), JSON.stringify(wrong)).toMatchObject({
        code: "invalid_input",
      });
    }
    expect(await callTool(client, "memory_list")).toMatchObject({ total: 2 });
  });

  it("puts a newer memory in the place of an older one", async () => {
    const client = await connect();
    const { memory } = (await callTool(client, "memory_add", { content: "Ana lives in Rome" })) as {
      memory: { id: string };
    };
    const content = "Ana lives in Paris";
    await callTool(client, "memory_add", { content, supersedes: memory.id });
    expect(await callTool(client, "memory_search", { query: "Where does Ana live?" })).toMatchObject({
      results: [{ content }],
    });
    expect(await callTool(client, "memory_list")).toMatchObject({ memories: [{ content }], total: 1 });
    expect(await callTool(client, "memory_list", { filter: { superseded: true } })).toMatchObject({ total: 2 });
  });

  it("keeps the limits of the configuration", async () => {
    const client = await connect({ memory: { maxMemories: 2, maxMemoryLength: 3 } });
    const results = await Promise.all(["a", "b", "c"].map((content) => callTool(client, "memory_add", { content })));
    expect(results.filter((result) => result.status === "success")).toHaveLength(2);
    expect(results.find((result) => result.status === "error")).toMatchObject({
      code: "limit_reached",
      message: "Memory limit reached: 2 of 2 memories are stored.",
    });
    expect(await callTool(client, "memory_add", { content: "four" })).toMatchObject({
      message: expect.stringMatching(/^Memory too long/),
    });
  });

  it("says in its status line which limit was met", async () => {
    const client = await connect({ memory: { maxMemories: 1, maxMemoryLength: 3 } });
    const lastLine = async (content: string) => {
      const lines: (string | undefined)[] = [];
      const onprogress = ({ message }: { message?: string | undefined }) => void lines.push(message);
      await client.callTool({ name: "memory_add", arguments: { content } }, { onprogress });
      return lines.at(-1);
    };
    expect(await lastLine("four")).toBe("Memory exceeds maximum length of 3 characters");
    expect(await lastLine("one")).toBe("Memory added successfully");
    expect(await lastLine("two")).toBe("Maximum number of memories (1) reached");
  });

  it("is kept for the next start of the server", async () => {
    const first = await startPatchbay();
    const client = await connect({}, { patchbay: first });
    await callTool(client, "memory_add", { content: "Ana prefers tea" });
    await first.dispose();
    // The services are made anew with the next call.
    expect(await callTool(client, "memory_list")).toMatchObject({ memories: [{ content: "Ana prefers tea" }] });
  });
});
