import { setTimeout } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { connect } from "./fixtures/connect.ts";
import { countingUses } from "./fixtures/counting-uses.ts";
import { runRecord } from "./fixtures/run-records.ts";

/** Long enough for changes of the same process to be gathered and told. */
const GATHERED_MS = 500;

describe("runs as resources", () => {
  const ID = "0b8f7a52-6c1e-4f6b-9a57-3d0c5c1f2e1";
  async function withRuns() {
    const { patchbay, uses } = await countingUses();
    const client = await connect({}, { patchbay });
    const { runs } = await patchbay.services.get(["runs"]);
    const { memory } = await patchbay.services.get(["memory"]);
    return { client, runs, memory, uses };
  }

  it("are read as JSON and as a picture, by their own user alone", async () => {
    const { client, runs } = await withRuns();
    runs.keep("local", runRecord({ run_id: `${ID}1` }));
    runs.keep("ben", runRecord({ run_id: `${ID}2` }));
    const { contents } = await client.readResource({ uri: `moa://runs/${ID}1` });
    expect(contents[0]).toMatchObject({ mimeType: "application/json" });
    expect(JSON.parse((contents[0] as { text: string }).text)).toMatchObject({ run_id: `${ID}1`, seed: 7 });
    const picture = await client.readResource({ uri: `moa://runs/${ID}1/timeline` });
    expect(picture.contents[0]).toMatchObject({ mimeType: "image/svg+xml", text: expect.stringMatching(/^<svg /) });
    for (const uri of [`moa://runs/${ID}2`, `moa://runs/${ID}2/timeline`]) {
      await expect(client.readResource({ uri })).rejects.toMatchObject({ code: -32602, data: { uri } });
    }
  });

  it("are listed once, before the pages of memories, and have ids that are completed", async () => {
    const { client, runs, memory, uses } = await withRuns();
    for (const n of [1, 2]) runs.keep("local", runRecord({ run_id: ID + n, query: `Why\n${n}?` }));
    await memory.addAll(
      { id: "local" },
      Array.from({ length: 70 }, (_, n) => ({ content: `Fact ${n}` })),
    );
    const first = await client.listResources({ cursor: "0" });
    expect(first.resources.slice(0, 2)).toEqual([
      {
        uri: `moa://runs/${ID}2/timeline`,
        name: `timeline of run ${ID}2`,
        title: "Timeline: Why 2?",
        mimeType: "image/svg+xml",
        annotations: { lastModified: "2026-11-20T14:03:30.910Z" },
      },
      expect.objectContaining({ uri: `moa://runs/${ID}1/timeline` }),
    ]);
    const second = await client.listResources({ cursor: first.nextCursor as string });
    expect(second.nextCursor).toBeUndefined();
    const uris = [...first.resources, ...second.resources].map(({ uri }) => uri);
    expect(new Set(uris).size).toBe(72);
    for (const cursor of ["x", "6", "99.x", "", "5.x"]) {
      await expect(client.listResources({ cursor })).rejects.toMatchObject({ code: -32602 });
    }
    const ref = { type: "ref/resource" as const, uri: "moa://runs/{id}/timeline" };
    const { completion } = await client.complete({ ref, argument: { name: "id", value: ID.slice(0, 9) } });
    expect(completion.values).toEqual([`${ID}2`, `${ID}1`]);
    expect(uses).not.toContain("llm");
    expect(uses).not.toContain("moa");
  });

  it("are told of when one is kept, to its user alone", async () => {
    const { client, runs } = await withRuns();
    const told: string[] = [];
    client.setNotificationHandler("notifications/resources/list_changed", () => void told.push("list"));
    await client.listResources();
    runs.keep("ben", runRecord({ run_id: `${ID}1` }));
    await setTimeout(GATHERED_MS);
    expect(told).toEqual([]);
    runs.keep("local", runRecord({ run_id: `${ID}2` }));
    await expect.poll(() => told).toEqual(["list"]);
  });
});

