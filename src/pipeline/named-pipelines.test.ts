import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { failure, named, run, startPipelines } from "../../test/fixtures/pipelines.ts";
import { configSchema } from "../config/config-schema.ts";
import type { PipelineDefinition } from "./definitions/definitions.ts";

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
    expect(result.pipeline).toEqual({ name: "clean", version: "1" });
  });

  it("take rows and another output format as well", async () => {
    const result = await run({ pipeline: "clean", data: [{ amount: "5" }], outputFormat: "json" }, definitions);
    expect(result.final_data).toEqual([{ amount: 5 }]);
  });

  it("read the input as their options say, and a call's options over these", async () => {
    const semicolons = named({ ...definitions.clean, inputOptions: { delimiter: ";", null_values: ["-"] } });
    const text = "amount;note\n5;-";
    expect((await run({ pipeline: "p", text }, { p: semicolons })).final_data).toBe('{"amount":5,"note":null}\n');
    const inputOptions = { null_values: [] };
    expect((await run({ pipeline: "p", text, inputOptions }, { p: semicolons })).final_data).toBe(
      '{"amount":5,"note":"-"}\n',
    );
  });

  it("are described as they are configured", () => {
    expect(startPipelines({ definitions }).describe()).toEqual([
      {
        name: "clean",
        version: "1",
        description: "Cleans orders.",
        parameters: {},
        input_format: "csv",
        output_format: "ndjson",
        steps: definitions.clean.processingSteps,
      },
    ]);
  });

  it("that do not exist are named, with those that do and the one that is meant", async () => {
    const error = await failure(run({ pipeline: "constructor", data: [] }, definitions));
    expect(error).toMatchObject({
      code: "unknown_pipeline",
      hint: "Configured pipelines: clean. pipeline://definitions describes them.",
    });
    expect((await failure(run({ pipeline: "Claen", data: [] }, definitions))).hint).toMatch(/^Did you mean "clean"\?/);
    expect((await failure(run({ pipeline: "x", data: [] }))).hint).toMatch(/No pipelines are configured/);
  });

  it("take no other steps", async () => {
    expect((await failure(run({ pipeline: "clean", data: [], steps: [] }, definitions))).code).toBe("invalid_input");
  });

  it("may be asked for with their version, which is part of the run's id", async () => {
    const data = [{ amount: "5" }];
    const second = { clean: { ...definitions.clean, version: 2 } };
    const result = await run({ pipeline: "clean@2", data }, second);
    expect(result.pipeline).toEqual({ name: "clean", version: "2" });
    expect(result.run_id).not.toBe((await run({ pipeline: "clean", data }, definitions)).run_id);
    expect(result.run_id).toBe((await run({ pipeline: "clean", data }, second)).run_id);
    expect(await failure(run({ pipeline: "clean@1", data }, second))).toMatchObject({
      code: "unknown_pipeline",
      message: 'Pipeline "clean" has version "2", not "1".',
      hint: 'Call "clean@2", or "clean" for whichever version is configured.',
    });
  });

  const wrong: [string, Partial<PipelineDefinition>, RegExp][] = [
    ["a step", { processingSteps: ["format", "clean"] }, /Pipeline "p": Step 2: unknown step "clean"/],
    ["a key", { processingSteps: [{ validate: { schem: {} } }] }, /Step 1 \(validate\): unknown key "schem"/],
    [
      "an operation",
      { processingSteps: [{ transform: { operations: [{ op: "trim" }, { op: "pick" }] } }] },
      /Step 1 \(transform\), operation 2 \(pick\): "fields" must be a list/,
    ],
    ["a format", { outputFormat: "xls" }, /"output_?[fF]ormat" must be one of/],
    ["an option of the input", { inputOptions: { delimeter: ";" } }, /inputOptions: unknown key "delimeter"/],
    [
      "a parameter that it does not have",
      { processingSteps: [{ format: { columns: ["{{$column}}"] } }] },
      /Step 1 \(format\), columns\.1: there is no parameter "\$column"/,
    ],
    [
      "the default of a parameter",
      { parameters: { n: { type: "integer", description: "", default: "many" } } },
      /Default of parameter "n": must be a whole number, not "many"/,
    ],
  ];

  it.each(wrong)(
    "that are wrong say so when they are called and when they are listed: %s",
    async (_, given, message) => {
      const broken = { ...definitions, p: named(given) };
      expect(await failure(run({ pipeline: "p", data: [] }, broken))).toMatchObject({
        code: "invalid_config",
        message: expect.stringMatching(message),
        hint: expect.stringContaining("The configuration of the server is to be corrected"),
      });
      const [good, listed] = await startPipelines({ definitions: broken }).list();
      expect(good).toEqual({ name: "clean", version: "1" });
      expect(`Pipeline "p": ${listed?.error}`).toMatch(message);
    },
  );

  it("that are wrong leave the others and steps in the call alone", async () => {
    const broken = { ...definitions, p: named({ processingSteps: ["polish"] }) };
    expect((await run({ pipeline: "clean", text: "amount\n5" }, broken)).final_data).toBe('{"amount":5}\n');
    expect((await run({ data: [{ a: 1 }], steps: ["format"] }, broken)).final_data).toEqual([{ a: 1 }]);
  });

  it("that fail because of the data are no fault of the configuration", async () => {
    const strict = { strict: named({ processingSteps: [{ validate: { schema: { required: ["id"] } } }] }) };
    expect(await failure(run({ pipeline: "strict", data: [{}] }, strict))).toMatchObject({
      code: "validation_failed",
      message: "Validation failed",
      details: { pipeline: { name: "strict", version: "1" } },
    });
    expect((await failure(run({ pipeline: "strict", text: "[1", inputFormat: "json" }, strict))).code).toBe(
      "invalid_input",
    );
  });
});

