// biome-ignore-all lint/suspicious/noTemplateCurlyInString: text that somebody may hope is expanded
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Sqlite from "better-sqlite3";
import { beforeAll, describe, expect, it } from "vitest";
import { temporaryFolder, whenDone } from "./fixtures/cleanup.ts";
import type { Fault } from "./fixtures/fake-faults.ts";
import { type FakeProvider, startFakeProvider } from "./fixtures/fake-provider.ts";
import { type ServerOptions, serverCommand, startHttpServer, startProcess } from "./fixtures/spawn.ts";

const SECRETS = ["provider-secret-1", "api-secret-1234", "environment-secret"];

interface Message {
  id: unknown;
  result?: { isError?: boolean; content: { text: string }[]; tools?: Tool[] };
  error?: { code: number; message: string; data?: { code?: string } };
}
interface Tool {
  name: string;
  inputSchema: { properties: Record<string, { type?: string }> };
}
/** Sends bytes to the server and gives what it answers. */
interface Peer {
  send(text: string | Buffer): Promise<Message>;
}

/** Everything that any server answered in this file. */
const answers: string[] = [];

/** A server over stdio: a line each; the answers come in any order, those without an id to whoever waits longest. */
function overStdio(options: ServerOptions): Peer {
  const server = startProcess(serverCommand(options));
  const waiting: ((message: Message) => void)[] = [];
  let rest = "";
  server.process.stdout?.on("data", (text: string) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      answers.push(line);
      waiting.shift()?.(JSON.parse(line) as Message);
    }
  });
  return {
    send: (text) =>
      new Promise((resolve) => {
        waiting.push(resolve);
        server.process.stdin?.write(text);
        server.process.stdin?.write("\n");
      }),
  };
}

async function overHttp(options: ServerOptions): Promise<Peer> {
  const server = await startHttpServer(options);
  return {
    async send(text) {
      const response = await fetch(`${server.url}/mcp`, {
        method: "POST",
        headers: { "content-type": "application/json", accept: "application/json" },
        body: text as string,
      });
      const answer = await response.text();
      answers.push(answer);
      return JSON.parse(answer) as Message;
    },
  };
}

const request = (method: string, params?: unknown, id: unknown = 1) =>
  JSON.stringify({ jsonrpc: "2.0", id, method, params });
const callText = (name: string, args: string) =>
  `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"${name}","arguments":${args}}}`;

let provider: FakeProvider;
let options: ServerOptions;
const peers: Record<string, Peer> = {};
beforeAll(async () => {
  provider = await startFakeProvider({
    apiKey: SECRETS[0] as string,
    models: { good: {}, odd: { fault: () => fault } },
  });
  whenDone(() => provider.close());
  options = {
    config: {
      providers: { fake: { baseUrl: provider.baseUrl, apiKey: SECRETS[0] } },
      llm: { modelId: "fake/good" },
      moa: { models: ["fake/odd"], aggregatorModel: "fake/odd", numLayers: 1, agentsPerLayer: 1 },
      apis: { shop: { apiUrl: "http://127.0.0.1:9", apiKey: SECRETS[1] } },
    },
    env: { SOME_API_KEY: SECRETS[2] as string },
  };
  peers.stdio = overStdio(options);
  peers.HTTP = await overHttp(options);
});
/** What the model `odd` does next. */
let fault: Fault | undefined;

/** The JSON of a tool's answer. */
function read(message: Message): Record<string, unknown> {
  expect(message.result, JSON.stringify(message).slice(0, 500)).toBeDefined();
  return JSON.parse(message.result?.content[0]?.text ?? "null");
}
async function call(peer: Peer, name: string, args: object): Promise<Record<string, unknown>> {
  return read(await peer.send(callText(name, JSON.stringify(args))));
}

