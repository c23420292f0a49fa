import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { newRow } from "../rows.ts";
import { createWorkspace } from "../spool/workspace.ts";
import { defaultOutput } from "./output-options.ts";
import { createTextSink } from "./text-sink.ts";
import { createRowWriter } from "./writers.ts";

const folder = mkdtempSync(join(tmpdir(), "sink-"));
const workFolder = join(folder, "run");
afterEach(() => rmSync(workFolder, { recursive: true, force: true }));

function write(rows: readonly object[], maxLength: number, { format = "csv" as const, maxBeginning = 30 } = {}) {
  const workspace = createWorkspace(workFolder, 10_000_000);
  const sink = createTextSink(workspace, maxLength, maxBeginning);
  const writer = createRowWriter(defaultOutput(format), sink);
  for (const row of rows) writer.write([newRow(row as Record<string, unknown>)]);
  writer.end();
  const result = sink.finish();
  workspace.close();
  return result;
}

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("text", () => {
  it("stays in memory while it is short", () => {
    expect(write([{ a: "ö" }, { a: 2 }], 100)).toEqual({ size: 10, content: { text: "a\r\nö\r\n2\r\n" } });
    expect(existsSync(workFolder)).toBe(false);
  });

  it("goes to a file when it is long, with whole rows of its beginning beside it", () => {
    const rows = Array.from({ length: 100_000 }, (_, id) => ({ id, name: "Zoë\n" }));
    const { size, content } = write(rows, 100);
    if (!("path" in content)) throw new Error("It is no file.");
    const text = readFileSync(content.path, "utf8");
    expect(text).toBe(`id,name\r\n${rows.map(({ id }) => `${id},"Zoë\n"\r\n`).join("")}`);
    expect(size).toBe(Buffer.byteLength(text));
    expect(content.beginning).toBe('id,name\r\n0,"Zoë\n"\r\n1,"Zoë\n"\r\n');
  });

  it("is widened in the file as in memory when later rows bring columns", () => {
    const rows = Array.from({ length: 50_000 }, (_, id) => (id < 49_999 ? { id } : { id, x: "é" }));
    const { content, size } = write(rows, 100);
    if (!("path" in content)) throw new Error("It is no file.");
    const text = readFileSync(content.path, "utf8");
    expect(text).toBe(`id,x\r\n${rows.map(({ id, x = "" }: { id: number; x?: string }) => `${id},${x}\r\n`).join("")}`);
    expect(size).toBe(Buffer.byteLength(text));
    expect(content.beginning).toBe("id,x\r\n0,\r\n1,\r\n2,\r\n3,\r\n4,\r\n5,\r\n");
    // The narrow one is gone.
    expect(readdirSync(workFolder)).toHaveLength(1);
    expect(write(rows, 10_000_000).content).toEqual({ text });
  });

  it("has no beginning where the first row is too long for one", () => {
    expect(write([{ a: "x".repeat(1000) }], 100, { maxBeginning: 3 })).toMatchObject({
      content: { beginning: "a\r\n" },
    });
    rmSync(workFolder, { recursive: true });
    expect(write([{ a: "x".repeat(1000) }], 100, { maxBeginning: 2 })).toMatchObject({ content: { beginning: "" } });
  });
});
