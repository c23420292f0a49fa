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

let python: string;
beforeAll(async () => {
  python = join(await pythonPrograms(MCPO_REQUIREMENTS), "python");
}, PYTHON_SETUP_MS);

const roads: [string, (config: Json) => Promise<Json>][] = [
  ["stdio", async (config) => ({ stdio: serverCommand({ config }) })],
  [
    "streamable HTTP",
    async (config) => {
      const auth = { apiKeys: [{ key: "key-of-ana", user: "ana" }] };
      const server = await startHttpServer({ config: { ...config, auth } });
      return { http: { url: `${server.url}/mcp`, headers: { Authorization: "Bearer key-of-ana" } } };
    },
  ],
];

describe.each(roads)("the official Python client over %s", (_name, connection) => {
  /** Runs the client through these calls; the human answers one form after the other. */
  async function converse(calls: Calls, answers?: Answer[], config: Json = {}): Promise<Heard> {
    const input = JSON.stringify({ ...(await connection(config)), calls, ...(answers && { answers }) });
    const client = { command: python, args: ["test/fixtures/python-client.py"], env: { PATH: process.env.PATH ?? "" } };
    const { code, stdout, stderr } = await runProcess(client, { input });
    expect(code, stderr).toBe(0);
    return JSON.parse(stdout) as Heard;
  }

  it("connects, lists the tools and gets structured results", async () => {
    const heard = await converse([
      { name: "memory_add", arguments: { content: "Ana prefers tea", tags: ["drinks"] } },
      { name: "memory_search", arguments: { query: "What does Ana drink? Tea?" } },
    ]);
    expect(heard).toMatchObject({ version: "2025-11-25", server: "patchbay-mcp" });
    expect(heard.tools).toHaveLength(14);
    const [added, found] = heard.results;
    expect(added?.json).toEqual(added?.structured);
    expect(found?.structured).toMatchObject({ status: "success", results: [{ content: "Ana prefers tea" }] });
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
    expect(results[0]?.structured).toMatchObject({ answer: "I am a." });
    const events = results[0]?.progress ?? [];
    expect(events.length).toBeGreaterThanOrEqual(3);
    expect(events.map(({ message }) => message).join("\n")).toMatch(/layer/i);
    expect(events.at(-1)).toEqual({ progress: 100, total: 100, message: "Process complete" });
    const values = events.map(({ progress }) => progress);
    expect(values).toEqual([...new Set(values)].sort((a, b) => a - b));
  });

  it("hears of a failure as its last event, too", async () => {
    const { results } = await converse([{ name: "memory_delete", arguments: { memory_id: "none" } }]);
    expect(results[0]).toMatchObject({ is_error: true, structured: null, json: { status: "error" } });
    expect(results[0]?.progress.at(-1)).toMatchObject({ progress: 100, message: results[0]?.json.message });
  });

  it("asks its human with a form", async () => {
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

  it("gets the form itself where it cannot ask", async () => {
    const { asked, results } = await converse([{ name: "collect_input", arguments: {} }]);
    expect(asked).toEqual([]);
    expect(results[0]?.structured).toMatchObject({ status: "needs_input", form: { title: "Input Required" } });
  });
});
