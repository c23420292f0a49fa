import { Client, InMemoryTransport } from "@modelcontextprotocol/client";
import { describe, expect, it } from "vitest";
import { whenDone } from "../../test/fixtures/cleanup.ts";
import { callTool, connect, startPatchbay } from "../../test/fixtures/connect.ts";
import { createServerFactory } from "../mcp/server.ts";
import type { Services } from "../services.ts";
import type { ToolContext } from "./define-tool.ts";
import displayResult from "./display-result.ts";

async function call(input: Record<string, unknown>) {
  const statuses: unknown[] = [];
  const context: ToolContext<keyof Services> = {
    user: { id: "ana" },
    signal: new AbortController().signal,
    services: {} as Services,
    status: {
      progress: () => {},
      success: (description, extra) => void statuses.push({ description, ...extra }),
      error: () => {},
      emit: () => {},
    },
    elicit: () => Promise.reject(new Error("asked")),
    elicitPage: () => Promise.reject(new Error("asked")),
  };
  return { result: await displayResult.run(displayResult.input.parse(input), context), statuses };
}

describe("display_result", () => {
  it("has a default for everything", async () => {
    const { result, statuses } = await call({});
    expect(result).toEqual({
      action: "display_result",
      data: {},
      message: "Operation completed successfully",
      notification_type: "success",
    });
    expect(statuses).toEqual([{ description: "Operation completed successfully", notification_type: "success" }]);
  });

  it("hands on the result and shows the message as its status", async () => {
    const { result, statuses } = await call({
      message: "Disk almost full",
      notification_type: "warning",
      result_data: { free: "2%", disks: [{ name: "a" }] },
    });
    expect(result).toMatchObject({ data: { free: "2%", disks: [{ name: "a" }] }, notification_type: "warning" });
    expect(statuses).toEqual([{ description: "Disk almost full", notification_type: "warning" }]);
  });

  it("refuses other kinds of notification", () => {
    expect(displayResult.input.safeParse({ notification_type: "toast" }).success).toBe(false);
  });
});

const APPS = { extensions: { "io.modelcontextprotocol/ui": { mimeTypes: ["text/html;profile=mcp-app"] } } };
const PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

