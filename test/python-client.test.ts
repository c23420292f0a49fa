import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { whenDone } from "./fixtures/cleanup.ts";
import { startFakeProvider } from "./fixtures/fake-provider.ts";
import { MCPO_REQUIREMENTS, PYTHON_SETUP_MS, pythonPrograms } from "./fixtures/python.ts";
import { runProcess, serverCommand, startHttpServer } from "./fixtures/spawn.ts";

type Json = Record<string, unknown>;
interface Heard {
  version: string;
  server: string;
  tools: string[];
  asked: { message: string; schema: { properties: Json } }[];
  results: {
    is_error: boolean;
    structured: Json | null;
    json: Json;
    progress: { progress: number; total: number; message: string }[];
  }[];
}
type Calls = { name: string; arguments: Json }[];
type Answer = { action: "accept" | "decline" | "cancel"; content?: Json };

/** What the SDK is called here, what installs it, how version 2 negotiates, the version of the protocol, whether it can ask, and whether by a page. */
interface Sdk {
  name: string;
  requirements: readonly string[];
  mode?: "auto" | "legacy";
  version: string;
  asks: boolean;
  opensPages: boolean;
}

const sdks: Sdk[] = [
  { name: "2.3", requirements: ["mcp==2.3.0"], mode: "auto", version: "2026-07-28", asks: true, opensPages: true },
  {
    name: "2.3 in its legacy mode",
    requirements: ["mcp==2.3.0"],
    mode: "legacy",
    version: "2025-11-25",
    asks: true,
    opensPages: true,
  },
  {
    name: "1, the latest that mcpo takes",
    requirements: MCPO_REQUIREMENTS,
    version: "2025-11-25",
    asks: true,
    opensPages: true,
  },
  {
    name: "1.12",
    requirements: ["mcp==1.12.4", "pydantic<2.12"],
    version: "2025-06-18",
    asks: true,
    opensPages: false,
  },
  { name: "1.9", requirements: ["mcp==1.9.4", "pydantic<2.12"], version: "2025-03-26", asks: false, opensPages: false },
];

beforeAll(async () => {
  for (const { requirements } of sdks) await pythonPrograms(requirements);
}, PYTHON_SETUP_MS);

const roads: [string, (config: Json) => Promise<Json>][] = [
  ["stdio", async (config) => ({ stdio: serverCommand({ config, built: true }) })],
  [
    "streamable HTTP",
    async (config) => {
      const auth = { apiKeys: [{ key: "key-of-ana", user: "ana" }] };
      const server = await startHttpServer({ built: true, config: { ...config, auth } });
      return { http: { url: `${server.url}/mcp`, headers: { Authorization: "Bearer key-of-ana" } } };
    },
  ],
];

const cases = sdks.flatMap((sdk) => roads.map(([road, connection]) => ({ ...sdk, road, connection })));

