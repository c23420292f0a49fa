import { expect, it } from "vitest";
import { callTool, connect, startPatchbay } from "../../test/fixtures/connect.ts";

it("changes what is given and leaves the rest", async () => {
  const client = await connect();
  const { memory } = (await callTool(client, "memory_add", { content: "Ana prefers tea", tags: ["drinks"] })) as {
    memory: { id: string };
  };
  const changed = await callTool(client, "memory_update", { memory_id: memory.id, content: "Ana prefers coffee" });
  expect(changed).toMatchObject({
    status: "success",
    memory: {
      ...memory,
      content: "Ana prefers coffee",
      updated_at: expect.any(String),
      version: 2,
      origin: "memory_update",
    },
  });
  await callTool(client, "memory_update", { memory_id: memory.id, content: "", tags: ["breakfast"] });
  expect(await callTool(client, "memory_search", { query: "coffee", tag: "breakfast" })).toMatchObject({
    results: [{ content: "Ana prefers coffee", tags: ["breakfast"] }],
  });
  expect(await callTool(client, "memory_search", { query: "tea" })).toMatchObject({ results: [] });
});

it("takes a change back", async () => {
  const client = await connect();
  const { memory } = (await callTool(client, "memory_add", { content: "Ana prefers tea", tags: ["drinks"] })) as {
    memory: { id: string };
  };
  await callTool(client, "memory_update", { memory_id: memory.id, content: "x", tags: [] });
  expect(await callTool(client, "memory_update", { memory_id: memory.id, restore_version: 1 })).toMatchObject({
    memory: { content: "Ana prefers tea", tags: ["drinks"], version: 3 },
  });
  expect(await callTool(client, "memory_update", { memory_id: memory.id, restore_version: 7 })).toMatchObject({
    code: "not_found",
    message: "Version 7 of the memory is not kept.",
    hint: "Versions that can be restored: 1, 2, 3.",
  });
});

it("says what it does", async () => {
  const client = await connect();
  const { memory } = (await callTool(client, "memory_add", { content: "x" })) as { memory: { id: string } };
  const lines: string[] = [];
  await client.callTool(
    { name: "memory_update", arguments: { memory_id: memory.id, content: "y" } },
    { onprogress: ({ message }) => lines.push(message ?? "") },
  );
  expect(lines).toEqual(["Updating memory", "Memory updated successfully"]);
});

it("refuses what is missing, wrong, too long or another user's", async () => {
  const patchbay = await startPatchbay();
  const ana = await connect({}, { patchbay, user: "ana" });
  const ben = await connect({}, { patchbay, user: "ben" });
  const { memory } = (await callTool(ana, "memory_add", { content: "x" })) as { memory: { id: string } };
  const memory_id = memory.id;
  for (const [args, code, message] of [
    [{ content: "y" }, "invalid_input", "Memory ID is required"],
    [{ memory_id: "", content: "y" }, "invalid_input", "Memory ID is required"],
    [{ memory_id: "7", content: "y" }, "not_found", "Memory not found"],
    [{ memory_id }, "invalid_input", "There is nothing to change."],
    [
      { memory_id, content: "x".repeat(501) },
      "invalid_input",
      "Memory too long: it has 501 characters, the limit is 500.",
    ],
  ] as const) {
    expect(await callTool(ana, "memory_update", args)).toMatchObject({ status: "error", code, message });
  }
  expect(await callTool(ben, "memory_update", { memory_id, content: "y" })).toMatchObject({ code: "not_found" });
  expect(await callTool(ana, "memory_list")).toMatchObject({ memories: [{ content: "x" }] });
});
