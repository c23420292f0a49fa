import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { failure, named, noServices, run } from "../../test/fixtures/pipelines.ts";
import { createPipelines, type PipelineDefinition } from "./pipelines.ts";

describe("named pipelines", () => {
  const definitions = {
    clean: named({
      description: "Cleans orders.",
      inputFormat: "csv",
      outputFormat: "ndjson",
      processingSteps: [{ transform: { operations: [{ op: "cast", fields: { amount: "number" } }] } }, "format"],
    }),
  };

  it("run with their own formats and steps", async () => {
    const result = await run({ pipeline: "clean", text: "amount\n5" }, definitions);
    expect(result.final_data).toBe('{"amount":5}\n');
  });

  it("take rows and another output format as well", async () => {
    const result = await run({ pipeline: "clean", data: [{ amount: "5" }], outputFormat: "json" }, definitions);
    expect(result.final_data).toEqual([{ amount: 5 }]);
  });

  it("are listed", () => {
    expect(createPipelines(definitions, noServices).list()).toEqual([
      {
        name: "clean",
        description: "Cleans orders.",
        inputFormat: "csv",
        outputFormat: "ndjson",
        steps: ["transform", "format"],
      },
    ]);
  });

  it("that do not exist are named, with those that do", async () => {
    const error = await failure(run({ pipeline: "constructor", data: [] }, definitions));
    expect(error).toMatchObject({ code: "unknown_pipeline", hint: "Configured pipelines: clean." });
    expect((await failure(run({ pipeline: "x", data: [] }))).hint).toMatch(/No pipelines are configured/);
  });

  it("take no other steps", async () => {
    expect((await failure(run({ pipeline: "clean", data: [], steps: [] }, definitions))).code).toBe("invalid_input");
  });

  it.each<[string, Partial<PipelineDefinition>, RegExp]>([
    ["a step", { processingSteps: ["format", "clean"] }, /Pipeline "p": Step 2: unknown step "clean"/],
    ["a key", { processingSteps: [{ validate: { schem: {} } }] }, /Step 1 \(validate\): unknown key "schem"/],
    [
      "an operation",
      { processingSteps: [{ transform: { operations: [{ op: "trim" }, { op: "pick" }] } }] },
      /Step 1 \(transform\), operation 2 \(pick\): "fields" must be a list/,
    ],
    ["a format", { inputFormat: "xls" }, /"inputFormat" must be one of/],
  ])("that are wrong say so when they are called and when they are listed: %s", async (_, definition, message) => {
    const broken = { ...definitions, p: named(definition) };
    expect(await failure(run({ pipeline: "p", data: [] }, broken))).toMatchObject({
      code: "invalid_config",
      message: expect.stringMatching(message),
    });
    const [, listed] = createPipelines(broken, noServices).list();
    expect(listed).toMatchObject({ name: "p", steps: [] });
    expect(`Pipeline "p": ${listed?.error}`).toMatch(message);
  });

  it("that are wrong leave the others and steps in the call alone", async () => {
    const broken = { ...definitions, p: named({ processingSteps: ["polish"] }) };
    expect((await run({ pipeline: "clean", text: "amount\n5" }, broken)).final_data).toBe('{"amount":5}\n');
    expect((await run({ data: [{ a: 1 }], steps: ["format"] }, broken)).final_data).toEqual([{ a: 1 }]);
    expect((await failure(run({ pipeline: "x", data: [] }, broken))).hint).toBe("Configured pipelines: clean.");
  });
});

describe("the examples of docs/pipelines.md", async () => {
  const page = await readFile(new URL("../../docs/pipelines.md", import.meta.url), "utf8");
  const example = (language: string, place = 0) =>
    parse([...page.matchAll(new RegExp(`\`\`\`${language}\n(.*?)\`\`\``, "gs"))][place]?.[1] ?? "");

  it("give what the page says", async () => {
    const { input_format, output_format, ...request } = example("json");
    const result = await run({ ...request, inputFormat: input_format, outputFormat: output_format });
    expect(result.final_data).toEqual([
      { id: 1, customer: "Ana", amount: 19.9, country: "DE", gross: 23.68, currency: "EUR" },
    ]);
    expect(result.steps.map(({ status }) => status)).toEqual(["partial", "partial", "success", "success"]);
  });

  it("drop orders without an id, and those alone", async () => {
    const { clean_orders } = example("yaml").pipelines;
    const text = "id,amount\n1,5\n,6\n \t,7\n3,";
    expect((await run({ pipeline: "clean_orders", text }, { clean_orders })).final_data).toEqual([
      { id: "1", amount: 5 },
      { id: "3", amount: null },
    ]);
  });
});
