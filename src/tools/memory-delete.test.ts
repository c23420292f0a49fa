import { expect, it } from "vitest";
import { answerPage } from "../../test/fixtures/asking-clients.ts";
import { callTool, connect, startPatchbay } from "../../test/fixtures/connect.ts";

it("deletes a memory, once", async () => {
  const client = await connect();
  const { memory } = (await callTool(client, "memory_add", { content: "tea" })) as { memory: { id: string } };
  const lines: string[] = [];
  await client.callTool(
    { name: "memory_delete", arguments: { memory_id: memory.id } },
    { onprogress: ({ message }) => lines.push(message ?? "") },
  );
  expect(lines).toEqual(["Deleting memory", "Memory deleted successfully"]);
  expect(await callTool(client, "memory_list")).toMatchObject({ total: 0 });
  expect(await callTool(client, "memory_search", { query: "tea" })).toMatchObject({ results: [] });
  expect(await callTool(client, "memory_delete", { memory_id: memory.id })).toMatchObject({
    status: "error",
    code: "not_found",
    message: "Memory not found",
    hint: expect.stringContaining("memory_list"),
  });
});

it("counts what a filter names, and deletes it only with confirm", async () => {
  const client = await connect();
  const memories = ["a", "b", "c"].map((content, index) => ({ content, tags: index < 2 ? ["old"] : [] }));
  await callTool(client, "memory_add", { memories });
  expect(await callTool(client, "memory_delete", { filter: { tag: "Old" } })).toEqual({
    status: "success",
    message: "2 memories would be deleted; nothing was. Ask the user, then call again with confirm: true.",
    matched: 2,
    deleted: 0,
  });
  expect(await callTool(client, "memory_delete", { filter: { tag: "old" }, confirm: true })).toMatchObject({
    deleted: 2,
  });
  expect(await callTool(client, "memory_list")).toMatchObject({ memories: [{ content: "c" }], total: 1 });
  expect(await callTool(client, "memory_delete", { all: true })).toMatchObject({ matched: 1, deleted: 0 });
  expect(await callTool(client, "memory_delete", { all: true, confirm: true })).toMatchObject({ deleted: 1 });
  expect(await callTool(client, "memory_list")).toMatchObject({ total: 0 });
});

it.each([
  { filter: { tags: "old" }, confirm: true },
  { filter: {}, confirm: true },
  { filter: { tag: "" }, confirm: true },
  { filter: { after: "soon" }, confirm: true },
  { filter: { tag: "old" }, all: true, confirm: true },
  { memory_id: "00000000-0000-4000-8000-000000000000", all: true, confirm: true },
  { confirm: true },
])("deletes nothing by %j", async (args) => {
  const client = await connect();
  await callTool(client, "memory_add", { content: "kept", tags: ["old"] });
  expect(await callTool(client, "memory_delete", args)).toMatchObject({ code: "invalid_input" });
  expect(await callTool(client, "memory_list")).toMatchObject({ total: 1 });
});

it.each([{}, { memory_id: "" }, { memory_id: null }])("asks for the id instead of %j", async (args) => {
  const client = await connect();
  expect(await callTool(client, "memory_delete", args)).toMatchObject({
    code: "invalid_input",
    message: "Memory ID is required",
  });
});

it("deletes nothing of another user", async () => {
  const patchbay = await startPatchbay();
  const ana = await connect({}, { patchbay, user: "ana" });
  const ben = await connect({}, { patchbay, user: "ben" });
  const { memory } = (await callTool(ana, "memory_add", { content: "tea" })) as { memory: { id: string } };
  expect(await callTool(ben, "memory_delete", { memory_id: memory.id })).toMatchObject({ code: "not_found" });
  expect(await callTool(ana, "memory_list")).toMatchObject({ total: 1 });
});

it("asks the user before it deletes, and not before it counts or where there is nothing", async () => {
  const client = await connect({ interaction: { confirmationRequired: ["memory_delete"] } });
  await callTool(client, "memory_add", { content: "junk", tags: ["junk"] });
  const call = (args: Record<string, unknown>) => callTool(client, "memory_delete", args);
  expect(await call({ filter: { tag: "junk" } })).toMatchObject({ status: "success", matched: 1, deleted: 0 });
  expect(await call({ filter: { tag: "none" }, confirm: true })).toMatchObject({ status: "success", deleted: 0 });
  expect(await call({ filter: { tag: "junk" }, confirm: true })).toMatchObject({
    status: "needs_input",
    question: { message: expect.stringContaining('\n\n1 memory will be deleted. Namely: "junk"\n') },
  });
  expect(await call({ filter: {}, confirm: true })).toMatchObject({ code: "invalid_input" });
});

it("takes a yes for the memories that were meant, though others would read the same", async () => {
  const client = await connect({ interaction: { confirmationRequired: ["memory_delete"] } });
  const call = (name: string, args: Record<string, unknown> = {}) => callTool(client, name, args);
  const ids: string[] = [];
  const contents = ["one", "two", `three ${"x".repeat(200)}`, "four", "five"];
  for (const content of contents) {
    const tags = content === "five" ? ["keep"] : ["junk"];
    const { memory } = (await call("memory_add", { content, tags })) as { memory: { id: string } };
    ids.push(memory.id);
  }
  const junk = { filter: { tag: "junk" }, confirm: true };
  const asked = (await call("memory_delete", junk)) as { url: string; question: { message: string } };
  expect(asked.question.message).toContain(
    `\n\n4 memories will be deleted. The oldest: "one", "two", "three ${"x".repeat(94)}"…\n`,
  );
  await answerPage(asked.url, { answer: "yes" });
  await call("memory_update", { memory_id: ids[3], tags: ["keep"] });
  await call("memory_update", { memory_id: ids[4], tags: ["junk"] });
  const again = await call("memory_delete", junk);
  expect(again).toMatchObject({ status: "needs_input", question: asked.question });
  expect(await call("memory_list")).toMatchObject({ total: 5 });
  await answerPage(again.url as string, { answer: "yes" });
  expect(await call("memory_delete", junk)).toMatchObject({ status: "success", deleted: 4 });
  expect(await call("memory_list")).toMatchObject({ total: 1, memories: [{ content: "four" }] });
});
