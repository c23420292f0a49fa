import { Client } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { beforeAll, describe, expect, it } from "vitest";
import { whenDone } from "./fixtures/cleanup.ts";
import { callTool } from "./fixtures/connect.ts";
import { type HttpServer, startHttpServer } from "./fixtures/http-server.ts";
import { serverCommand } from "./fixtures/spawn.ts";

const people = Array.from({ length: 2000 }, (_, id) => ({ id, name: `Name ${id}` }));
const PNG = Buffer.concat([Buffer.from([0x89, 0x50, 0x4e, 0x47]), Buffer.alloc(20_000)]);

interface Shown {
  data: { people: unknown[] };
  rest?: { id: string; uri: string };
  resource?: { uri: string };
}

describe.each([
  ["the sources", false],
  ["the bundle", true],
])("long and binary answers of an API, from %s", (_what, built) => {
  let client: Client;
  let api: HttpServer;
  const ask = (args: object) =>
    callTool(client, "call_api", { api: "x", operation: "GET /people", ...args }) as Promise<unknown>;

  beforeAll(async () => {
    api = await startHttpServer(({ path }) =>
      path === "/picture" ? { bytes: PNG, headers: { "content-type": "image/png" } } : { json: { people } },
    );
    const apis = { x: { apiUrl: api.url, allow: ["GET /*"] } };
    client = new Client({ name: "test", version: "0" });
    whenDone(() => client.close());
    await client.connect(new StdioClientTransport(serverCommand({ built, config: { apis } })));
  });

  it("are queried by expressions, in a process that can be ended", async () => {
    expect(await ask({ select: "people[?id > `1997`].name" })).toMatchObject({ data: ["Name 1998", "Name 1999"] });
    expect(await ask({ select: "people[" })).toMatchObject({ code: "invalid_input" });
    const endless = await ask({ select: `${"[@, @][] | ".repeat(40)}@` });
    expect(endless).toMatchObject({ status: "error", code: expect.stringMatching(/^(too_large|deadline_exceeded)$/) });
    expect(await ask({ select: "length(people)" })).toMatchObject({ data: 2000 });
  });

  it("come in parts, and whole as a resource", async () => {
    const calls = api.requests.length;
    const first = (await ask({})) as Shown;
    const second = (await ask({ rest: first.rest?.id })) as Shown;
    const given = [...first.data.people, ...second.data.people];
    expect(given).toEqual(people.slice(0, given.length));
    expect(api.requests).toHaveLength(calls + 1);
    const { contents } = await client.readResource({ uri: first.rest?.uri as string });
    expect(contents).toMatchObject([{ mimeType: "application/json" }]);
    expect(JSON.parse((contents[0] as { text: string }).text)).toEqual({ people });
  });

  it("that are binary are resources, linked to by the result", async () => {
    const result = await client.callTool({ name: "call_api", arguments: { api: "x", operation: "GET /picture" } });
    const links = (result.content as { type: string; uri?: string }[]).filter(({ type }) => type === "resource_link");
    expect(links).toMatchObject([{ mimeType: "image/png", size: PNG.length }]);
    const { contents } = await client.readResource({ uri: links[0]?.uri as string });
    expect(contents).toEqual([{ uri: links[0]?.uri, mimeType: "image/png", blob: PNG.toString("base64") }]);
  });
});