describe.each(cases)("the official Python client $name over $road", ({ connection, ...sdk }) => {
  /** Runs the client through these calls; the human answers one form after the other. */
  async function converse(calls: Calls, answers?: Answer[], config: Json = {}, more: Json = {}): Promise<Heard> {
    const python = join(await pythonPrograms(sdk.requirements), "python");
    const { mode } = sdk;
    const input = JSON.stringify({ ...(await connection(config)), mode, calls, ...(answers && { answers }), ...more });
    const client = { command: python, args: ["test/fixtures/python-client.py"], env: { PATH: process.env.PATH ?? "" } };
    const { code, stdout, stderr } = await runProcess(client, { input });
    expect(code, stderr).toBe(0);
    return JSON.parse(stdout) as Heard;
  }

  it("connects, lists the tools, gets structured results, and hears of a failure", async () => {
    const heard = await converse([
      { name: "memory_add", arguments: { content: "Ana prefers tea", tags: ["drinks"] } },
      { name: "memory_search", arguments: { query: "What does Ana drink? Tea?" } },
      { name: "memory_delete", arguments: { memory_id: "none" } },
    ]);
    expect(heard).toMatchObject({ version: sdk.version, server: "patchbay-mcp" });
    expect(heard.tools).toHaveLength(14);
    const [added, found, failed] = heard.results;
    // Before 2025-06-18 there was text only, and it is the same.
    if (sdk.asks) expect(added?.json).toEqual(added?.structured);
    expect(found?.json).toMatchObject({ status: "success", results: [{ content: "Ana prefers tea" }] });
    expect(failed).toMatchObject({ is_error: true, structured: null, json: { status: "error" } });
    expect(failed?.progress.at(-1)).toMatchObject({ progress: 100, message: failed?.json.message });
  });

  it("hears how a long call gets on, up to its end", async () => {
    const provider = await startFakeProvider({
      models: Object.fromEntries(["a", "b"].map((name) => [name, { latencyMs: 600, reply: `I am ${name}.` }])),
    });
    whenDone(() => provider.close());
    const query = { name: "mixture_of_agents", arguments: { query: "Who are you?" } };
    const { results } = await converse([query], undefined, {
      providers: { fake: { baseUrl: provider.baseUrl } },
      moa: { models: ["fake/a", "fake/b"], aggregatorModel: "fake/a", numLayers: 2, agentsPerLayer: 2 },
    });
    expect(results[0]?.json).toMatchObject({ answer: "I am a." });
    const events = results[0]?.progress ?? [];
    expect(events.length).toBeGreaterThanOrEqual(3);
    expect(events.map(({ message }) => message).join("\n")).toMatch(/layer/i);
    expect(events.at(-1)).toEqual({ progress: 100, total: 100, message: "Process complete" });
    const values = events.map(({ progress }) => progress);
    expect(values).toEqual([...new Set(values)].sort((a, b) => a - b));
  });

  it("hears of each of many calls at once, ever further and up to the end", async () => {
    const calls = Array.from({ length: 40 }, (_, n) => ({ name: "memory_add", arguments: { content: `Fact ${n}` } }));
    const { results } = await converse(calls, undefined, {}, { at_once: true });
    for (const { progress } of results) {
      const values = progress.map(({ progress }) => progress);
      expect(values).toEqual([...new Set(values)].sort((a, b) => a - b));
      expect(progress.at(-1)).toMatchObject({ progress: 100, message: "Memory added successfully" });
    }
  });

  it.runIf(sdk.asks)("asks its human with a form", async () => {
    const fields = [
      { name: "guests", label: "Guests", type: "integer", required: true },
      { name: "place", type: "select", options: ["inside", "outside"] },
    ];
    const heard = await converse(
      [
        { name: "collect_input", arguments: { title: "Book a table", fields } },
        { name: "confirm_action", arguments: { message: "Book it?" } },
        { name: "confirm_action", arguments: { message: "Really?" } },
      ],
      [
        { action: "accept", content: { guests: 4, place: "outside" } },
        { action: "accept", content: { confirm: true } },
        { action: "decline" },
      ],
    );
    expect(heard.asked.map(({ message }) => message)).toEqual([
      "Book a table",
      expect.stringContaining("Book it?"),
      expect.stringContaining("Really?"),
    ]);
    expect(heard.asked[0]?.schema.properties.guests).toMatchObject({ type: "integer", title: "Guests" });
    expect(heard.results.map(({ structured }) => structured)).toMatchObject([
      { status: "success", data: { guests: 4, place: "outside" } },
      { confirmed: true },
      { confirmed: false, action: "declined" },
    ]);
  });

  it.runIf(sdk.asks)("asks again where an answer is wrong, and tells no, closed and unclear apart", async () => {
    const form = { name: "collect_input", arguments: { fields: [{ name: "age", type: "integer", required: true }] } };
    const question = { name: "confirm_action", arguments: { message: "Delete everything?" } };
    const { asked, results } = await converse(
      [form, form, form, question, question],
      [
        { action: "accept", content: { age: "old" } },
        { action: "accept", content: { age: 41 } },
        { action: "decline" },
        { action: "cancel" },
        { action: "cancel" },
        { action: "accept", content: { confirm: false } },
      ],
    );
    expect(asked[1]?.message).toContain("age must be a whole number");
    expect(results.map(({ json }) => json)).toMatchObject([
      { status: "success", data: { age: 41 } },
      { status: "error", code: "declined" },
      { status: "error", code: "cancelled" },
      { status: "error", code: "cancelled" },
      { confirmed: false },
    ]);
    for (const { progress } of results) expect(progress.at(-1)).toMatchObject({ progress: 100 });
  });

  it.runIf(sdk.opensPages)("asks for a secret by a page, and tells the model a reference only", async () => {
    const form = { name: "collect_input", arguments: { fields: [{ name: "key", type: "password", required: true }] } };
    const page = { f0: "the-secret-of-ana" };
    const { asked, results } = await converse([form], [{ action: "accept" }], {}, { page });
    expect(asked).toMatchObject([{ schema: null, url: expect.stringContaining("/interact/") }]);
    expect(results[0]?.json).toMatchObject({ data: { key: expect.stringMatching(/^secret:\/\//) } });
    expect(JSON.stringify(results)).not.toContain("the-secret-of-ana");
  });

  it.runIf(sdk.asks && !sdk.opensPages)("gives the page for a secret to the model where it opens none", async () => {
    const form = { name: "collect_input", arguments: { fields: [{ name: "key", type: "password", required: true }] } };
    const { asked, results } = await converse([form], []);
    expect(asked).toEqual([]);
    expect(results[0]?.json).toMatchObject({ status: "needs_input", url: expect.stringContaining("/interact/") });
    expect(results[0]?.json).not.toHaveProperty("schema");
  });

  it.runIf(sdk.asks)("asks before a call that needs a confirmation, and runs it after a yes only", async () => {
    const show = { name: "display_result", arguments: { message: "It is done" } };
    const { asked, results } = await converse(
      [show, show],
      [{ action: "decline" }, { action: "accept", content: { confirm: true } }],
      { interaction: { confirmationRequired: ["display_result"] } },
    );
    expect(asked[0]?.message).toContain("It is done");
    expect(results.map(({ json }) => json)).toMatchObject([{ code: "declined" }, { message: "It is done" }]);
  });

  it("gets forms and questions itself where it cannot ask, and nothing is done before they are answered", async () => {
    const { asked, results } = await converse(
      [
        { name: "collect_input", arguments: {} },
        { name: "confirm_action", arguments: { message: "Delete everything?" } },
        { name: "display_result", arguments: { message: "It is done" } },
      ],
      undefined,
      { interaction: { confirmationRequired: ["display_result"] } },
    );
    expect(asked).toEqual([]);
    expect(results.map(({ json }) => json)).toMatchObject([
      { status: "needs_input", form: { title: "Input Required" } },
      { status: "needs_input", question: { message: "Delete everything?" } },
      { status: "needs_input", code: "confirmation_required" },
    ]);
    for (const { progress } of results) expect(progress.at(-1)).toMatchObject({ progress: 100 });
  });
});
