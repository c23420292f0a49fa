import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { runRows } from "../../test/fixtures/engine.ts";
import { arranged, orderOf } from "./column-order.ts";

/** The text of a table that operations make of a CSV text. */
async function table(
  text: string,
  operations: readonly unknown[],
  more: Record<string, unknown> = {},
): Promise<string> {
  const order = { input: { kind: "text", text } as const, inputFormat: "csv", outputFormat: "csv", ...more };
  const { output } = await runRows([], { ...order, steps: [{ name: "transform", operations }] });
  return output && "text" in output.content ? output.content.text.replaceAll("\r\n", "\n") : "";
}

const header = async (...given: Parameters<typeof table>): Promise<string> =>
  (await table(...given)).split("\n")[0] as string;

describe("columns that are named by whole numbers", () => {
  const text = "country,2025,2024,note\nDE,1,2,x\n";

  it.each([
    [[], "country,2025,2024,note"],
    [[{ op: "pick", fields: ["2025", "country", "2024"] }], "2025,country,2024"],
    [[{ op: "omit", fields: ["country"] }], "2025,2024,note"],
    [[{ op: "reorder", fields: ["note", "2024"] }], "note,2024,country,2025"],
    [[{ op: "reorder", fields: ["country", "2025"], at: "end" }], "2024,note,country,2025"],
    [[{ op: "rename", fields: { note: "2023", "2025": "now" } }], "country,now,2024,2023"],
    [[{ op: "rename", fields: { "2024": "y2024", "2025": "y2025" } }], "country,y2025,y2024,note"],
    [
      [
        { op: "omit", fields: ["note"] },
        { op: "lift", field: "2025", on_error: "keep" },
      ],
      "country,2025,2024",
    ],
    [[{ op: "rename", fields: { country: "2025" } }], "2025,2024,note"],
    [
      [
        { op: "compute", fields: { "2026": "1" } },
        { op: "compute", field: "sum", expression: "1" },
      ],
      "country,2025,2024,note,2026,sum",
    ],
    [
      [
        { op: "set", values: { "7": 1 } },
        { op: "row_number", into: "n" },
        { op: "running", fn: "row_number", into: "3" },
      ],
      "country,2025,2024,note,7,n,3",
    ],
    [[{ op: "split", field: "note", separator: "-", into: ["9", "8"] }], "country,2025,2024,note,9,8"],
    [[{ op: "nest", fields: ["country", "note"], into: "o" }], "o,2025,2024"],
    [[{ op: "nest", fields: ["country", "note"], into: "o" }, { op: "flatten" }], "o.country,o.note,2025,2024"],
    [[{ op: "unpivot", fields: ["2024"], name: "1", value: "0" }], "country,2025,note,1,0"],
    [[{ op: "group", by: ["note", "2024"], aggregates: { "2023": "count" } }], "note,2024,2023"],
    [[{ op: "collect", by: ["country", "2025"], into: "0" }], "country,2025,0"],
    [[{ op: "explode", field: "note", into: "5", position: "4" }], "country,2025,2024,note,5,4"],
    [[{ op: "pick", fields: ["2025", "country"], when: "false" }], "country,2025,2024,note"],
    [
      [
        { op: "sort", by: "country" },
        { op: "dedupe", keep: "last" },
        { op: "top", count: 1 },
      ],
      "country,2025,2024,note",
    ],
  ])("stand where they were, or where %j puts them", async (operations, expected) => {
    expect(await header(text, operations)).toBe(expected);
    expect(await header(text, operations, { outputFormat: "tsv" })).toBe(expected.replaceAll(",", "\t"));
    expect(await header(text, operations, { outputFormat: "markdown" })).toBe(`| ${expected.replaceAll(",", " | ")} |`);
  });

  it("have their values below them", async () => {
    expect(await table(text, [])).toBe(text);
    expect(await table("|b|2|1|\n|-|-|-|\n|x|y|z|", [], { inputFormat: "markdown" })).toBe("b,2,1\nx,y,z\n");
    const options = { inputOptions: { header: ["c", "2", "1"] } };
    expect(await table("x,y,z\n", [], options)).toBe("c,2,1\nx,y,z\n");
  });

  it("are those of a pivot, after its index and in the order in which its values come", async () => {
    const long = "country,year,n\nDE,2025,1\nDE,2024,2\nFR,2024,3\nFR,2026,4\n";
    const pivot = { op: "pivot", index: "country", column: "year", value: "n" };
    expect(await table(long, [pivot])).toBe("country,2025,2024,2026\nDE,1,2,\nFR,,3,4\n");
    expect(await header(long, [pivot, { op: "pick", fields: ["2024", "country", "2025"] }])).toBe("2024,country,2025");
  });

  it("are in a table without rows, too", async () => {
    expect(await table(text, [{ op: "filter", expression: "false" }])).toBe("country,2025,2024,note\n");
    expect(await table("b,2,1\n", [{ op: "rename", fields: { b: "0" } }])).toBe("0,2,1\n");
  });

  it("are as objects have them, where the input is objects", async () => {
    const { output } = await runRows([{ b: 1, 2: 3, 1: 4 }, { 0: 1 }], { steps: [], outputFormat: "csv" });
    expect(output).toMatchObject({ content: { text: "1,2,b,0\r\n4,3,1,\r\n,,,1\r\n" } });
  });
});

