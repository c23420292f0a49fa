import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { whenDone } from "./fixtures/cleanup.ts";
import { startHttpServer as startWeb, unusedPort } from "./fixtures/http-server.ts";
import { PYTHON_SETUP_MS, pythonPrograms } from "./fixtures/python.ts";
import { startScriptedModel } from "./fixtures/scripted-model.ts";
import { type RunningServer, runProcess, startHttpServer } from "./fixtures/spawn.ts";

type Json = Record<string, unknown>;
interface Said {
  result?: Json;
  error?: string;
  stopped?: boolean;
  shown: { type: string; data: Json }[];
  asked: { type: string; data: Json }[];
}

const KEY = "key-of-ana-of-the-test";
const FORM = {
  title: "Book a table",
  fields: [
    { name: "guests", label: "Guests", type: "integer", required: true },
    { name: "menus", type: "multiselect", options: ["fish", "vegan"] },
  ],
};

/** The SDKs that versions of Open-WebUI bring; the real one is tried with its own elsewhere. */
const SDKS = [
  { name: "1.12", requirements: ["mcp==1.12.4", "pydantic<2.12"] },
  { name: "1.30", requirements: ["mcp==1.30.0"] },
  { name: "2.3", requirements: ["mcp==2.3.0"] },
];

describe.each(SDKS)("the Python tool with the SDK $name", ({ requirements }) => {
  let server: RunningServer;
  const model = startScriptedModel();
  let python: string;

  beforeAll(async () => {
    python = join(await pythonPrograms(requirements), "python");
    const { url, close } = await model;
    whenDone(close);
    server = await startHttpServer({
      built: true,
      config: {
        auth: { apiKeys: [{ key: KEY, user: "ana" }] },
        providers: { scripted: { baseUrl: url } },
        llm: { modelId: "scripted/scripted" },
      },
    });
  }, PYTHON_SETUP_MS);

  async function call(tool: string, args: Json, more: Json = {}): Promise<Said> {
    const valves = { url: `${server.url}/mcp`, api_key: KEY, ...(more.valves as Json) };
    const input = JSON.stringify({ tool, arguments: args, ...more, valves });
    const command = { command: python, args: ["test/fixtures/open-webui-tool.py"], env: {} };
    const { code, stdout, stderr } = await runProcess(command, { input });
    expect(code, stderr).toBe(0);
    expect(stderr).not.toMatch(/Traceback|never retrieved/);
    const said = JSON.parse(stdout) as Said;
    const lines = said.shown.filter(({ type }) => type === "status");
    expect(lines.map(({ data }) => data.done)).toEqual(lines.map((_, index) => index === lines.length - 1));
    return said;
  }
  const lastLine = ({ shown }: Said) => shown.filter(({ type }) => type === "status").at(-1)?.data;

  it("gives results and errors, and shows the whole events", async () => {
    const { result, shown } = await call("memory_add", { content: "Ana likes tea" });
    expect(result).toMatchObject({ status: "success" });
    expect(shown.at(-1)?.data).toMatchObject({ status: "success", progress: 100, timestamp: expect.any(Number) });
    const failed = await call("memory_update", { memory_id: "none", content: "x" });
    expect(failed.error).toContain('"code":"not_found"');
    expect(lastLine(failed)).toMatchObject({ status: "error", error: true });
  });

  it("asks by whole forms, and again where an answer is wrong", async () => {
    const answers = ["many", 4].map((guests) => ({ action: "accept", content: { guests, menus: ["fish"] } }));
    const { result, asked } = await call("collect_input", FORM, { forms: true, answers });
    expect(result).toMatchObject({ data: { guests: 4, menus: ["fish"] } });
    expect(asked.map(({ type }) => type)).toEqual(["request:elicitation", "request:elicitation"]);
  });

  it("asks field by field where Open-WebUI has no forms", async () => {
    const { result, asked } = await call("collect_input", FORM, { answers: ["4", "fish, vegan"] });
    expect(result).toMatchObject({ data: { guests: 4, menus: ["fish", "vegan"] } });
    expect(asked.map(({ type }) => type)).toEqual(["input", "input"]);
  });

  it.each([[false], [{ error: "The tab was closed." }], [""]])("takes the answer %o for no consent", async (answer) => {
    const said = await call("confirm_action", { message: "Delete everything?" }, { answers: [answer] });
    expect(said.result?.confirmed ?? false).toBe(false);
    expect(lastLine(said)).toBeDefined();
  });

  it("ends the request to the model when the user presses Stop", async () => {
    const said = await call("llm_processor", { input: "SLOW 20", task: "summarize" }, { stop: 4 });
    expect(said.stopped).toBe(true);
    expect(lastLine(said)).toMatchObject({ status: "error", description: "Cancelled" });
    await expect.poll(async () => (await model).requests.at(-1)?.abortedAt, { timeout: 5_000 }).toBeDefined();
  });

  it("says which address it cannot reach, without what may be secret in it", async () => {
    const url = `http://user:password-of-a-proxy@127.0.0.1:${await unusedPort()}/mcp?token=secret-token`;
    const { error } = await call("memory_list", {}, { valves: { url } });
    expect(error).toMatch(/cannot be reached at http:\/\/127\.0\.0\.1:\d+\/mcp\./);
    expect(error).not.toMatch(/password|secret/);
  });

  it("takes a proxy that answers for a server that is down for just that", async () => {
    const proxy = await startWeb({ status: 502, text: "<h1>Bad gateway</h1>" });
    expect((await call("memory_list", {}, { valves: { url: `${proxy.url}/mcp` } })).error).toContain(
      "cannot be reached",
    );
  });

  it("takes its key nowhere by a redirect", async () => {
    const other = await startWeb();
    const redirecting = await startWeb({ status: 307, headers: { location: `${other.url}/mcp` } });
    const { error } = await call("memory_list", {}, { valves: { url: `${redirecting.url}/mcp` } });
    expect(error).toBeDefined();
    expect(other.requests).toEqual([]);
  });
});
