import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "../../../test/fixtures/cleanup.ts";
import { createResultStore } from "../results/create-result-store.ts";
import { type OpenSource, openSource, type SourceResource } from "./open-source.ts";

const RUN = "ab".repeat(16);
const ANSWER = "api://answers/0b8f7a52-6c1e-4f6b-9a57-3d0c5c1f2e11";

function withPlaces(resource?: SourceResource) {
  const folder = temporaryFolder();
  mkdirSync(join(folder, "exports"));
  writeFileSync(join(folder, "exports", "a.csv"), "id\n1\n");
  const results = createResultStore({ folder: join(folder, "runs"), keepHours: 1, maxUserBytes: 1000 });
  const asked: string[] = [];
  const open = (source: string, user = { id: "ana" }) =>
    openSource(source, {
      folders: { exports: join(folder, "exports") },
      user,
      results,
      async readResource(uri) {
        asked.push(uri);
        return resource;
      },
    });
  return { open, results, asked };
}

async function contentOf({ engine, close }: OpenSource): Promise<string> {
  try {
    if (engine.kind === "text") return engine.text;
    if (engine.kind === "bytes") return Buffer.from(engine.bytes).toString();
    return readFileSync(engine.path, "utf8");
  } finally {
    await close();
  }
}

describe("the source of a run", () => {
  it("is a file of a configured folder", async () => {
    const source = await withPlaces().open("exports/a.csv");
    expect(source).toMatchObject({ name: "a.csv", engine: { kind: "file", size: 5 } });
    expect(await contentOf(source)).toBe("id\n1\n");
  });

  it("is what was kept of another run of the user's", async () => {
    const { open, results } = withPlaces();
    await results.keep({ id: "ana" }, RUN, "data", { text: "<rows/>", format: "xml", rows: 0 });
    await results.keep({ id: "ana" }, RUN, "quarantine", { text: "{}\n", format: "ndjson", rows: 1 });
    const data = await open(`pipeline://runs/${RUN}/data`);
    expect(data).toMatchObject({ name: "data.xml", engine: { kind: "file", size: 7 } });
    expect(await contentOf(data)).toBe("<rows/>");
    expect(await contentOf(await open(`pipeline://runs/${RUN}/quarantine`))).toBe("{}\n");
    await expect(open(`pipeline://runs/${RUN}/data`, { id: "ben" })).rejects.toMatchObject({ code: "not_found" });
    await expect(open(`pipeline://runs/${"0".repeat(32)}/data`)).rejects.toMatchObject({ code: "not_found" });
    await expect(open("pipeline://runs/../../data")).rejects.toMatchObject({ code: "not_found" });
    await expect(open(`pipeline://runs/${RUN}/report`)).rejects.toMatchObject({
      code: "invalid_input",
      hint: `Read pipeline://runs/${RUN}/data instead.`,
    });
  });

  it.each<[SourceResource, string, string]>([
    [{ mimeType: "application/json", content: { json: [1] } }, "answer.json", "text"],
    [{ mimeType: "application/vnd.shop+json; charset=utf-8", content: "[1]" }, "answer.json", "text"],
    [{ mimeType: "application/x-ndjson", content: "1" }, "answer.ndjson", "text"],
    [{ mimeType: "text/CSV", content: "a" }, "answer.csv", "text"],
    [{ mimeType: "text/tab-separated-values", content: "a" }, "answer.tsv", "text"],
    [{ mimeType: "application/atom+xml", content: "<a/>" }, "answer.xml", "text"],
    [{ mimeType: "text/plain", content: "a" }, "answer", "text"],
    [{ mimeType: "text/plain", name: "orders.yaml", content: "a: 1" }, "orders.yaml", "text"],
    [{ mimeType: "application/octet-stream", name: "orders", content: new Uint8Array([97]) }, "answer", "bytes"],
  ])("is a kept answer of an API: %j is named %s", async (resource, name, kind) => {
    const { open, asked } = withPlaces(resource);
    const source = await open(ANSWER);
    expect(source).toMatchObject({ name, engine: { kind } });
    const { content } = resource;
    const text = typeof content === "object" && "json" in content ? JSON.stringify(content.json) : content;
    expect(await contentOf(source)).toBe(Buffer.from(text).toString());
    expect(asked).toEqual([ANSWER]);
  });

  it("is nothing where there is no such answer, or of a URI that is none of this server's", async () => {
    const { open, asked } = withPlaces();
    await expect(open(ANSWER)).rejects.toMatchObject({ code: "not_found", hint: /Call the API again/ });
    for (const uri of ["file:///etc/passwd", "https://example.com/a.csv", "memory://x"]) {
      await expect(open(uri)).rejects.toMatchObject({ code: "forbidden", message: /is a URL/ });
    }
    expect(asked).toEqual([ANSWER]);
  });
});