describe.each(["stdio", "HTTP"])("over %s", (transport) => {
  const send = (text: string | Buffer) => (peers[transport] as Peer).send(text);
  const tool = (name: string, args: object) => call(peers[transport] as Peer, name, args);
  const stillServes = async () => expect(await tool("display_result", {})).toMatchObject({ status: "success" });

  it.each([
    ["no JSON", '{"jsonrpc":', -32700],
    ["text", "hello", -32700],
    ["bytes that are no UTF-8", Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), -32700],
    ["null", "null", -32600],
    ["a number", "5", -32600],
    ["an empty object", "{}", -32600],
    ["an empty batch", "[]", -32600],
    ["a batch of nothing", "[1]", -32600],
    ["no version", '{"id":1,"method":"ping"}', -32600],
    ["no method", '{"jsonrpc":"2.0","id":1}', -32600],
    ["a method that is no text", '{"jsonrpc":"2.0","id":1,"method":{}}', -32600],
    ["a null id", '{"jsonrpc":"2.0","id":null,"method":"ping"}', -32600],
    ["params as text", request("tools/list", "x"), -32602],
    ["params as a list", request("tools/list", [1]), -32602],
    ["a cursor that is none", request("tools/list", { cursor: 5 }), -32602],
    ["an initialize without anything", request("initialize", {}), -32602],
    ["a method that is not there", request("nosuch/method"), -32601],
  ])("answers %s with an error and goes on", async (_what, text, code) => {
    const { error } = await send(text);
    expect(error?.code).toBe(code);
    expect(error?.message).toMatch(/^[A-Z"]/);
    await stillServes();
  });

  it.each([
    ["null params", request("tools/call", null)],
    ["no name", request("tools/call", { arguments: {} })],
    ["a name that is no text", request("tools/call", { name: 5 })],
    ["a list of arguments", request("tools/call", { name: "memory_list", arguments: [5] })],
    ["arguments as text", request("tools/call", { name: "memory_list", arguments: '{"limit":5}' })],
    ["metadata as text", request("tools/call", { name: "memory_list", _meta: "x" })],
    ["a progress token that is none", request("tools/call", { name: "memory_list", _meta: { progressToken: {} } })],
    ["a prototype", callText("memory_list", '{"__proto__":{"limit":5}}')],
    ["a prototype deep inside", callText("display_result", '{"result_data":{"a":[{"__proto__":{}}]}}')],
    ["a constructor", callText("memory_list", '{"constructor":{"prototype":{}}}')],
    ["a number beyond all", callText("memory_list", '{"limit":1e999}')],
    ["a number beyond all deep inside", callText("display_result", '{"result_data":{"a":[-1e999]}}')],
    ["a number too long to be kept", callText("display_result", '{"result_data":{"id":1234567890123456789}}')],
    ["a fraction", callText("memory_list", '{"limit":1.5}')],
    ["NaN as text", callText("memory_list", '{"limit":"NaN"}')],
  ])("answers a call with %s as a failed call and goes on", async (_what, text) => {
    const message = await send(text);
    expect(message.result?.isError).toBe(true);
    expect(read(message)).toMatchObject({ status: "error", code: "invalid_input", retryable: false });
    await stillServes();
  });

  it("takes nulls and what is left out for the defaults", async () => {
    for (const text of [
      request("tools/call", { name: "display_result" }),
      request("tools/call", { name: "display_result", arguments: null, _meta: null }),
      callText("display_result", '{"message":null,"result_data":{"zero":-0,"n":null}}'),
    ])
      expect(read(await send(text))).toMatchObject({ status: "success" });
  });

  it("takes empty texts for whatever is optional in every tool as if they were left out", async () => {
    const { result } = await send(request("tools/list"));
    for (const { name, inputSchema } of result?.tools ?? []) {
      const needed = REQUIRED[name] ?? {};
      const optional = Object.keys(inputSchema.properties).filter((parameter) => !Object.hasOwn(needed, parameter));
      const outcome = ({ status, code, message }: Record<string, unknown>) => ({ status, code, message });
      const plain = outcome(await tool(name, needed));
      for (const blank of ["", null]) {
        const filled = { ...Object.fromEntries(optional.map((parameter) => [parameter, blank])), ...needed };
        expect(outcome(await tool(name, filled)), name).toEqual(plain);
      }
    }
  });

  it("refuses 100,000 levels of nesting by the id of the call", async () => {
    for (const [open, close] of [
      ["[", "]"],
      ['{"a":', "}"],
    ] as const) {
      const deep = `${open.repeat(100_000)}1${close.repeat(100_000)}`;
      expect(read(await send(callText("display_result", `{"result_data":{"a":${deep}}}`)))).toMatchObject({
        code: "too_large",
      });
      expect((await send(`{"jsonrpc":"2.0","id":7,"method":"ping","params":{"a":${deep}}}`)).error?.data?.code).toBe(
        "too_large",
      );
    }
    await stillServes();
  });

  it("refuses messages beyond the limit by the id of the call, without reading them", async () => {
    for (const bytes of [10.5e6, 30e6]) {
      const text = callText("display_result", `{"message":"${"x".repeat(bytes)}"}`);
      expect(read(await send(text))).toMatchObject({ code: "too_large" });
    }
    await stillServes();
  });

  it("refuses wrong types and unknown parameters of every tool by name", async () => {
    const { result } = await send(request("tools/list"));
    const tools = result?.tools ?? [];
    expect(tools.length).toBeGreaterThanOrEqual(14);
    const values: [type: string, value: unknown][] = [
      ["string", "text"],
      ["integer", 5],
      ["number", 0.5],
      ["boolean", true],
      ["array", [[]]],
      ["object", { a: 1 }],
    ];
    for (const { name, inputSchema } of tools) {
      for (const [parameter, { type }] of Object.entries(inputSchema.properties)) {
        for (const [valueType, value] of values) {
          if (valueType === type || (type === "number" && valueType === "integer") || type === undefined) continue;
          // One text is a list of one there.
          if (parameter === "fields" && valueType === "string") continue;
          const answer = await tool(name, { ...REQUIRED[name], [parameter]: value });
          const what = `${name} ${parameter}: ${JSON.stringify(value)} → ${JSON.stringify(answer)}`;
          expect(answer.code, what).toBe("invalid_input");
          expect(`${answer.message} ${JSON.stringify(answer.issues)}`, what).toContain(parameter);
        }
      }
      const unknown = await tool(name, { nosuch_parameter: 1 });
      expect(unknown.message).toContain(`"nosuch_parameter" is no parameter of ${name}.`);
      expect(unknown.hint).toContain(Object.keys(inputSchema.properties)[0]);
    }
    await stillServes();
  });

  it("survives empty, huge and hostile text in every text parameter of every tool", async () => {
    const { result } = await send(request("tools/list"));
    const texts = [
      "",
      " ",
      "\u0000",
      "\ud800",
      "x".repeat(1_000_000),
      "' OR 1=1 --",
      "../../etc/passwd",
      "${HOME}{{7*7}}",
    ];
    for (const { name, inputSchema } of result?.tools ?? []) {
      for (const [parameter, { type }] of Object.entries(inputSchema.properties)) {
        if (type !== "string") continue;
        for (const text of texts) {
          const answer = await tool(name, { ...REQUIRED[name], [parameter]: text });
          const what = `${name} ${parameter} ${JSON.stringify(text.slice(0, 20))}: ${JSON.stringify(answer).slice(0, 300)}`;
          expect(answer.status, what).toMatch(/^(success|error|needs_input)$/);
          if (answer.status === "error") expect(answer.code, what).toMatch(/^(?!internal)[a-z_]+$/);
          expect(JSON.stringify(answer).length, what).toBeLessThan(5_000_000);
        }
      }
    }
    await stillServes();
  }, 120_000);

  it("loses no memory to operators of SQL and of full-text search", async () => {
    expect(await tool("memory_add", { content: "Ana's dentist is Dr. Weber", tags: ["health"] })).toMatchObject({
      status: "success",
    });
    const before = await tool("memory_list", {});
    for (const query of HOSTILE_QUERIES) {
      for (const args of [{ query }, { query: "dentist", tag: query }]) {
        const answer = await tool("memory_search", args);
        if (answer.status !== "success") expect(answer.code, query).toBe("invalid_input");
      }
      const answer = await tool("memory_delete", { memory_id: query });
      expect(answer.code, query).toMatch(/^(not_found|invalid_input)$/);
      expect((await tool("memory_list", { tag: query })).status, query).toMatch(/^(success|error)$/);
    }
    expect(await tool("memory_list", {})).toEqual(before);
    expect(await tool("memory_search", { query: "who is the dentist?" })).toMatchObject({
      results: [{ content: "Ana's dentist is Dr. Weber" }],
    });
  });

  it.each([
    ["html", /^(invalid_response|upstream_error)$/],
    ["empty", /^(invalid_response|upstream_error)$/],
    ["error_200", /^upstream_error$/],
    ["no_choices", /^(invalid_response|upstream_error)$/],
    ["content_null", /^(invalid_response|upstream_error)$/],
    ["detail", /^upstream_error$/],
    ["unauthorized", /^(upstream_error|not_configured|forbidden|unauthenticated)$/],
    ["reset", /^(upstream_unreachable|upstream_error)$/],
    [{ status: 200, body: '"text"' }, /^(invalid_response|upstream_error)$/],
    [{ status: 500, body: `Traceback: ${SECRETS[0]}` }, /^upstream_error$/],
  ] as [Fault, RegExp][])(
    "says what is wrong with a model that answers %j",
    async (next, code) => {
      fault = next;
      const processed = await tool("llm_processor", { input: "x", model: "fake/odd" });
      expect(processed.status).toBe("error");
      expect(processed.code, JSON.stringify(processed)).toMatch(code);
      const mixed = await tool("mixture_of_agents", { query: "x" });
      expect(mixed.status, JSON.stringify(mixed)).toBe("error");
      expect(mixed.code).not.toBe("internal");
      await stillServes();
    },
    60_000,
  );

  it("says which models, APIs and pipelines there are instead of an unknown one", async () => {
    expect(await tool("llm_processor", { input: "x", model: "fake/nosuch" })).toMatchObject({ code: "unknown_model" });
    expect(await tool("call_api", { api: "nosuch" })).toMatchObject({ code: "unknown_api" });
    expect(await tool("run_pipeline", { pipeline: "nosuch", data: [] })).toMatchObject({ code: "unknown_pipeline" });
  });
});

describe("a database that refuses", () => {
  const peerWith = (dataDir: string) => overStdio({ config: { dataDir } });

  it.each([
    ["is damaged", "storage_corrupt", (folder: string) => writeFileSync(join(folder, "memory.db"), "x".repeat(9000))],
    ["is a folder", "storage_error", (folder: string) => mkdirSync(join(folder, "memory.db"))],
  ] as const)("because it %s is an error, and the server goes on", async (_why, code, prepare) => {
    const folder = temporaryFolder();
    prepare(folder);
    const peer = peerWith(folder);
    for (const [name, args] of [
      ["memory_add", { content: "x" }],
      ["memory_search", { query: "x" }],
    ] as const)
      expect(await call(peer, name, args)).toMatchObject({ status: "error", code });
    expect(await call(peer, "display_result", {})).toMatchObject({ status: "success" });
  });

  it("because another program holds it is an error for now, and nothing is lost", async () => {
    const folder = temporaryFolder();
    const peer = peerWith(folder);
    expect(await call(peer, "memory_add", { content: "Kept" })).toMatchObject({ status: "success" });
    const other = new Sqlite(join(folder, "memory.db"));
    other.exec("BEGIN EXCLUSIVE");
    expect(await call(peer, "memory_add", { content: "Refused" })).toMatchObject({
      code: "storage_locked",
      retryable: true,
    });
    expect(await call(peer, "display_result", {})).toMatchObject({ status: "success" });
    other.exec("ROLLBACK");
    other.close();
    expect(await call(peer, "memory_add", { content: "Kept, too" })).toMatchObject({ status: "success" });
    expect(await call(peer, "memory_list", {})).toMatchObject({ total: 2 });
  }, 60_000);
});

/** Valid values of the parameters that tools cannot do without, so that the others are reached. */
const REQUIRED: Record<string, object> = {
  memory_add: { content: "x" },
  memory_search: { query: "x" },
  memory_update: { memory_id: "x", content: "x" },
  memory_delete: { memory_id: "x" },
  llm_processor: { input: "x" },
  mixture_of_agents: { query: "x" },
  api_search: { query: "x" },
  api_describe: { operation: "x" },
  call_api: { api: "shop" },
  run_pipeline: { data: [{ a: 1 }] },
  collect_input: {},
  confirm_action: { message: "x" },
};

const HOSTILE_QUERIES = [
  "' OR '1'='1",
  "'; DROP TABLE memories; --",
  '" OR 1=1 --',
  '"unbalanced',
  "dentist AND",
  "AND OR NOT",
  "NOT dentist",
  "NEAR(dentist, 5)",
  "dent*",
  "*",
  "^dentist",
  "content:dentist",
  "user_id : local",
  "(dentist",
  "dentist) OR (",
  "{a b}:c",
  "-dentist",
  "+",
  "%",
  "_",
  "\\",
  "\u0000",
  "a\u0000b",
  "\ud800",
  "a\udfffb",
  "😀",
  "‮",
  "x".repeat(10_000),
  '"'.repeat(1001),
  "a OR ".repeat(2000),
];

it("shows no secret, no path of the host and no stack in any of the answers above", () => {
  expect(answers.length).toBeGreaterThan(100);
  for (const answer of answers) {
    for (const leak of [...SECRETS, process.cwd(), "node_modules", "at Object.", "at async", ".ts:", "file://"])
      if (answer.includes(leak)) throw new Error(`An answer shows ${leak}: ${answer.slice(0, 2000)}`);
  }
});