describe("answers of APIs as resources", () => {
  const JSON_ANSWER = { kind: "json" as const, value: { items: [1, "two"], text: "é" } };
  const about = { api: "shop", operation: "GET /items", mime_type: "application/json" };
  async function withAnswers() {
    const { patchbay, uses } = await countingUses();
    const client = await connect({}, { patchbay });
    const { answers } = await patchbay.services.get(["answers"]);
    return { client, answers, uses };
  }

  it("are read with their own type, as JSON, text or bytes, by their own user alone", async () => {
    const { client, answers } = await withAnswers();
    const read = async (id: string) => (await client.readResource({ uri: `api://answers/${id}` })).contents[0];
    const json = answers.keep("local", { ...about, content: JSON_ANSWER }) as string;
    const page = await read(json);
    expect(page).toMatchObject({ mimeType: "application/json", uri: `api://answers/${json}` });
    expect(JSON.parse((page as { text: string }).text)).toEqual(JSON_ANSWER.value);
    const scalar = answers.keep("local", { ...about, content: { kind: "json", value: 'a "text"' } }) as string;
    expect(await read(scalar)).toMatchObject({ text: '"a \\"text\\""' });
    const csv = { kind: "text" as const, text: "a;b\n" };
    const text = answers.keep("local", { ...about, mime_type: "text/csv", content: csv }) as string;
    expect(await read(text)).toMatchObject({ mimeType: "text/csv", text: "a;b\n" });
    const bytes = new Uint8Array([0, 1, 255]);
    const png = { ...about, mime_type: "image/png", name: "a.png", content: { kind: "binary" as const, bytes } };
    const picture = answers.keep("local", png) as string;
    const { contents } = await client.readResource({ uri: `api://answers/${picture}` });
    expect(contents).toEqual([{ uri: `api://answers/${picture}`, mimeType: "image/png", blob: "AAH/" }]);
    const bens = answers.keep("ben", { ...about, content: JSON_ANSWER }) as string;
    await expect(read(bens)).rejects.toMatchObject({ code: -32602, data: { uri: `api://answers/${bens}` } });
  });

  it("are listed with their sizes, before memories, have ids that are completed, and are told of", async () => {
    const { client, answers, uses } = await withAnswers();
    const told: string[] = [];
    client.setNotificationHandler("notifications/resources/list_changed", () => void told.push("list"));
    await client.listResources();
    answers.keep("ben", { ...about, content: JSON_ANSWER });
    await setTimeout(GATHERED_MS);
    expect(told).toEqual([]);
    const id = answers.keep("local", { ...about, content: JSON_ANSWER }) as string;
    await expect.poll(() => told).toEqual(["list"]);
    expect((await client.listResources()).resources.filter(({ uri }) => uri.startsWith("api:"))).toEqual([
      {
        uri: `api://answers/${id}`,
        name: id,
        title: "Answer of shop: GET /items",
        mimeType: "application/json",
        size: Buffer.byteLength(JSON.stringify(JSON_ANSWER.value)),
        annotations: { lastModified: expect.stringMatching(/Z$/) },
      },
    ]);
    const ref = { type: "ref/resource" as const, uri: "api://answers/{id}" };
    const { completion } = await client.complete({ ref, argument: { name: "id", value: id.slice(0, 8) } });
    expect(completion.values).toEqual([id]);
    expect(uses).not.toContain("apis");
  });
});

describe("results of pipelines as resources", () => {
  const ID = "0123456789abcdef0123456789abcde";
  async function withResults() {
    const { patchbay, uses } = await countingUses();
    const client = await connect({}, { patchbay });
    const { pipelineResults } = await patchbay.services.get(["pipelineResults"]);
    const keep = (user: string, id: string, part: "data" | "quarantine" | "report", text: string, format: string) =>
      pipelineResults.keep({ id: user }, id, part, { text, format, rows: 2 });
    return { client, keep, uses };
  }

  it("are read with the type of their format, by their own user alone", async () => {
    const { client, keep, uses } = await withResults();
    await keep("local", `${ID}1`, "data", "a,b\r\n1,2\r\n", "csv");
    await keep("local", `${ID}1`, "quarantine", '{"row":1}\n', "ndjson");
    await keep("local", `${ID}1`, "report", "# Report", "markdown");
    await keep("ben", `${ID}2`, "data", "[]", "json");
    const read = async (uri: string) => (await client.readResource({ uri })).contents[0];
    const uri = `pipeline://runs/${ID}1`;
    expect(await read(`${uri}/data`)).toEqual({ uri: `${uri}/data`, mimeType: "text/csv", text: "a,b\r\n1,2\r\n" });
    expect(await read(`${uri}/quarantine`)).toMatchObject({ mimeType: "application/x-ndjson", text: '{"row":1}\n' });
    expect(await read(`${uri}/report`)).toMatchObject({ mimeType: "text/markdown", text: "# Report" });
    for (const missing of [`pipeline://runs/${ID}2/data`, `pipeline://runs/${ID}2/report`, "pipeline://runs/../data"]) {
      await expect(read(missing)).rejects.toMatchObject({ code: -32602, data: { uri: missing } });
    }
    expect(uses).not.toContain("pipelines");
  });

  it("are listed with their sizes, have run ids that are completed, and are told of to their user alone", async () => {
    const { client, keep } = await withResults();
    const told: string[] = [];
    client.setNotificationHandler("notifications/resources/list_changed", () => void told.push("list"));
    await client.listResources();
    await keep("ben", `${ID}2`, "data", "[]", "json");
    await setTimeout(GATHERED_MS);
    expect(told).toEqual([]);
    await keep("local", `${ID}1`, "data", "[1]", "json");
    await expect.poll(() => told).toEqual(["list"]);
    expect((await client.listResources()).resources.filter(({ uri }) => uri.startsWith("pipeline://runs"))).toEqual([
      {
        uri: `pipeline://runs/${ID}1/data`,
        name: `data of run ${ID}1`,
        title: "Result of a pipeline: 2 rows, json",
        mimeType: "application/json",
        size: 3,
        annotations: { lastModified: expect.stringMatching(/Z$/) },
      },
    ]);
    const ref = { type: "ref/resource" as const, uri: "pipeline://runs/{run_id}/data" };
    const { completion } = await client.complete({ ref, argument: { name: "run_id", value: ID.slice(0, 8) } });
    expect(completion.values).toEqual([`${ID}1`]);
  });

  it("can be subscribed to", async () => {
    const { client, keep } = await withResults();
    const uri = `pipeline://runs/${ID}1/report`;
    await keep("local", `${ID}1`, "report", "# One", "markdown");
    const told: string[] = [];
    client.setNotificationHandler("notifications/resources/updated", ({ params }) => void told.push(params.uri));
    await client.subscribeResource({ uri });
    await keep("local", `${ID}3`, "report", "# Other", "markdown");
    await keep("local", `${ID}1`, "report", "# Two", "markdown");
    await expect.poll(() => told).toEqual([uri]);
  });
});
