import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { minimalDocument } from "../../test/fixtures/api-client.ts";
import { callTool, connect, temporaryFolder } from "../../test/fixtures/connect.ts";
import { type Script, startHttpServer } from "../../test/fixtures/http-server.ts";

const integer = (name: string) => ({ name, in: "query", schema: { type: "integer" } });
const ITEMS = Array.from({ length: 100 }, (_, id) => ({ id, text: "t".repeat(100) }));

/** A client of an API with `list`, which reads, and `find`, a POST; each is a tool. */
async function open(
  script: Script,
  { parameters = [], callApi = true }: { parameters?: object[]; callApi?: boolean } = {},
) {
  const server = await startHttpServer(script);
  const openapi = join(temporaryFolder(), "api.json");
  const list = { operationId: "list", parameters: [...parameters, { ...integer("limit"), required: true }] };
  const find = {
    operationId: "find",
    requestBody: {
      content: {
        "application/json": {
          schema: {
            type: "object",
            properties: { text: { type: "string" }, page: { type: "integer" } },
          },
        },
      },
    },
  };
  writeFileSync(openapi, JSON.stringify(minimalDocument({ "/items": { get: list }, "/find": { post: find } })));
  const x = { apiUrl: server.url, openapi, tools: ["list", "find"], maxAnswerLength: 2000 };
  const client = await connect({ apis: { x }, ...(!callApi && { tools: { disabled: ["call_api"] } }) });
  return {
    client,
    requests: server.requests,
    ask: (args: object, tool = "x_list") => callTool(client, tool, { ...args }),
  };
}

type Answer = { data: { id: number }[]; rest?: { id: string }; warnings?: string[] };

describe("a long answer of a pinned tool", () => {
  it.each([
    ["x_list", true],
    ["x_list", false],
    ["x_find", false],
  ])("is read to its end by %s's own argument (call_api there: %s)", async (tool, callApi) => {
    const { ask, requests } = await open({ json: ITEMS }, { callApi });
    const got: unknown[] = [];
    let part = (await ask(tool === "x_list" ? { limit: 100 } : {}, tool)) as unknown as Answer;
    expect(part.warnings?.[0]).toContain(`${tool} with rest "${part.rest?.id}" gives the next ones`);
    expect(part.warnings?.[0]).not.toMatch(/call_api|fields|select/);
    while (part.rest) {
      got.push(...part.data);
      part = (await ask({ rest: part.rest.id }, tool)) as unknown as Answer;
    }
    expect([...got, ...part.data]).toEqual(ITEMS);
    expect(requests).toHaveLength(1);
  });

  it("of an operation that changes something is read by call_api where that is there", async () => {
    const { ask, client } = await open({ json: ITEMS });
    const { rest, warnings } = (await ask({ text: "t" }, "x_find")) as unknown as Answer;
    expect(warnings?.[0]).toContain(`call_api with rest "${rest?.id}" gives`);
    expect(await callTool(client, "call_api", { rest: rest?.id })).toMatchObject({ status: "success" });
    expect(await ask({ rest: rest?.id }, "x_find")).toMatchObject({ code: "invalid_input" });
  });

  it("that has no parts says what reads them: call_api, else its own rest as text", async () => {
    const page = { html: "<p>Hello</p>".repeat(1000) };
    const [there, off] = [await open({ json: page }), await open({ json: page }, { callApi: false })];
    expect((await there.ask({ limit: 1 })).warnings).toEqual([
      expect.stringMatching(
        /shortened\. call_api with rest ".+" and fields or select reads parts of it; x_list with rest ".+\.c0"/,
      ),
    ]);
    let part = (await off.ask({ limit: 1 })) as unknown as Answer;
    expect(part.warnings).toEqual([
      expect.stringContaining(`x_list with rest "${part.rest?.id}" gives its JSON as text.`),
    ]);
    let text = "";
    while (part.rest) {
      part = (await off.ask({ rest: part.rest.id })) as unknown as Answer;
      text += part.data;
    }
    expect(JSON.parse(text)).toEqual(page);
  });

  it("with an item that is too long gives it as text, or what comes after it", async () => {
    const long = { text: "t".repeat(5000) };
    const { ask } = await open({ json: [long, ...ITEMS] }, { callApi: false });
    let part = (await ask({ limit: 1 })) as unknown as Answer;
    expect(part.warnings).toEqual([
      expect.stringMatching(
        /Item 1 is too long and was shortened; x_list with rest "(.+)\.0\.c0" gives its JSON as text; x_list with rest "\1\.1" gives/,
      ),
    ]);
    const after = part.rest?.id.replace(/\.0\.c0$/, ".1");
    let text = "";
    while (part.rest && part.rest.id !== after) {
      part = (await ask({ rest: part.rest.id })) as unknown as Answer;
      text += part.data;
    }
    expect(JSON.parse(text)).toEqual(long);
    const { data } = (await ask({ rest: part.rest?.id })) as unknown as { data: unknown[] };
    expect(data[0]).toEqual(ITEMS[0]);
  });

  it("is asked for by another name where the operation has a parameter of that one", async () => {
    const parameters = [{ name: "rest", in: "query", schema: { type: "string" } }];
    const { ask, requests } = await open({ json: ITEMS }, { parameters });
    const { rest, warnings } = (await ask({ limit: 1, rest: "own" })) as unknown as Answer;
    expect(requests[0]?.query).toContain("rest=own");
    expect(warnings?.[0]).toContain(`x_list with answer_rest "${rest?.id}"`);
    expect(await ask({ answer_rest: rest?.id })).toMatchObject({
      status: "success",
      rest: { from: expect.any(Number) },
    });
  });
});

