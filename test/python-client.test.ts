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
  asked: { message: string; schema: { properties: Json } | null; url: string | null }[];
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
const call = (name: string, args: Json = {}) => ({ name, arguments: args });
const SECRET = "the-secret-of-ana";
const age = call("collect_input", { fields: [{ name: "age", type: "integer", required: true }] });
const secret = call("collect_input", { fields: [{ name: "key", type: "password", required: true }] });
const question = call("confirm_action", { message: "Delete everything?" });
const guarded = call("display_result", { message: "It is done" });

describe.each(cases)("the official Python client $name over $road", ({ connection, ...sdk }) => {
  let config: Json;
  beforeAll(async () => {
    const provider = await startFakeProvider({
      models: Object.fromEntries(["a", "b"].map((name) => [name, { latencyMs: 600, reply: `I am ${name}.` }])),
    });
    whenDone(() => provider.close());
    config = {
      providers: { fake: { baseUrl: provider.baseUrl } },
      moa: { models: ["fake/a", "fake/b"], aggregatorModel: "fake/a", numLayers: 2, agentsPerLayer: 2 },
      interaction: { confirmationRequired: ["display_result"] },
    };
  });

  /** Runs the client through these calls; the human answers one form after the other. */
  async function converse(calls: Calls, answers?: Answer[], more: Json = {}): Promise<Heard> {
    const python = join(await pythonPrograms(sdk.requirements), "python");
    const { mode } = sdk;
    const input = JSON.stringify({ ...(await connection(config)), mode, calls, ...(answers && { answers }), ...more });
    const client = { command: python, args: ["test/fixtures/python-client.py"], env: { PATH: process.env.PATH ?? "" } };
    const { code, stdout, stderr } = await runProcess(client, { input });
    expect(code, stderr).toBe(0);
    return JSON.parse(stdout) as Heard;
  }

  function expectProgress(results: Heard["results"]): void {
    for (const { progress } of results) {
      const values = progress.map(({ progress }) => progress);
      expect(values).toEqual([...new Set(values)].sort((a, b) => a - b));
      expect(progress.at(-1)).toMatchObject({ progress: 100 });
    }
  }

  it("connects, lists the tools, gets results, and hears how calls get on, up to success or failure", {
    timeout: 120_000,
  }, async () => {
    const heard = await converse([
      call("memory_add", { content: "Ana prefers tea", tags: ["drinks"] }),
      call("memory_search", { query: "What does Ana drink? Tea?" }),
      call("memory_delete", { memory_id: "none" }),
      call("mixture_of_agents", { query: "Who are you?" }),
    ]);
    expect(heard).toMatchObject({ version: sdk.version, server: "patchbay-mcp" });
    expect(heard.tools).toHaveLength(14);
    const [added, found, failed, mixture] = heard.results;
    // Before 2025-06-18 there was text only, and it is the same.
    if (sdk.asks) expect(added?.json).toEqual(added?.structured);
    expect(found?.json).toMatchObject({ status: "success", results: [{ content: "Ana prefers tea" }] });
    expect(failed).toMatchObject({ is_error: true, structured: null, json: { status: "error" } });
    expect(failed?.progress.at(-1)).toMatchObject({ progress: 100, message: failed?.json.message });
    expect(mixture?.json).toMatchObject({ answer: "I am a." });
    expect(mixture?.progress.length).toBeGreaterThanOrEqual(3);
    expect(mixture?.progress.map(({ message }) => message).join("\n")).toMatch(/layer/i);
    expect(mixture?.progress.at(-1)).toEqual({ progress: 100, total: 100, message: "Process complete" });
    expectProgress(heard.results);
  });

  it("gets forms and questions itself where it cannot ask, nothing is done before they are answered, and of many calls at once none is lost", {
    timeout: 120_000,
  }, async () => {
    const many = Array.from({ length: 40 }, (_, n) => call("memory_add", { content: `Fact ${n}` }));
    const { asked, results } = await converse([age, question, guarded, secret, ...many], undefined, { at_once: true });
    expect(asked).toEqual([]);
    expect(results.map(({ json }) => json)).toMatchObject([
      { status: "needs_input", schema: { required: ["age"] }, resume_token: expect.any(String) },
      { status: "needs_input", question: { message: "Delete everything?" } },
      { status: "needs_input", code: "confirmation_required" },
      { status: "needs_input", url: expect.stringContaining("/interact/") },
      ...many.map(() => ({ status: "success" })),
    ]);
    expect(results[3]?.json).not.toHaveProperty("schema");
    expectProgress(results);
  });

  it.runIf(sdk.asks)(
    "asks its human, again where an answer is wrong, and tells no, closed and unclear apart",
    {
      timeout: 120_000,
    },
    async () => {
      const fields = [
        { name: "guests", label: "Guests", type: "integer", required: true },
        { name: "place", type: "select", options: ["inside", "outside"] },
      ];
      const yes: Answer = { action: "accept", content: { confirm: true } };
      const { asked, results } = await converse(
        [
          call("collect_input", { title: "Book a table", fields }),
          age,
          age,
          age,
          question,
          question,
          question,
          question,
        ]
          .concat([guarded, guarded])
          .concat(sdk.opensPages ? [secret] : []),
        [
          { action: "accept", content: { guests: 4, place: "outside" } },
          ...([
            { action: "accept", content: { age: "old" } },
            { action: "accept", content: { age: 41 } },
          ] as Answer[]),
          ...([{ action: "decline" }, { action: "cancel" }] as Answer[]),
          ...([yes, { action: "decline" }, { action: "cancel" }] as Answer[]),
          { action: "accept", content: { confirm: false } },
          ...([{ action: "decline" }, yes, { action: "accept" }] as Answer[]),
        ],
        { page: { f0: SECRET } },
      );
      expect(asked[0]).toMatchObject({
        message: "Book a table",
        schema: { properties: { guests: { type: "integer", title: "Guests" } } },
      });
      expect(asked[2]?.message).toContain("age must be a whole number");
      expect(asked[5]?.message).toContain("Delete everything?");
      expect(asked[9]?.message).toContain("It is done");
      expect(results.map(({ json }) => json)).toMatchObject([
        { status: "success", data: { guests: 4, place: "outside" } },
        { status: "success", data: { age: 41 } },
        { status: "error", code: "declined" },
        { status: "error", code: "cancelled" },
        { confirmed: true },
        { confirmed: false, action: "declined" },
        { status: "error", code: "cancelled" },
        { confirmed: false },
        { status: "error", code: "declined" },
        { message: "It is done" },
        ...(sdk.opensPages ? [{ data: { key: expect.stringMatching(/^secret:\/\//) } }] : []),
      ]);
      if (sdk.opensPages) expect(asked.at(-1)).toMatchObject({ url: expect.stringContaining("/interact/") });
      expect(JSON.stringify({ asked, results })).not.toContain(SECRET);
      for (const { progress } of results) expect(progress.at(-1)).toMatchObject({ progress: 100 });
    },
  );
});
