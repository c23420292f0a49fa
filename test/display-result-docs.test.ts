import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { callTool, connect } from "./fixtures/connect.ts";

const page = readFileSync("docs/display-result.md", "utf8");
const EXAMPLE = /```json\n([\s\S]*?)\n```(?:\n\n````markdown\n([\s\S]*?)\n````)?/g;
const examples = [...page.matchAll(EXAMPLE)].map(([, json = "", text]) => ({ args: JSON.parse(json), text }));

it("the examples of docs/display-result.md give what the page says", async () => {
  const client = await connect();
  const shown = examples.filter(({ args }) => args.status === undefined);
  expect(shown).toHaveLength(5);
  for (const { args, text } of shown) {
    const result = await callTool(client, "display_result", args);
    expect(result).toMatchObject({ status: "success", data: args.result_data ?? {} });
    expect(result.text).toBe(text);
  }
});

it("the error on the page is the one that the server gives", async () => {
  const args = { rows: [{ who: "Ana", sum: "12 €" }], chart: "bar", y: ["sum"] };
  const error = examples.find((example) => example.args.status === "error")?.args;
  expect(await callTool(await connect(), "display_result", args)).toEqual(error);
});