describe("display_result shows", () => {
  it("nothing more than before, where nothing more is given", async () => {
    const client = await connect();
    expect(
      await callTool(client, "display_result", { message: "Hi", markdown: "", rows: [], columns: [], x: null }),
    ).toEqual({
      status: "success",
      action: "display_result",
      data: {},
      message: "Hi",
      notification_type: "success",
    });
  });

  it("parts, and the same as Markdown", async () => {
    const rows = [
      { city: "Ulm", people: 126_000 },
      { city: "Jena", people: 111_000 },
    ];
    const result = await callTool(await connect({}, { capabilities: APPS }), "display_result", {
      message: "Two cities",
      markdown: "## Cities",
      rows: JSON.stringify(rows),
      columns: '["city: City", "people"]',
      chart: "bar",
      y: "people",
      title: "People",
    });
    expect(result).toMatchObject({
      status: "success",
      data: {},
      message: "Two cities",
      parts: [
        { type: "markdown", text: "## Cities" },
        { type: "chart", chart: "bar", title: "People", x: "city", y: ["people"] },
        {
          type: "table",
          columns: [{ title: "City" }, { title: "people" }],
          rows: [
            ["Ulm", 126_000],
            ["Jena", 111_000],
          ],
        },
      ],
    });
    expect(result.text).toMatch(
      /^## Cities\n\n### People\n\nBar chart by city, 2 rows: people from 111000 \(Jena\) to/,
    );
    expect(result.text).toMatch(/\| City \| people \|\n\| --- \| --: \|\n\| Ulm \| 126000 \|/);
  });

  it.each([
    [
      { rows: [{ a: 1 }], chart: "donut" },
      '"chart" must be one of "bar", "stacked", "line", "area", "pie", "scatter", not "donut".',
    ],
    [{ rows: [1] }, '"rows.0" must be an object'],
    [{ rows: "a,b" }, '"rows" must be a list such as [{"name": "value"}]'],
    [{ rows: [{ a: "x" }], chart: "bar", y: ["a"] }, '"y" needs numbers, but the column "a" has "x" in row 1.'],
    [{ rows: JSON.parse('[{"__proto__": {"x": 1}}]') }, '"__proto__" cannot be used as a key.'],
    [{ image: "https://example.com/a.png" }, '"image" is an address, which is not fetched.'],
    [{ image: "a".repeat(1_300_000) }, "is no PNG"],
    [{ image: "a".repeat(4_000_000) }, "bytes, more than 1048576."],
  ])("an error that names the parameter, %#", async (args, message) => {
    const result = await callTool(await connect(), "display_result", args as Record<string, unknown>);
    expect(result).toMatchObject({ status: "error", code: "invalid_input" });
    expect(result.message).toContain(message);
  });

  it("the same as text alone to clients without apps, and says that only the model can show it", async () => {
    const args = { rows: [{ city: "Ulm", people: 126_000 }], markdown: "Hi" };
    expect(await callTool(await connect(), "display_result", args)).toEqual({
      status: "success",
      action: "display_result",
      data: {},
      message: "Operation completed successfully",
      notification_type: "success",
      text: "Hi\n\n| city | people |\n| --- | --: |\n| Ulm | 126000 |",
      hint: "This client shows the user no results: put `text` into your answer.",
    });
    expect(await callTool(await connect({}, { capabilities: APPS }), "display_result", args)).not.toHaveProperty(
      "hint",
    );
  });

  it("both where nothing is known of the client", async () => {
    const { result } = await call({ markdown: "Hi" });
    expect(result).toMatchObject({
      parts: [{ type: "markdown", text: "Hi" }],
      text: "Hi",
      hint: "Unless this client has shown it to the user, put `text` into your answer.",
    });
  });

  it("kinds in any letter case", async () => {
    const args = { notification_type: "Warning", chart: " Bar", rows: [{ n: "x", v: 1 }] };
    const result = await callTool(await connect(), "display_result", args);
    expect(result).toMatchObject({ status: "success", notification_type: "warning" });
    expect(result.text).toContain("Bar chart by n");
  });

  it("a title above whatever there is", async () => {
    const client = await connect();
    const textOf = async (args: Record<string, unknown>) => (await callTool(client, "display_result", args)).text;
    expect(await textOf({ title: "A *b*", markdown: "Hi" })).toBe("### A \\*b\\*\n\nHi");
    expect(await textOf({ title: "Dot", image: PIXEL })).toMatch(/^### Dot\n\n\*Image: /);
    expect(await textOf({ title: "T", markdown: "Hi", rows: [{ a: 1 }] })).toMatch(/^Hi\n\n### T\n\n\| a/);
    expect(await textOf({ title: "", message: "Hi" })).toBeUndefined();
  });

  it("an image besides the JSON, for clients that keep both apart, and its description everywhere", async () => {
    const { boundary, stateKey } = await startPatchbay();
    const contentFor = async (name: string, image: string) => {
      const factory = createServerFactory({ version: "0", boundary, identify: () => ({ id: "ana" }), stateKey });
      const server = await factory({ era: "legacy" });
      const [clientSide, serverSide] = InMemoryTransport.createLinkedPair();
      const client = new Client({ name, version: "0" });
      await server.connect(serverSide);
      await client.connect(clientSide);
      whenDone(() => client.close());
      const { content } = await client.callTool({ name: "display_result", arguments: { image, alt: "A dot" } });
      return content as { type: string; text?: string }[];
    };
    const [json, image, ...more] = await contentFor("desktop", `data:image/jpeg;base64,${PIXEL}`);
    expect(image).toEqual({ type: "image", mimeType: "image/png", data: PIXEL });
    expect(more).toEqual([]);
    expect(json?.text).toContain("*Image: A dot (image/png, 70 bytes)*");
    expect(json?.text).not.toContain(PIXEL.slice(0, 20));
    // mcpo, whose client has the Python SDK's name, would make a list of both.
    expect((await contentFor("mcp", PIXEL)).map(({ type }) => type)).toEqual(["text"]);
    const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>').toString("base64");
    expect((await contentFor("desktop", svg)).map(({ type }) => type)).toEqual(["text"]);
  });
});
