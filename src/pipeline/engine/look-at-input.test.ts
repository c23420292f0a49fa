import { expect, it } from "vitest";
import { engineOrder, noHost, runRows } from "../../../test/fixtures/engine.ts";
import { lookAtInput } from "./look-at-input.ts";
import { readInput } from "./read-input.ts";
import { runEngine } from "./run-engine.ts";

type Suggestion = { rows: number; remarks: string[]; fields: Record<string, unknown>; input_options?: unknown };

const look = async (text: string, order: Parameters<typeof engineOrder>[1] = {}) => {
  const result = await runEngine(engineOrder([], { input: { kind: "text", text }, suggest: true, ...order }), noHost);
  return { ...result, suggestion: result.suggestion as unknown as Suggestion };
};

it("looks at all rows of an input of common size", async () => {
  const rows = Array.from({ length: 110_000 }, (_, n) => ({ id: n, kind: n === 109_999 ? "rare" : "common" }));
  const { suggestion, input } = await runRows(rows, { suggest: true });
  expect(suggestion).toMatchObject({ rows: 110_000, remarks: [] });
  expect(suggestion?.fields).toMatchObject({ kind: { enum: ["common", "rare"] } });
  expect(input).toMatchObject({ rows: 110_000 });
  expect(input.complete).toBeUndefined();
});

it("says of how much of a larger input the rules are", () => {
  const rows = Array.from({ length: 4000 }, (_, n) => ({ id: n, kind: "common" }));
  const input = readInput(engineOrder(rows, {}), 1000);
  const { suggestion } = lookAtInput(input, () => {}, 6000);
  expect(suggestion).toMatchObject({
    rows: 3000,
    remarks: [
      "only the first 3000 rows were looked at, about 75 % of the input: rules such as enum, required and unique may not hold for the others",
    ],
  });
});

it("gives the options that the input is read by", async () => {
  expect((await look("a;b\n1;2\n3;4\n")).suggestion.input_options).toEqual({ delimiter: ";" });
  expect((await look("a,b\n1,2\n3,4\n")).suggestion.input_options).toBeUndefined();
  const bytes = Buffer.from("name;stadt\nMüller;Köln\nJäger;Düren\nGroß;Überlingen\n", "latin1");
  const { suggestion } = await look("", { input: { kind: "bytes", bytes } });
  expect(suggestion.input_options).toEqual({ encoding: "windows-1252", delimiter: ";" });
});

it("tells of rows that cannot be read, and ends only where most cannot", async () => {
  const { suggestion, input } = await look("a,b\n1,2\n3\n4,5\n");
  expect(suggestion.fields).toMatchObject({ a: { type: "integer" }, b: { type: "integer" } });
  expect(suggestion.remarks[0]).toMatch(/^The csv input has 1 unreadable row: .*on_bad_row/);
  expect(input).toMatchObject({ rows: 2, issues_total: 1 });
  await expect(look("a,b\n1\n2\n3,4\n")).rejects.toThrow(/2 unreadable rows/);
});

it("tells of a dry run that it took the first rows", async () => {
  const rows = Array.from({ length: 1500 }, (_, n) => ({ n }));
  expect((await runRows(rows, { dryRun: true })).input).toMatchObject({ rows: 20, complete: false });
  expect((await runRows(rows.slice(0, 20), { dryRun: true })).input).toEqual({ format: "json", rows: 20 });
});
