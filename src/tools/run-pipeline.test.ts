import { expect, it } from "vitest";
import { callTool, connect, startPatchbay } from "../../test/fixtures/connect.ts";

const orders = [
  { id: 1, customer: " Ana ", amount: "19.90" },
  { id: 2, customer: "Ben", amount: "5" },
];

it("gives the original, a record of each step and the final data", async () => {
  const client = await connect();
  const result = await callTool(client, "run_pipeline", {
    data: orders,
    steps: [
      { name: "validate", schema: { type: "object", required: ["id", "customer"] } },
      {
        name: "transform",
        operations: [
          { op: "trim" },
          { op: "cast", fields: { amount: "number" } },
          { op: "filter", expression: "amount > 10" },
        ],
      },
      { name: "enrich", lookup: { field: "id", table: { 1: { tier: "gold" } } }, enabled: true },
      { name: "format" },
    ],
    output_format: "csv",
  });
  expect(result).toMatchObject({
    status: "success",
    original: orders,
    steps: [
      { name: "validate", status: "success", valid: true },
      { name: "transform", status: "success", rows_in: 2, rows_out: 1 },
      { name: "enrich", status: "success" },
      { name: "format", status: "success", format: "csv" },
    ],
    final_data: "id,customer,amount,tier\r\n1,Ana,19.9,gold\r\n",
  });
  expect(result.run_id).toMatch(/^[0-9a-f]{32}$/);
});

it("stops at failed validation with the reasons by row, the later steps skipped", async () => {
  const client = await connect();
  const request = {
    name: "run_pipeline",
    arguments: {
      data: orders,
      steps: [{ name: "validate", schema: { properties: { amount: { type: "number" } } } }, { name: "format" }],
    },
  };
  const answer = await client.callTool(request);
  expect(answer.isError).toBe(true);
  expect(JSON.parse((answer.content as { text: string }[])[0]?.text ?? "")).toMatchObject({
    status: "error",
    code: "validation_failed",
    message: "Validation failed",
    error: "Validation failed",
    details: { name: "validate", valid: false, rows_invalid: 2 },
    steps: [{ status: "failed" }, { name: "format", status: "skipped" }],
    issues: [
      { path: "/0/amount", row: 1, field: "amount", rule: "type", message: '"amount" must be number', value: "19.90" },
      { row: 2 },
    ],
  });
});

it("runs a pipeline of the configuration", async () => {
  const client = await connect({
    pipelines: {
      clean: {
        inputFormat: "csv",
        outputFormat: "markdown",
        processingSteps: [{ transform: { operations: [{ op: "trim" }] } }, "format"],
      },
    },
  });
  const result = await callTool(client, "run_pipeline", { pipeline: "clean", text: "a,b\n x ,y\n" });
  expect(result.final_data).toBe("| a | b |\n| --- | --- |\n| x | y |\n");
});

it("names the pipeline and the key when the configuration is wrong", async () => {
  const client = await connect({ pipelines: { bad: { processingSteps: [{ validate: { schem: {} } }] } } });
  const result = await callTool(client, "run_pipeline", { pipeline: "bad", data: [] });
  expect(result).toMatchObject({
    code: "invalid_config",
    message: 'Pipeline "bad": Step 1 (validate): unknown key "schem".',
  });
});

it("runs other pipelines and steps beside a wrong one of the configuration", async () => {
  const client = await connect({
    pipelines: { bad: { processingSteps: ["polish"] }, good: { processingSteps: ["format"] } },
  });
  const data = [{ a: 1 }];
  expect((await callTool(client, "run_pipeline", { pipeline: "good", data })).final_data).toEqual(data);
  expect((await callTool(client, "run_pipeline", { data, steps: ["format"] })).final_data).toEqual(data);
});

it("warns of a misspelt field in its result", async () => {
  const client = await connect();
  const steps = [{ name: "transform", operations: [{ op: "filter", expression: "idd > 0" }] }];
  expect(await callTool(client, "run_pipeline", { data: [{ id: 1 }], steps })).toMatchObject({
    status: "success",
    final_data: [],
    steps: [{ status: "partial" }],
    warnings: [expect.stringContaining('no row has a field "idd". Did you mean "id"?')],
  });
});

it("finds the caller's own memories for a row, and nobody else's", async () => {
  const patchbay = await startPatchbay();
  const ana = await connect({}, { patchbay, user: "ana" });
  const ben = await connect({}, { patchbay, user: "ben" });
  await callTool(ana, "memory_add", { content: "Ana prefers deliveries on Friday" });
  const steps = [{ name: "enrich", memory: { query_template: "{{customer}}", into: "known", limit: 1 } }];
  const request = { data: [{ customer: "Ana" }], steps };
  expect((await callTool(ana, "run_pipeline", request)).final_data).toMatchObject([
    { known: [{ content: "Ana prefers deliveries on Friday" }] },
  ]);
  expect((await callTool(ben, "run_pipeline", request)).final_data).toMatchObject([{ known: [] }]);
});

it("says how to get a model when the enrichment needs one and there is none", async () => {
  const client = await connect();
  const steps = [{ name: "enrich", llm: { into: "summary", task: "summarize" } }];
  const result = await callTool(client, "run_pipeline", { data: [{ text: "x" }], steps });
  expect(result).toMatchObject({ status: "error", code: "not_configured" });
});

it("keeps fields such as __proto__ in text as data, and refuses them in arguments, where they would get lost", async () => {
  const client = await connect();
  const text = '[{"__proto__":{"x":1},"constructor":2}]';
  const kept = await callTool(client, "run_pipeline", { text });
  expect(JSON.stringify(kept.final_data)).toBe(text);
  const refused = await callTool(client, "run_pipeline", { data: JSON.parse(text) as unknown });
  expect(refused).toMatchObject({
    status: "error",
    code: "invalid_input",
    message: expect.stringContaining("__proto__"),
  });
});

it("refuses steps, formats and inputs that it does not know", async () => {
  const client = await connect();
  for (const args of [
    { data: [], steps: [{ name: "nope" }] },
    { data: [], output_format: "xls" },
    { text: "- a: [1\n- b", input_format: "yaml" },
    { data: "no list" },
    {},
  ]) {
    expect(await callTool(client, "run_pipeline", args)).toMatchObject({ status: "error", code: "invalid_input" });
  }
});