describe("the parameters of a named pipeline", () => {
  const definitions = {
    big: named({
      parameters: {
        limit: { type: "number", description: "Smallest amount." },
        country: { type: "string", description: "", default: "DE", enum: ["DE", "FR"] },
        checked: { type: "boolean", description: "", default: true },
      },
      processingSteps: [
        { validate: { enabled: "{{$checked}}", schema: { required: ["amount"] }, mode: "drop" } },
        {
          transform: {
            operations: [
              { op: "filter", expression: "amount >= $limit and country == $country" },
              { op: "compute", field: "note", expression: '"at least " + $limit' },
              { op: "fill", values: { source: "{{$country}}-export" } },
            ],
          },
        },
      ],
    }),
  };
  const data = [
    { amount: 5, country: "DE" },
    { amount: 50, country: "DE" },
    { amount: 60, country: "FR" },
    { country: "DE" },
  ];

  it("are values in expressions and fill the other texts", async () => {
    const result = await run({ pipeline: "big", data, parameters: { limit: 10 } }, definitions);
    expect(result.final_data).toEqual([{ amount: 50, country: "DE", note: "at least 10", source: "DE-export" }]);
  });

  it("switch steps on and off", async () => {
    const off = await run({ pipeline: "big", data, parameters: { limit: 10, checked: false } }, definitions);
    expect(off.steps[0]).toMatchObject({ name: "validate", status: "skipped" });
  });

  it("are part of the run's id, and the same values give the same id", async () => {
    const id = async (parameters: Record<string, unknown>) =>
      (await run({ pipeline: "big", data, parameters }, definitions)).run_id;
    expect(await id({ limit: 10 })).toBe(await id({ limit: "10", country: "DE" }));
    expect(await id({ limit: 10 })).not.toBe(await id({ limit: 11 }));
  });

  it("are never read as a part of an expression", async () => {
    const text = {
      text: named({
        parameters: { name: { type: "string", description: "" } },
        processingSteps: [{ transform: { operations: [{ op: "filter", expression: "country == $name" }] } }],
      }),
    };
    const parameters = { name: 'x" or true or country == "' };
    expect((await run({ pipeline: "text", data, parameters }, text)).final_data).toEqual([]);
  });

  it("are refused where they do not fit", async () => {
    const call = (parameters: Record<string, unknown>) =>
      failure(run({ pipeline: "big", data, parameters }, definitions));
    expect(await call({})).toMatchObject({
      code: "invalid_input",
      message: 'Parameters: "limit" is required: number, Smallest amount.',
    });
    expect((await call({ limit: 1, country: "IT" })).message).toBe(
      'Parameter "country": must be one of "DE", "FR", not "IT".',
    );
    expect((await call({ limit: 1, contry: "DE" })).hint).toMatch(/^Did you mean "country"\?/);
  });

  it("may be given for the steps of a call, too", async () => {
    const steps = [
      {
        name: "transform",
        operations: [
          { op: "filter", expression: "amount > $limit" },
          { op: "pick", fields: "{{$fields}}" },
        ],
      },
    ];
    const parameters = { limit: 5, fields: ["amount"] };
    expect((await run({ data, steps, parameters })).final_data).toEqual([{ amount: 50 }, { amount: 60 }]);
    expect((await failure(run({ data, steps, parameters: { fields: ["amount"] } }))).message).toMatch(
      /Step 1 \(transform\), operation 1 \(filter\): .*\$limit/,
    );
  });

  it("without a value leave open whether the pipeline can run with it, when it is listed", async () => {
    const open = named({
      parameters: { type: { type: "string", description: "" } },
      processingSteps: [{ transform: { operations: [{ op: "cast", fields: { amount: "{{$type}}" } }] } }],
    });
    expect(await startPipelines({ definitions: { open } }).list()).toEqual([{ name: "open", version: "1" }]);
    expect(await failure(run({ pipeline: "open", data, parameters: { type: "colour" } }, { open }))).toMatchObject({
      code: "invalid_input",
      message: expect.stringMatching(/^Pipeline "open": Step 1 \(transform\), operation 1 \(cast\)/),
    });
  });
});

