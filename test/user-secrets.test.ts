import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Client } from "@modelcontextprotocol/client";
import { beforeAll, describe, expect, it } from "vitest";
import { readForm } from "../src/interaction/form.ts";
import type { Patchbay } from "../src/start.ts";
import { answerPage } from "./fixtures/asking-clients.ts";
import { whenDone } from "./fixtures/cleanup.ts";
import { roads } from "./fixtures/clients.ts";
import { callTool, connect, startPatchbay } from "./fixtures/connect.ts";
import { ECHOES, startEchoServer } from "./fixtures/echo-server.ts";
import { serverCommand, startHttpServer } from "./fixtures/spawn.ts";

const SECRET = 'K3y-"of Ana&ümlaut%20/x';
const TOKEN = "gh_tok3n-of-ana-0123456789";

/** The value as it may stand in what leaves the server, however it is written. */
const WRITTEN = [
  ...[SECRET, TOKEN].flatMap((value) => [
    value,
    encodeURIComponent(value),
    new URLSearchParams({ v: value }).toString().slice(2),
    JSON.stringify(value).slice(1, -1),
    JSON.stringify(JSON.stringify(value)).slice(3, -3),
    Buffer.from(value).toString("base64").replace(/=+$/, ""),
    Buffer.from(value).toString("base64url"),
    value.toUpperCase(),
    JSON.stringify(value.toUpperCase()).slice(1, -1),
    Buffer.from(value).toString("hex"),
    Buffer.from(value).toString("hex").toUpperCase().replace(/../g, "%$&"),
    Array.from(value, (char) => `&#${char.codePointAt(0)};`).join(""),
  ]),
];

const leaks = (text: string) => WRITTEN.filter((written) => text.includes(written));

let echo: Awaited<ReturnType<typeof startEchoServer>>;
let patchbay: Patchbay;
let ana: Client;
let ben: Client;
let references: { key: string; token: string };

async function give(user: string): Promise<{ key: string; token: string }> {
  const { secrets } = await patchbay.services.get(["secrets"]);
  const fields = [
    { name: "key", type: "password" },
    { name: "token", type: "password", api: "hub" },
  ];
  return secrets.keep(user, readForm({ fields }), { key: SECRET, token: TOKEN }) as typeof references;
}

beforeAll(async () => {
  echo = await startEchoServer();
  const api = { apiUrl: echo.url, privateNetwork: true, allow: ["* /*"], retries: 0, maxAnswerLength: 3000 };
  patchbay = await startPatchbay({
    apis: { box: { ...api, cacheTtl: 60 }, hub: api, own: { ...api, apiKey: "configured-key-1234" } },
  });
  [ana, ben] = [await connect({}, { patchbay, user: "ana" }), await connect({}, { patchbay, user: "ben" })];
  references = await give("ana");
});

const call = (client: Client, args: Record<string, unknown>) => callTool(client, "call_api", args);