describe("the next page of a pinned tool", () => {
  const paged: Script = ({ query, body }) => {
    const page = Number(new URLSearchParams(query).get("page") ?? (body === "" ? 1 : (JSON.parse(body).page ?? 1)));
    return { json: { items: [{ page }], page, next_page: page + 1, has_more: true } };
  };
  const byLink: Script = ({ query }) => ({
    json: [{ query }],
    headers: { link: '</items?limit=5&at=2>; rel="next"' },
  });

  it("is asked for by its own argument", async () => {
    const { ask } = await open(paged, { parameters: [integer("page")] });
    const { warnings } = (await ask({ limit: 5 })) as unknown as Answer;
    expect(warnings).toEqual(['There are more pages. Go on with "page":2 and the same other arguments.']);
    expect(await ask({ limit: 5, page: 2 })).toMatchObject({ data: { items: [{ page: 2 }] } });
  });

  it("is asked for by call_api where it has none, and else it is said", async () => {
    const [there, off] = [await open(byLink), await open(byLink, { callApi: false })];
    expect((await there.ask({ limit: 5 })).warnings).toEqual([
      'There are more pages. Go on with call_api, api "x", operation "list", query {"at":"2"} beside the values of this call.',
    ]);
    expect((await off.ask({ limit: 5 })).warnings).toEqual([
      "There are more pages. This tool has no argument to ask for them.",
    ]);
  });
});

describe("a download of a pinned tool", () => {
  it("is passed on to an upload by its address", async () => {
    const bytes = Buffer.from(Array.from({ length: 9000 }, (_, index) => index % 256));
    const server = await startHttpServer(({ method }) =>
      method === "GET" ? { bytes, headers: { "content-type": "application/pdf" } } : { json: { ok: true } },
    );
    const file = { type: "string", format: "binary" };
    const form = { "multipart/form-data": { schema: { type: "object", properties: { file } } } };
    const paths = {
      "/file": {
        get: { operationId: "load" },
        put: { operationId: "replace", requestBody: { content: { "application/octet-stream": { schema: file } } } },
        post: { operationId: "send", requestBody: { content: form } },
      },
    };
    const openapi = join(temporaryFolder(), "api.json");
    writeFileSync(openapi, JSON.stringify(minimalDocument(paths)));
    const x = { apiUrl: server.url, openapi, tools: ["load", "replace", "send"] };
    const client = await connect({ apis: { x }, tools: { disabled: ["call_api"] } });
    const { data, resource } = await callTool(client, "x_load");
    const { uri } = resource as { uri: string };
    expect(data).toContain(`in the resource ${uri}, which uploads take in the place of a file`);
    await callTool(client, "x_replace", { body: uri });
    await callTool(client, "x_send", { file: uri });
    const [, replaced, sent] = server.requests;
    expect(replaced?.bytes).toEqual(bytes);
    expect(sent?.bytes.includes(bytes)).toBe(true);
    expect(sent?.body).toContain("Content-Type: application/pdf");
  });
});
