import { expect, it } from "vitest";
import { callTool, connect, startPatchbay } from "../../test/fixtures/connect.ts";

it("lists the newest first, with the total, by page and by tag", async () => {
  const client = await connect();
  for (let index = 1; index <= 12; index++) {
    await callTool(client, "memory_add", { content: `memory ${index}`, tags: index % 2 === 0 ? ["even"] : [] });
  }
  const contents = ({ memories }: Record<string, unknown>) =>
    (memories as { content: string }[]).map((memory) => memory.content);
  const first = await callTool(client, "memory_list");
  expect(first).toMatchObject({ status: "success", total: 12, limit: 10, offset: 0 });
  expect(contents(first)).toHaveLength(10);
  expect(contents(first)[0]).toBe("memory 12");
  expect(contents(await callTool(client, "memory_list", { offset: 10 }))).toEqual(["memory 2", "memory 1"]);
  const even = await callTool(client, "memory_list", { tag: "Even", limit: 2 });
  expect(even).toMatchObject({ total: 6, limit: 2 });
  expect(contents(even)).toEqual(["memory 12", "memory 10"]);
});

it("caps the limit and takes a negative offset for 0", async () => {
  const client = await connect();
  expect(await callTool(client, "memory_list", { limit: 5000, offset: -3 })).toEqual({
    status: "success",
    memories: [],
    total: 0,
    limit: 100,
    offset: 0,
  });
});

it.each([0, -1])("refuses a limit of %i, which would hide what there is", async (limit) => {
  const client = await connect();
  expect(await callTool(client, "memory_list", { limit })).toMatchObject({
    status: "error",
    code: "invalid_input",
    message: "limit must be at least 1",
  });
});

it("says how many it retrieved", async () => {
  const client = await connect();
  await callTool(client, "memory_add", { content: "x" });
  const lines: string[] = [];
  await client.callTool({ name: "memory_list" }, { onprogress: ({ message }) => lines.push(message ?? "") });
  expect(lines).toEqual(["Retrieving memories", "Retrieved 1 memories"]);
});

it.each([{ limit: "ten" }, { limit: 1.5 }, { offset: [] }, { tag: 7 }, { page: 2 }])("refuses %j", async (args) => {
  const client = await connect();
  expect(await callTool(client, "memory_list", args)).toMatchObject({ status: "error", code: "invalid_input" });
});

it("shows nobody another user's memories", async () => {
  const patchbay = await startPatchbay();
  const ana = await connect({}, { patchbay, user: "ana" });
  const ben = await connect({}, { patchbay, user: "ben" });
  await callTool(ana, "memory_add", { content: "Ana's plan", tags: ["plan"] });
  for (const args of [{}, { tag: "plan" }]) {
    expect(await callTool(ben, "memory_list", args)).toMatchObject({ memories: [], total: 0 });
  }
});