/** What a call sends, as the server saw it; its secrets are told by what they are replaced by. */
describe("a secret that a user gave", () => {
  it("reaches the API in headers, query, cookies and bodies", async () => {
    const seen: { url: string; headers: Record<string, unknown>; body: string }[] = [];
    const server = createServer(async (request, response) => {
      let body = "";
      for await (const part of request) body += part;
      seen.push({ url: request.url ?? "", headers: request.headers, body });
      response.writeHead(200, { "content-type": "application/json" }).end("{}");
    }).listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    whenDone(() => new Promise((resolve) => server.close(resolve)));
    const { port } = server.address() as AddressInfo;
    const bay = await startPatchbay({
      apis: { box: { apiUrl: `http://127.0.0.1:${port}`, privateNetwork: true, allow: ["* /*"] } },
    });
    const { secrets } = await bay.services.get(["secrets"]);
    const data = secrets.keep("ana", readForm({ fields: [{ name: "key", type: "password" }] }), { key: TOKEN });
    const key = data.key as string;
    const client = await connect({}, { patchbay: bay, user: "ana" });
    const args = {
      api: "box",
      operation: "POST /login",
      header: { Authorization: `Bearer ${key}`, "X-Key": key },
      query: { q: key, list: [key, "b"] },
      cookie: { session: key },
      body: { user: "ana", nested: { password: key, all: [`a ${key}`] } },
    };
    expect(await call(client, args)).toMatchObject({ status: "success" });
    expect(seen[0]?.headers).toMatchObject({
      authorization: `Bearer ${TOKEN}`,
      "x-key": TOKEN,
      cookie: `session=${TOKEN}`,
    });
    expect(new URL(seen[0]!.url, "http://x").searchParams.getAll("list")).toEqual([TOKEN, "b"]);
    expect(JSON.parse(seen[0]!.body)).toEqual({ user: "ana", nested: { password: TOKEN, all: [`a ${TOKEN}`] } });
    const text = {
      api: "box",
      operation: "POST /x",
      body_text: JSON.stringify({ k: key }),
      header: `{"X-Key":"${key}"}`,
    };
    await call(client, text);
    expect(seen[1]).toMatchObject({ body: JSON.stringify({ k: TOKEN }), headers: { "x-key": TOKEN } });
  });

  it.each(Object.keys(ECHOES))("is in nothing that comes back of an API that says it back as %s", async (way) => {
    const args = {
      api: "hub",
      operation: `POST /${way}`,
      header: { "X-Token": references.token, Authorization: `Bearer ${references.token}` },
      query: { secret: references.key },
      body: { password: references.key, text: `for ${references.token}` },
    };
    const results = [await call(ana, args), await call(ana, { ...args, operation: `GET /${way}`, body: undefined })];
    const text = JSON.stringify(results);
    expect(leaks(text)).toEqual([]);
    for (const { resource, rest } of results as {
      resource?: { uri: string };
      rest?: { next?: string; uri?: string };
    }[]) {
      for (const uri of [resource?.uri, rest?.uri].filter((each) => each !== undefined)) {
        const { contents } = await ana.readResource({ uri });
        const [content] = contents as { text?: string; blob?: string }[];
        expect(leaks(content?.text ?? Buffer.from(content?.blob ?? "", "base64").toString("latin1"))).toEqual([]);
      }
    }
  });

  it("is blotted out of an answer to a call that did not use it, for its user alone", async () => {
    const args = { api: "box", operation: "POST /json", body: { said: TOKEN } };
    expect(leaks(JSON.stringify(await call(ana, args)))).toEqual([]);
    expect(leaks(JSON.stringify(await call(ben, args)))).not.toEqual([]);
  });

  it("is a reference in a dry run, and in the question that asks for consent", async () => {
    const args = { api: "box", operation: "POST /json", header: { Authorization: `Bearer ${references.key}` } };
    const shown = await call(ana, { ...args, body: { k: references.key }, dry_run: true });
    expect(shown.request).toMatchObject({
      headers: { authorization: `Bearer ${references.key}` },
      body: JSON.stringify({ k: references.key }),
    });
    const asking = await startPatchbay({
      apis: { box: { apiUrl: echo.url, privateNetwork: true, allow: ["* /*"], confirm: true } },
    });
    const { secrets } = await asking.services.get(["secrets"]);
    const given = secrets.keep("ana", readForm({ fields: [{ name: "key", type: "password" }] }), { key: SECRET });
    const client = await connect({}, { patchbay: asking, user: "ana" });
    const question = JSON.stringify(
      await call(client, { api: "box", operation: "POST /json", body: { k: given.key } }),
    );
    expect(question).toContain(given.key);
    expect(leaks(question)).toEqual([]);
  });

  it("is unknown to others, and has no place in paths, operations and keys of repetitions", async () => {
    const before = echo.requests();
    const operation = "POST /json";
    expect(await call(ben, { api: "box", operation, body: { k: references.key } })).toMatchObject({
      code: "invalid_input",
      message: expect.stringContaining("There is no secret"),
    });
    expect(await call(ana, { api: "box", operation, body: { k: references.token } })).toMatchObject({
      code: "forbidden",
      message: expect.stringContaining('given for the API "hub" only'),
    });
    for (const args of [
      { operation: `GET /${references.key}` },
      { operation: "GET /{id}", path: { id: references.key } },
      { operation, idempotency_key: references.key },
      { operation, body_base64: references.key },
    ]) {
      expect(await call(ana, { api: "box", ...args })).toMatchObject({
        code: "invalid_input",
        message: expect.stringContaining("cannot stand in"),
      });
    }
    expect(await call(ana, { api: "own", operation, header: { Authorization: references.key } })).toMatchObject({
      code: "forbidden",
    });
    expect(await call(ana, { api: "box", operation, header: { Authorization: "Bearer made-up" } })).toMatchObject({
      code: "forbidden",
    });
    expect(echo.requests()).toBe(before);
  });

  it("keeps answers to one secret apart from those to another", async () => {
    const other = await give("ana");
    const { secrets } = await patchbay.services.get(["secrets"]);
    const third = secrets.keep("ana", readForm({ fields: [{ name: "key", type: "password" }] }), {
      key: "another-key-99",
    });
    const get = (key: string) =>
      call(ana, { api: "box", operation: "GET /json", header: { Authorization: `Bearer ${key}` } });
    expect((await get(other.key.replace(/$/, ""))).cached).toBeUndefined();
    expect((await get(other.key)).cached).toBe(true);
    expect((await get(third.key as string)).cached).toBeUndefined();
  });

  it("goes into the calls that a pipeline makes for its rows, and into no row", async () => {
    const api = { api: "hub", operation: "GET /json", query: { n: "{{n}}", key: references.token }, into: "said" };
    const run = await callTool(ana, "run_pipeline", {
      data: [{ n: 1 }, { n: 2 }],
      steps: [{ name: "enrich", api }],
    });
    expect(run).toMatchObject({
      final_data: [
        { n: 1, said: { query: { n: "1", key: "[redacted]" } } },
        { n: 2, said: { query: { n: "2", key: "[redacted]" } } },
      ],
    });
    expect(leaks(JSON.stringify(run))).toEqual([]);
    const others = await callTool(ben, "run_pipeline", { data: [{ n: 1 }], steps: [{ name: "enrich", api }] });
    expect(JSON.stringify(others)).toContain("There is no secret");
  });

  it.each(["capitals", "hex", "base64-twice"])(
    "is in no row of a pipeline whose calls say it back as %s",
    async (way) => {
      const api = {
        api: "hub",
        operation: `POST /${way}`,
        header: { "X-K": references.token },
        body: { k: "l1\n{{k}}" },
        into: "r",
      };
      const run = { data: [{ k: references.key }], steps: [{ name: "enrich", api }] };
      for (const output_format of ["json", "csv"]) {
        const told = JSON.stringify(await callTool(ana, "run_pipeline", { ...run, output_format }));
        expect(leaks(told)).toEqual([]);
        expect(told).toContain("[redacted]");
      }
    },
  );

  it("is not sent where a reference is damaged, is a name, or touches a word, by a call or a row", async () => {
    const before = echo.requests();
    const { key } = references;
    for (const k of ["secret://0000", key.slice(0, -1), `${key}y`, `x${key}`, encodeURIComponent(key), { [key]: 1 }]) {
      const args = { api: "box", operation: "POST /json", body: { k } };
      expect(await call(ana, args)).toMatchObject({ code: "invalid_input", hint: expect.any(String) });
    }
    const api = { api: "box", operation: "POST /json", body: { k: "{{k}}" }, into: "said" };
    const run = await callTool(ana, "run_pipeline", { data: [{ k: `${key}0` }], steps: [{ name: "enrich", api }] });
    expect(JSON.stringify(run)).toContain("is no reference to a secret");
    expect(echo.requests()).toBe(before);
  });

  it("that a header cannot carry is told as such, and is not in the error", async () => {
    const { secrets } = await patchbay.services.get(["secrets"]);
    const form = readForm({ fields: [{ name: "key", type: "password" }] });
    const { key } = secrets.keep("ana", form, { key: "пароль-Аны-2026" });
    const error = await call(ana, { api: "box", operation: "GET /json", header: { "X-K": key } });
    expect(error).toMatchObject({ code: "invalid_input", hint: expect.stringContaining("user's secret") });
    expect(JSON.stringify(error)).not.toContain("пароль");
    const own = await call(ana, { api: "box", operation: "GET /json", header: { "X-K": "я" } });
    expect(own).not.toHaveProperty("hint");
  });

  it("goes into a tool made of an operation as a reference, and comes back as none", async () => {
    const api = {
      apiUrl: echo.url,
      privateNetwork: true,
      allow: ["* /*"],
      tools: [{ operation: "POST /json", name: "say" }],
    };
    const bay = await startPatchbay({ apis: { hub: api, box: { ...api, tools: [] } } });
    const { secrets } = await bay.services.get(["secrets"]);
    const form = readForm({
      fields: [
        { name: "token", type: "password", api: "hub" },
        { name: "other", type: "password", api: "box" },
      ],
    });
    const given = secrets.keep("ana", form, { token: TOKEN, other: SECRET });
    const client = await connect({}, { patchbay: bay, user: "ana" });
    const before = echo.requests();
    const said = await callTool(client, "say", { body: { k: given.token } });
    expect(said).toMatchObject({ status: "success", data: { body: expect.stringContaining("[redacted]") } });
    expect(leaks(JSON.stringify(said))).toEqual([]);
    expect(echo.requests()).toBe(before + 1);
    expect(await callTool(client, "say", { body: { k: given.other } })).toMatchObject({ code: "forbidden" });
    expect(await callTool(client, "say", { body: { k: "secret://0000" } })).toMatchObject({ code: "invalid_input" });
    expect(echo.requests()).toBe(before + 1);
  });

  it("is blotted out as a short one too, wherever it is a word of what any tool says", async () => {
    const { secrets } = await patchbay.services.get(["secrets"]);
    const form = readForm({ fields: [{ name: "pin", type: "password", min: 4 }] });
    const cleo = await connect({}, { patchbay, user: "cleo" });
    const { pin } = secrets.keep("cleo", form, { pin: "8351" });
    for (const text of ["a 8351 b", "a\n8351\nb", "a\t8351", '"8351"', "a\\8351"]) {
      const shown = await callTool(cleo, "display_result", { message: text, result_data: { text, pin: 8351 } });
      expect(JSON.stringify(shown)).not.toContain("8351");
    }
    for (const k of [pin, `x\n${pin}`, `(${pin})`]) {
      const said = await call(cleo, { api: "hub", operation: "POST /json", body: { k } });
      expect(said).toMatchObject({ status: "success" });
      expect(JSON.stringify(said)).not.toContain("8351");
    }
  });

  it("is in no status event, no error and no other tool's answer", async () => {
    const seen: string[] = [];
    const onprogress = (event: unknown) => void seen.push(JSON.stringify(event));
    const note = { name: "display_result", arguments: { message: `The key is ${SECRET} ${TOKEN}` } };
    const { content } = await ana.callTool(note, { onprogress });
    seen.push(JSON.stringify(content), JSON.stringify(await call(ana, { api: SECRET })));
    expect(seen.length).toBeGreaterThan(2);
    expect(leaks(seen.join("\n"))).toEqual([]);
  });
});

