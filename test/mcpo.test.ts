import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { temporaryFolder, whenDone } from "./fixtures/cleanup.ts";
import { startFakeProvider } from "./fixtures/fake-provider.ts";
import { startHttpServer as startApi } from "./fixtures/http-server.ts";
import { type Post, poster, readOpenApi, startMcpo } from "./fixtures/mcpo.ts";
import { submit } from "./fixtures/pages.ts";
import { MCPO_REQUIREMENTS, PYTHON_SETUP_MS, pythonPrograms } from "./fixtures/python.ts";
import { type RunningServer, type ServerOptions, serverCommand, startHttpServer } from "./fixtures/spawn.ts";

const TOOLS = 14;

type Json = Record<string, unknown>;

beforeAll(async () => {
  await pythonPrograms(MCPO_REQUIREMENTS);
}, PYTHON_SETUP_MS);

describe("mcpo, with one server over stdio and one over HTTP", () => {
  let url: string;
  let pidFile: string;
  let options: ServerOptions;
  let server: RunningServer;

  beforeAll(async () => {
    options = { built: true, config: await configuration() };
    const { command, args, env } = serverCommand({ ...options, args: ["--user", "ana"] });
    pidFile = join(temporaryFolder(), "pid");
    const stdio = { command: "sh", args: ["-c", 'echo $$ > "$0"; exec "$@"', pidFile, command, ...args], env };
    server = await startHttpServer(options);
    const file = join(temporaryFolder(), "mcpo.json");
    writeFileSync(
      file,
      JSON.stringify({
        mcpServers: {
          stdio,
          http: {
            type: "streamable-http",
            url: `${server.url}/mcp`,
            headers: { Authorization: "Bearer key-of-ana" },
          },
        },
      }),
    );
    url = await startMcpo("--config", file);
  }, 120_000);

  describe.each(["stdio", "http"])("over %s", (road) => {
    const post: Post = (tool, args) => poster(`${url}/${road}`)(tool, args);
    /** The result of a call that has to succeed. */
    const call = async (tool: string, args?: Json): Promise<Json> => {
      const { status, body } = await post(tool, args);
      expect(status, JSON.stringify(body)).toBe(200);
      return body;
    };

    it("describes every tool and its parameters in OpenAPI", async () => {
      const { paths, components } = await readOpenApi(`${url}/${road}`);
      expect(Object.keys(paths)).toHaveLength(TOOLS);
      expect(paths["/memory_add"]?.post.description).toMatch(/memor/i);
      const { properties, required } = components.schemas.memory_add_form_model ?? { properties: {} };
      expect(properties.content).toMatchObject({ type: "string", description: expect.stringMatching(/./) });
      expect(properties.tags).toMatchObject({ type: "array", items: { type: "string" } });
      // Several memories may come instead of one, so none of them is required.
      expect(required ?? []).toEqual([]);
      expect(components.schemas.memory_update_form_model?.required).toEqual(["memory_id"]);
      const fields = components.schemas.collect_input_form_model?.properties.fields;
      // Free objects, told in words: what mcpo makes of schemas of fields would refuse some of them.
      expect(JSON.stringify(fields)).toContain("name is the key of the answer");
    });

    it("adds, lists, finds, changes and deletes memories", async () => {
      const content = `Ana prefers tea, said over ${road}`;
      const { memory } = (await call("memory_add", { content, tags: ["drinks"] })) as { memory: Json };
      expect(memory).toMatchObject({ id: expect.any(String), content, tags: ["drinks"] });
      expect(await call("memory_list", { tag: "drinks" })).toMatchObject({
        status: "success",
        memories: [{ content }],
      });
      expect(await call("memory_search", { query: "which tea does Ana like?" })).toMatchObject({
        results: [{ id: memory.id, content }],
      });
      const changed = { memory_id: memory.id, content: `Ana prefers coffee, said over ${road}` };
      expect(await call("memory_update", changed)).toMatchObject({
        memory: { id: memory.id, content: changed.content },
      });
      expect(await call("memory_delete", { memory_id: memory.id })).toMatchObject({ status: "success" });
      expect(await call("memory_list")).toMatchObject({ total: 0, memories: [] });
    });

    it("processes with a model, and with several", async () => {
      expect(await call("llm_processor", { input: "A long text", task: "summarize" })).toMatchObject({
        status: "success",
        format: "text",
        data: "In short: all is well.",
        model: "fake/a",
      });
      expect(
        await call("llm_processor", {
          input: "Ana is 41",
          task: "extract the person",
          output_schema: { type: "object", properties: { age: { type: "integer" } }, required: ["age"] },
        }),
      ).toMatchObject({ format: "json", data: { age: 41 } });
      const answer = (await call("mixture_of_agents", { query: "Why is the sky blue?" })) as {
        answer: string;
        trace: Json[];
      };
      expect(answer.answer).toBe("In short: all is well.");
      expect(answer.trace.length).toBe(2 * 2 + 1);
    });

    it("finds, describes and calls the operations of a configured API", async () => {
      const { operations } = (await call("api_search", { query: "forecast" })) as { operations: Json[] };
      expect(operations[0]).toMatchObject({ api: "weather" });
      const operation = String(operations[0]?.operation);
      expect(await call("api_describe", { operation, api: "weather" })).toMatchObject({ status: "success" });
      expect(
        await call("call_api", { api: "weather", operation: "GET /v1/forecast", query: { city: "Lisbon", days: 2 } }),
      ).toEqual({ status: "success", data: { city: "Lisbon", days: "2", sun: true }, http_status: 200 });
    });

    it("runs a configured pipeline, and steps that come with the call", async () => {
      const text = "id,price\n1, 2.50 \n2,4\n";
      expect(await call("run_pipeline", { pipeline: "clean_orders", text })).toMatchObject({
        final_data: [
          { id: 1, price: 2.5 },
          { id: 2, price: 4 },
        ],
      });
      const steps = [
        { name: "transform", operations: [{ op: "filter", expression: "n > 1" }] },
        { name: "format", format: "csv" },
      ];
      expect(await call("run_pipeline", { data: [{ n: 1 }, { n: 2 }], steps })).toMatchObject({
        final_data: "n\r\n2\r\n",
      });
      const fields = { n: "integer" };
      const all = {
        text: "n\n1\nx\n3\n",
        parameters: { least: 2 },
        report: true,
        steps: [
          { name: "validate", fields, mode: "quarantine" },
          { name: "transform", operations: [{ op: "filter", expression: "n >= $least" }] },
        ],
      };
      expect(await call("run_pipeline", all)).toMatchObject({
        input: { format: "csv", rows: 3 },
        final_data: [{ n: 3 }],
        complete: true,
        quarantine: { rows: 1, data: [{ row: 2, data: { n: "x" } }] },
        report: expect.stringContaining("## Why rows failed"),
      });
    });

    it("hands a form to the model, and takes the answers with the next call", async () => {
      const form = await call("collect_input", {
        title: "Book a table",
        fields: [
          { name: "guests", type: "integer", required: true },
          { name: "place", type: "select", options: ["inside", "outside"] },
        ],
      });
      expect(form).toMatchObject({ status: "needs_input", form: { title: "Book a table" } });
      const answers = { guests: 4, place: "outside" };
      expect(await call("collect_input", { answers, resume_token: form.resume_token })).toEqual({
        status: "success",
        action: "collect_input",
        data: answers,
      });
    });

    it("gives the model a page of the form besides, whose answers come with a call by the token alone", async () => {
      const fields = [{ name: "guests", type: "integer", required: true }];
      const form = await call("collect_input", { title: "Book a table", fields });
      expect(form).toMatchObject({ url: expect.stringContaining("/interact/"), schema: expect.any(Object) });
      expect(await submit(String(form.url), { f0: "4" })).toMatchObject({ status: 303 });
      expect(await call("collect_input", { resume_token: form.resume_token })).toEqual({
        status: "success",
        action: "collect_input",
        data: { guests: 4 },
      });
    });

    it("asks for a secret on the page only, and gives a reference to it", async () => {
      const form = await call("collect_input", { fields: [{ name: "key", type: "password", required: true }] });
      expect(form).toMatchObject({ status: "needs_input", url: expect.stringContaining("/interact/") });
      expect(form).not.toHaveProperty("schema");
      const answers = { key: "told in the chat" };
      expect(await post("collect_input", { answers, resume_token: form.resume_token })).toMatchObject({ status: 500 });
      await submit(String(form.url), { f0: "the-secret-of-ana" });
      const { data } = (await call("collect_input", { resume_token: form.resume_token })) as { data: Json };
      expect(data.key).toMatch(/^secret:\/\//);
      expect(data.key).not.toContain("the-secret-of-ana");
    });

    it("gives the model a page of the question besides, whose yes or no comes with a call by the token alone", async () => {
      for (const answer of ["yes", "no"]) {
        const question = await call("confirm_action", { message: "Delete everything?" });
        expect(await submit(String(question.url), { answer })).toMatchObject({ status: 303 });
        const settled = await call("confirm_action", { resume_token: question.resume_token });
        expect(settled).toMatchObject({ status: "success", confirmed: answer === "yes" });
      }
    });

    it("hands a question to the model, and takes yes or no with the next call", async () => {
      for (const answer of [true, false]) {
        const question = await call("confirm_action", { message: "Delete everything?" });
        expect(question).toMatchObject({ status: "needs_input", question: { message: "Delete everything?" } });
        const settled = await call("confirm_action", { answer, resume_token: question.resume_token });
        expect(settled).toMatchObject({ status: "success", confirmed: answer });
      }
    });

    it("asks with every kind of bound, option and default, as docs/interaction.md shows", async () => {
      const docs = readFileSync(new URL("../docs/interaction.md", import.meta.url), "utf8");
      const example = JSON.parse(/```json\n([\s\S]*?)```/.exec(docs)?.[1] ?? "null") as Json;
      const { resume_token } = await call("collect_input", example);
      const answers = { guests: 4, place: "outside", diet: ["vegan"] };
      expect(await call("collect_input", { answers, resume_token })).toMatchObject({
        data: { guests: 4, place: "out", diet: ["vegan"] },
      });
      const fields = [
        { name: "day", type: "date", min: "2026-01-01", max: "2026-12-31", default: "2026-03-01" },
        { name: "count", type: "integer", min: 1, max: "9", default: 4 },
        { name: "loud", type: "boolean", default: true },
        { name: "size", options: [1, { value: 2, label: "Two" }], default: 1 },
        { name: "some", type: "multiselect", options: ["a", "b"], default: ["a"] },
      ];
      const asked = await call("collect_input", { fields });
      const data = { day: "2026-03-01", count: 4, loud: true, size: 2, some: ["a"] };
      expect(await call("collect_input", { answers: { size: "Two" }, resume_token: asked.resume_token })).toMatchObject(
        {
          data,
        },
      );
    });

    it("shows results, with the defaults that mcpo fills in", async () => {
      expect(await call("display_result")).toEqual({
        status: "success",
        action: "display_result",
        data: {},
        message: "Operation completed successfully",
        notification_type: "success",
      });
    });

    it.each([
      ["memory_delete", { memory_id: "00000000-0000-4000-8000-000000000000" }, "not_found", "Memory not found"],
      ["memory_add", { content: "" }, "invalid_input", "Memory content is required"],
      ["display_result", { notification_type: "loud" }, "invalid_input", "must be one of"],
      ["llm_processor", { input: "x", model: "fake/none" }, "unknown_model", "none"],
      ["call_api", { api: "weather", operation: "GET /private" }, "forbidden", "/private"],
      [
        "call_api",
        { api: "weather", operation: "GET /v1/broken" },
        "upstream_error",
        "API returned error: No forecast today",
      ],
      ["run_pipeline", { pipeline: "clean_orders", text: "id,price\n1,x\n" }, "validation_failed", "Validation failed"],
    ])("says what is wrong with a call of %s: %o", async (tool, args, code, message) => {
      const { status, body } = await post(tool, args);
      expect(status).toBe(500);
      const detail = JSON.stringify(body.detail);
      expect(detail).toContain(code);
      expect(detail).toContain(message);
    });

    it("refuses a call without mcpo's key", async () => {
      const response = await fetch(`${url}/${road}/memory_list`, { method: "POST", body: "{}" });
      expect([401, 403]).toContain(response.status);
    });
  });

  it("lists over one road what was added over the other, for it is the same user and the same database", async () => {
    await poster(`${url}/stdio`)("memory_add", { content: "Kept over stdio" });
    await poster(`${url}/http`)("memory_add", { content: "Kept over HTTP" });
    for (const road of ["stdio", "http"]) {
      const { body } = await poster(`${url}/${road}`)("memory_list");
      expect((body.memories as Json[]).map((memory) => memory.content).sort()).toEqual([
        "Kept over HTTP",
        "Kept over stdio",
      ]);
    }
  });

  it("does not notice that the HTTP server restarts", async () => {
    const { port } = server;
    await server.stop();
    server = await startHttpServer({ ...options, port });
    expect(await poster(`${url}/http`)("memory_list")).toMatchObject({ status: 200, body: { total: 2 } });
  });

  it("starts a stdio server again that was killed, which has lost nothing", async () => {
    process.kill(Number(readFileSync(pidFile, "utf8")), "SIGKILL");
    // mcpo may lose one call before it notices.
    await expect
      .poll(() => poster(`${url}/stdio`)("memory_list"), { timeout: 10_000 })
      .toMatchObject({ status: 200, body: { total: 2 } });
  });
});

describe("mcpo, started as docs/clients.md says", () => {
  it.each([
    ["from the checkout", async () => ["--", "npx", "-y", "patchbay-mcp"], ""],
    ["with mcp.config.json", async () => ["--config", "mcp.config.json"], "/patchbay"],
    [
      "for a running HTTP server",
      async () => {
        const { url } = await startHttpServer({ built: true, config: { auth: KEYS } });
        const header = JSON.stringify({ Authorization: "Bearer key-of-ana" });
        return ["--server-type", "streamable-http", "--header", header, "--", `${url}/mcp`];
      },
      "",
    ],
  ])(
    "works %s",
    async (_name, words, path) => {
      const url = (await startMcpo(...(await words()))) + path;
      expect(Object.keys((await readOpenApi(url)).paths)).toHaveLength(TOOLS);
      const added = await poster(url)("memory_add", { content: "Ana prefers tea", tags: ["drinks"] });
      expect(added).toMatchObject({ status: 200, body: { status: "success" } });
      expect(await poster(url)("memory_list")).toMatchObject({ body: { memories: [{ content: "Ana prefers tea" }] } });
    },
    60_000,
  );
});

it("hands a confirmation to the model through mcpo as a result, and lets the call through once after a yes", async () => {
  const options = { built: true, config: { interaction: { confirmationRequired: ["memory_delete"] } } };
  const { command, args, env } = serverCommand(options);
  const file = join(temporaryFolder(), "mcpo.json");
  writeFileSync(file, JSON.stringify({ mcpServers: { patchbay: { command, args, env } } }));
  const post = poster(`${await startMcpo("--config", file)}/patchbay`);
  const { memory } = (await post("memory_add", { content: "Ana prefers tea" })).body as { memory: Json };
  const call = { memory_id: memory.id };
  const asked = await post("memory_delete", call);
  expect(asked).toMatchObject({
    status: 200,
    body: {
      status: "needs_input",
      code: "confirmation_required",
      message: expect.stringContaining("has to confirm first"),
      hint: expect.stringContaining("confirm_action"),
      question: { message: expect.stringContaining('Memory: "Ana prefers tea"') },
    },
  });
  expect((await post("memory_list")).body).toMatchObject({ total: 1 });
  const answer = { answer: true, resume_token: asked.body.resume_token };
  expect((await post("confirm_action", answer)).body).toMatchObject({ status: "success", confirmed: true });
  expect(await post("memory_delete", call)).toMatchObject({ status: 200, body: { status: "success" } });
}, 60_000);

const KEYS = { apiKeys: [{ key: "key-of-ana", user: "ana" }] };

/** A configuration in which every tool has what it needs, on a data folder that several servers share. */
async function configuration(): Promise<Json> {
  const provider = await startFakeProvider({
    apiKey: "key-of-provider",
    models: Object.fromEntries(
      ["a", "b", "c"].map((name) => [
        name,
        { reply: ({ response_format }) => (response_format ? '{"age": 41}' : "In short: all is well.") },
      ]),
    ),
  });
  whenDone(() => provider.close());
  return {
    dataDir: temporaryFolder(),
    auth: KEYS,
    providers: { fake: { baseUrl: provider.baseUrl, apiKey: "key-of-provider" } },
    llm: { modelId: "fake/a" },
    moa: { models: ["fake/a", "fake/b", "fake/c"], aggregatorModel: "fake/a", numLayers: 2, agentsPerLayer: 2 },
    apis: {
      weather: {
        description: "Weather forecast",
        apiUrl: await startWeather(),
        apiKey: "key-of-weather",
        allow: ["GET /v1/*"],
      },
    },
    pipelines: {
      clean_orders: {
        inputFormat: "csv",
        processingSteps: [
          {
            transform: {
              operations: [
                { op: "trim" },
                { op: "cast", fields: { id: "integer", price: "number" }, on_error: "keep" },
              ],
            },
          },
          { validate: { schema: { properties: { price: { type: "number" } } } } },
        ],
      },
    },
  };
}

/** A small API that wants its key. */
async function startWeather(): Promise<string> {
  const api = await startApi(({ path, query, headers }) => {
    if (headers.authorization !== "Bearer key-of-weather") return { status: 401, json: { error: "no key" } };
    if (path !== "/v1/forecast") return { status: 503, text: "No forecast today" };
    return { json: { ...Object.fromEntries(new URLSearchParams(query)), sun: true } };
  });
  return api.url;
}
