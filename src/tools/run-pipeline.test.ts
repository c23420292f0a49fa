import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { callTool, connect, startPatchbay, temporaryFolder } from "../../test/fixtures/connect.ts";

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

it("takes rows, steps, options and flags that are given as JSON text, and leaves out what is empty", async () => {
  const client = await connect();
  const result = await callTool(client, "run_pipeline", {
    pipeline: "",
    data: JSON.stringify([{ a: 1 }, { a: 2 }]),
    text: "",
    steps: JSON.stringify([{ name: "transform", operations: [{ op: "filter", expression: "a > $least" }] }]),
    parameters: '{"least": 1}',
    input_options: "{}",
    dry_run: "true",
    suggest: "false",
  });
  expect(result).toMatchObject({ status: "success", final_data: [{ a: 2 }], dry_run: true });
  expect(result).not.toHaveProperty("suggestion");
});

it.each([
  [
    "data",
    '[{"id":9007199254740993}]',
    "The number 9007199254740993 is too long to be kept exactly. Send it as a string.",
  ],
  ["parameters", '{"n":{"id":-12345678901234567890}}', "The number -12345678901234567890 is too long"],
  ["data", '[{"n":1e999}]', "A number is too large to be kept. Send it as a string."],
])(
  "refuses numbers of %s as JSON text that would be rounded, as it does those of lists: %s",
  async (name, text, message) => {
    const client = await connect();
    const given = { data: [{ a: 1 }], [name]: text };
    expect(await callTool(client, "run_pipeline", given)).toMatchObject({
      status: "error",
      code: "invalid_input",
      message: expect.stringContaining(message),
    });
  },
);

it("takes no empty rows or steps for a contradiction to what is given besides", async () => {
  const client = await connect({ pipelines: { clean: { processingSteps: ["format"] } } });
  const result = await callTool(client, "run_pipeline", { pipeline: "clean", steps: [], data: [], text: "a\n1" });
  expect(result).toMatchObject({ status: "success", final_data: [{ a: "1" }] });
});

it("reads files of configured folders, and names those that there are", async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "orders.csv"), "id;total\n1;5\n2;x\n");
  mkdirSync(join(folder, "old"));
  const client = await connect({ pipelineRuns: { folders: { exports: folder } } });
  expect(await callTool(client, "run_pipeline", { source: "exports/orders.csv", steps: ["format"] })).toMatchObject({
    input: { format: "csv", rows: 2 },
    final_data: [
      { id: "1", total: "5" },
      { id: "2", total: "x" },
    ],
  });
  const wrong = await callTool(client, "run_pipeline", { source: "exports/../secret.csv" });
  expect(wrong).toMatchObject({ status: "error" });
  expect(JSON.stringify(wrong)).not.toContain(folder);
});

it("keeps long results and quarantines as resources, links to them, and takes them as the source of another run", async () => {
  const client = await connect({ pipelineRuns: { maxInlineLength: 200 } });
  const data = Array.from({ length: 100 }, (_, n) => ({ id: n, amount: n % 2 === 0 ? n : "none" }));
  const answer = await client.callTool({
    name: "run_pipeline",
    arguments: {
      data,
      steps: [{ name: "validate", fields: { amount: "number" }, mode: "quarantine" }],
      output_format: "ndjson",
    },
  });
  const result = answer.structuredContent as Record<string, Record<string, unknown>>;
  const uri = `pipeline://runs/${String(result.run_id)}/data`;
  expect(result).toMatchObject({
    complete: false,
    rows: 50,
    resource: { uri, format: "ndjson", mime_type: "application/x-ndjson", rows: 50 },
    quarantine: { rows: 50, complete: false, resource: { uri: uri.replace("/data", "/quarantine"), rows: 50 } },
  });
  expect(
    (answer.content as { type: string; uri?: string }[]).filter(({ type }) => type === "resource_link"),
  ).toMatchObject([
    { uri, mimeType: "application/x-ndjson", size: (result.resource as { size: number }).size },
    { uri: uri.replace("/data", "/quarantine") },
  ]);
  const { contents } = await client.readResource({ uri });
  const text = (contents[0] as { text: string }).text;
  expect(text.trim().split("\n")).toHaveLength(50);
  expect(text.startsWith(String(result.final_data))).toBe(true);
  const again = await callTool(client, "run_pipeline", {
    source: uri,
    steps: [{ name: "transform", operations: [{ op: "group", aggregates: { rows: "count" } }] }],
  });
  expect(again.final_data).toEqual([{ rows: 50 }]);
});