describe("a secret that is typed into a page", () => {
  it.each(roads.filter(({ transport }) => transport === "http"))(
    "goes into the call, and the model only ever has the reference, $name",
    async ({ connect: join }) => {
      const api = { apiUrl: echo.url, privateNetwork: true, allow: ["* /*"] };
      const http = await startHttpServer({ config: { apis: { hub: api, box: api }, interaction: { form: ["page"] } } });
      const client = await join({ http, command: serverCommand() });
      const fields = [{ name: "token", type: "password", api: "hub", required: true }];
      const asked = (await client.call("collect_input", { title: "Sign in", fields })).json;
      expect(asked).toMatchObject({ status: "needs_input", url: expect.any(String) });
      expect(asked).not.toHaveProperty("schema");
      await answerPage(asked.url as string, { f0: TOKEN });
      const { json } = await client.call("collect_input", { resume_token: asked.resume_token });
      const { token } = json.data as { token: string };
      expect(token).toMatch(/^secret:\/\/[0-9a-f]{32}$/);
      const args = { operation: "GET /json", header: { Authorization: `Bearer ${token}` } };
      const answer = await client.call("call_api", { api: "hub", ...args });
      expect(answer.json).toMatchObject({ data: { headers: { authorization: "Bearer [redacted]" } } });
      expect((await client.call("call_api", { api: "box", ...args })).json).toMatchObject({ code: "forbidden" });
      expect(leaks(JSON.stringify([asked, json, answer]) + http.stdout() + http.stderr())).toEqual([]);
    },
  );

  it("is one reference to a client that repeats its call", async () => {
    const http = await startHttpServer();
    const clientCapabilities = { elicitation: { form: {}, url: {} } };
    const version = "2026-07-28";
    const _meta = {
      "io.modelcontextprotocol/protocolVersion": version,
      "io.modelcontextprotocol/clientInfo": { name: "test", version: "1" },
      "io.modelcontextprotocol/clientCapabilities": clientCapabilities,
    };
    const args = { fields: [{ name: "token", type: "password" }] };
    const send = async (more: object = {}) => {
      const response = await fetch(`${http.url}/mcp`, {
        method: "POST",
        headers: {
          "Content-Type": "application/json",
          Accept: "application/json, text/event-stream",
          "MCP-Protocol-Version": version,
          "Mcp-Method": "tools/call",
          "Mcp-Name": "collect_input",
        },
        body: JSON.stringify({
          jsonrpc: "2.0",
          id: 1,
          method: "tools/call",
          params: { name: "collect_input", arguments: args, _meta, ...more },
        }),
      });
      return JSON.parse(/\{.*\}/s.exec(await response.text())?.[0] ?? "{}").result;
    };
    const asked = await send();
    const requests = Object.entries(asked.inputRequests as Record<string, { params: { url: string } }>);
    const [key, question] = requests[0]!;
    await answerPage(question.params.url, { f0: TOKEN });
    const more = { requestState: asked.requestState, inputResponses: { [key]: { action: "accept" } } };
    const told = [await send(more), await send(more)].map(({ structuredContent }) => structuredContent.data.token);
    expect(told[0]).toMatch(/^secret:/);
    expect(told[1]).toBe(told[0]);
  });
});