it("what JSONata makes is as it makes it", async () => {
  const input = { kind: "text", text: "b,2,1,a\n5,6,7,8\n" } as const;
  const header = async (jsonata: string): Promise<unknown> => {
    const steps = [{ name: "transform", jsonata }];
    const { output } = await runRows([], { input, inputFormat: "csv", outputFormat: "csv", steps });
    return output && "text" in output.content && output.content.text.split("\r\n")[0];
  };
  expect(await header('{ "a": a, "b": b, "x": 1 }')).toBe("a,b,x");
  expect(await header("$[a = 1]")).toBe("b,2,1,a");
});

const name = fc.oneof(fc.nat(30).map(String), fc.constantFrom("a", "b", "c", "d2", "4294967295", "01", "-1", "1.5"));
const names = fc.uniqueArray(name, { minLength: 1, maxLength: 8 });

describe("any header", () => {
  it("keeps its order, through pick, reorder and rename as they say", async () => {
    await fc.assert(
      fc.asyncProperty(names, fc.infiniteStream(fc.nat()), async (columns, random) => {
        const text = `${columns.join(",")}\n${columns.map((column) => `v${column}`).join(",")}\n`;
        const shuffled = [...columns].sort(
          (a, b) => a.length - b.length || (random.next().value as number) - 1e9 || (a < b ? 1 : -1),
        );
        const some = shuffled.slice(0, 1 + ((random.next().value as number) % columns.length));
        const rest = columns.filter((column) => !some.includes(column));
        const fields = Object.fromEntries(some.map((column) => [column, `${/\d/.test(column) ? "y" : 1}${column}`]));
        const renamed = columns.map((column) => fields[column] ?? column);
        if (new Set(renamed).size !== renamed.length) return;
        expect(await table(text, [])).toBe(text);
        expect(await header(text, [{ op: "pick", fields: some }])).toBe(some.join(","));
        expect(await header(text, [{ op: "reorder", fields: some }])).toBe([...some, ...rest].join(","));
        expect(await header(text, [{ op: "rename", fields }])).toBe(renamed.join(","));
      }),
      { numRuns: 60 },
    );
  });

  it("is what a pivot by its names has, whatever they are", async () => {
    await fc.assert(
      fc.asyncProperty(names, async (columns) => {
        const text = `key,name,value\n${columns.map((column) => `k,${column},v`).join("\n")}\n`;
        const pivot = { op: "pivot", index: ["key"], column: "name", value: "value" };
        expect(await header(text, [pivot])).toBe(["key", ...columns].join(","));
      }),
      { numRuns: 60 },
    );
  });
});

describe("arranged", () => {
  it.each([
    ["names without whole numbers as they are", ["b", "a"], ["a", "b"], ["b", "a"]],
    ["names in the order of the data", ["1", "2", "a", "b"], ["b", "2", "a", "1"], ["b", "2", "a", "1"]],
    ["names that were whole numbers, too", ["x", "a"], ["a", "x", "2"], ["a", "x"]],
    ["names that are not known where they stood, or last", ["1", "n", "a", "m"], ["1", "a"], ["1", "n", "a", "m"]],
    ["whole numbers that are not known last", ["1", "2", "a", "b"], ["2", "a"], ["2", "a", "b", "1"]],
    ["nothing moved where none is known", ["1", "a"], ["b", "2"], ["1", "a"]],
    [
      "nothing moved that objects leave alone",
      ["01", "-1", "4294967295", "a"],
      ["a", "01"],
      ["01", "-1", "4294967295", "a"],
    ],
  ])("gives %s", (_, names, order, expected) => {
    expect(arranged(names, orderOf(order))).toEqual(expected);
  });
});