it("links to a short quarantine too, whose rows are mended by another run, and says where a short result is", async () => {
  const client = await connect();
  const validate = { name: "validate", mode: "quarantine", fields: { amount: "number" } };
  const first = await callTool(client, "run_pipeline", {
    text: '[{"id":1,"amount":5},{"id":2,"amount":"x"}]',
    steps: [validate],
  });
  const uri = `pipeline://runs/${String(first.run_id)}/quarantine`;
  expect(first).toMatchObject({ quarantine: { complete: true, resource: { uri, format: "json", rows: 1 } } });
  const operations = [
    { op: "lift", field: "data", number: "row" },
    { op: "replace", fields: "amount", search: "x", with: "0" },
  ];
  const mended = await callTool(client, "run_pipeline", {
    source: uri,
    steps: [
      { name: "transform", operations },
      { ...validate, coerce: true },
    ],
  });
  expect(mended.final_data).toEqual([{ id: 2, amount: 0 }]);
  const data = uri.replace("/quarantine", "/data");
  await expect(client.readResource({ uri: data })).rejects.toThrow(/fits into final_data/);
  const source = await callTool(client, "run_pipeline", { source: data });
  expect(source).toMatchObject({ status: "error", hint: expect.stringContaining("too long for final_data") });
});

it("gives a report on request, also of a run that was stopped", async () => {
  const client = await connect();
  const finished = await callTool(client, "run_pipeline", { data: orders, report: true });
  expect(finished.report).toMatch(/^# Pipeline run: finished\n/);
  const { contents } = await client.readResource({ uri: `pipeline://runs/${finished.run_id as string}/report` });
  expect((contents[0] as { text: string }).text).toBe(finished.report);
  const steps = [{ name: "validate", fields: { amount: "boolean" } }];
  const stopped = await callTool(client, "run_pipeline", { data: orders, steps, report: true });
  expect(stopped).toMatchObject({
    error: "Validation failed",
    report: expect.stringMatching(/^# Pipeline run: stopped at step 1 \(validate\)/),
  });
});

it("suggests steps that can be run as they are", async () => {
  const client = await connect();
  const text = "id,mail,amount\n1,ana@example.com,1.5\n2,ben@example.com,2\n3,cem@example.com,\n";
  const { suggestion } = await callTool(client, "run_pipeline", { text, suggest: true });
  const { steps } = suggestion as { steps: { name: string }[] };
  expect(steps.map(({ name }) => name)).toEqual(["transform", "validate"]);
  const result = await callTool(client, "run_pipeline", { text, steps });
  expect(result).toMatchObject({ status: "success", rows: 3 });
});

it("names the configured pipelines in its description, and describes them in a resource", async () => {
  const client = await connect({
    pipelines: {
      clean: {
        description: "Cleans orders.",
        version: 1.2,
        parameters: { limit: { type: "number" }, note: { default: "" } },
      },
    },
  });
  const { tools } = await client.listTools();
  expect(tools.find(({ name }) => name === "run_pipeline")?.description).toMatch(
    /pipeline:\/\/reference\. Configured pipelines: clean\(limit\*, note\): Cleans orders\.$/,
  );
  const { contents } = await client.readResource({ uri: "pipeline://definitions" });
  expect(JSON.parse((contents[0] as { text: string }).text)).toMatchObject({
    pipelines: [{ name: "clean", version: "1.2", parameters: { limit: { type: "number" } }, output_format: "json" }],
  });
  const reference = await client.readResource({ uri: "pipeline://reference" });
  expect(reference.contents[0]).toMatchObject({
    mimeType: "text/markdown",
    text: expect.stringContaining("## transform"),
  });
});