describe("the examples of docs/pipelines.md", async () => {
  const page = await readFile(new URL("../../docs/pipelines.md", import.meta.url), "utf8");
  const example = (language: string, place = 0) =>
    parse([...page.matchAll(new RegExp(`\`\`\`${language}\n(.*?)\`\`\``, "gs"))][place]?.[1] ?? "");

  it("give what the page says", async () => {
    const { input_format, output_format, ...request } = example("json");
    const result = await run({ ...request, inputFormat: input_format, outputFormat: output_format });
    expect(result).toMatchObject({
      input: { format: "csv", rows: 3, delimiter: ";" },
      steps: ["transform", "validate", "enrich", "format"].map((name) => ({ name })),
      rows: 2,
      final_data: "id,customer,gross,currency\r\n1,Ana,23.68,EUR\r\n3,Cid,5.95,EUR\r\n",
      quarantine: { rows: 1, data: [{ row: 2, data: { id: 2, customer: "Ben", amount: null } }] },
    });
    expect(result.steps.map(({ status }) => status)).toEqual(["partial", "partial", "success", "success"]);
    expect(result.steps[0]?.issues).toMatchObject([
      {
        row: 2,
        field: "amount",
        rule: "cast",
        message: '"amount": "x" is not a number',
        value: "x",
        path: "/1/amount",
      },
    ]);
  });

  it("take orders of a country, and set those without an id apart", async () => {
    const { pipelines: definitions } = configSchema.parse(example("yaml"));
    const text = "id;amount;country\n1;5,5;DE\n;6;DE\n3;7;FR\n4;n/a;DE\n5;1,5;DE\n1;8;DE";
    const parameters = { country: "DE", min_amount: 2 };
    expect(await run({ pipeline: "clean_orders@2", text, parameters }, definitions)).toMatchObject({
      final_data: [{ id: "1", amount: 5.5, country: "DE" }],
      quarantine: { data: [{ row: 2 }, { row: 6 }] },
    });
  });
});
