import type { Client } from "@modelcontextprotocol/client";
import { describe, expect, it, vi } from "vitest";
import { callTool, connect } from "../../test/fixtures/connect.ts";
import type { FakeModel } from "../../test/fixtures/fake-provider.ts";
import { provider } from "../../test/fixtures/model-client.ts";
import type { StatusEvent } from "../status/status-event.ts";

/** A client of a server whose mixture draws from a, b and c of a fake provider, 2 layers of 3. */
async function setUp(models: Record<string, FakeModel>, moa: Record<string, unknown> = {}) {
  const server = await provider({ models });
  const client = await connect({
    providers: { fake: { baseUrl: server.baseUrl } },
    moa: { models: ["a", "b", "c"], aggregatorModel: "a", ...moa },
  });
  return { server, client };
}

const mix = (client: Client, args: Record<string, unknown> = {}) =>
  callTool(client, "mixture_of_agents", { query: "Why is the sky blue?", ...args });

describe("mixture_of_agents", () => {
  it("gives the answer, the trace, the tokens and the seed", async () => {
    const { client } = await setUp({ a: { reply: "Rayleigh scattering." }, b: {}, c: {} });
    await client.listTools();
    const request = { name: "mixture_of_agents", arguments: { query: "Why is the sky blue?", seed: 5 } };
    const result = await client.callTool(request);
    const number = expect.any(Number);
    const tokens = { tokens: number, prompt_tokens: number, completion_tokens: number };
    const call = { status: "ok", start_ms: number, ms: number, first_token_ms: number, ...tokens };
    const model = expect.stringMatching(/^fake\/[abc]$/);
    expect(result.structuredContent).toEqual({
      status: "success",
      answer: "Rayleigh scattering.",
      trace: [
        ...[1, 2].flatMap((layer) => [1, 2, 3].map((agent) => ({ layer, role: "agent", agent, model, ...call }))),
        { layer: 3, role: "aggregator", agent: 1, model: "fake/a", ...call },
      ],
      usage: {
        prompt_tokens: expect.any(Number),
        completion_tokens: expect.any(Number),
        total_tokens: expect.any(Number),
        cost_usd: null,
        unpriced_models: expect.arrayContaining(["fake/a", "fake/b", "fake/c"]),
      },
      degraded: false,
      seed: 5,
      strategy: "mixed",
      run_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      timeline: `moa://runs/${(result.structuredContent as { run_id: string }).run_id}/timeline`,
    });
    expect(JSON.parse((result.content as { text: string }[])[0]!.text)).toEqual(result.structuredContent);
  });

  it("tells its steps as progress, with the layer and the active model", async () => {
    const slow = { latencyMs: 1100 };
    const { client } = await setUp({ a: slow, b: slow, c: slow });
    const seen: { message: string; progress: number; data: StatusEvent["data"] }[] = [];
    const request = { name: "mixture_of_agents", arguments: { query: "Why?" } };
    await client.callTool(request, {
      onprogress({ message = "", progress, ...rest }) {
        const { data } = (rest as { _meta?: Record<string, StatusEvent> })._meta!["patchbay/status"]!;
        seen.push({ message, progress, data });
      },
    });
    const messages = seen.map((each) => each.message);
    expect(messages[0]).toBe("Starting Mixture of Agents process");
    for (const line of ["Processing layer 1/2", "Processing layer 2/2", "Performing final aggregation"]) {
      expect(messages).toContain(line);
    }
    expect(seen.at(-1)).toMatchObject({
      message: "Process complete",
      progress: 100,
      data: { status: "complete", done: true },
    });
    const steps = seen.slice(1, -1);
    for (const { data } of steps) {
      expect(data).toMatchObject({
        status: "in_progress",
        layer: expect.any(Number),
        active_model: expect.any(String),
      });
    }
    const querying = steps.filter(({ message }) => message.startsWith("Querying "));
    expect(querying.length).toBeGreaterThan(0);
    for (const { message, data } of querying) expect(message).toBe(`Querying ${data.active_model}`);
  });

  it("survives a failing and a hanging agent, and says what it lacks", async () => {
    const broken = { fault: { status: 400, body: '{"error":{"message":"Broken"}}' } };
    const { client } = await setUp({ a: {}, b: broken, c: { fault: "hang" } }, { callTimeout: 0.4 });
    const result = await mix(client, { num_layers: 1 });
    expect(result).toMatchObject({ status: "success", answer: "ok", degraded: true });
    const failed = (result.trace as { status: string; error?: string }[]).filter((entry) => entry.status !== "ok");
    expect(failed.map((entry) => entry.status).sort()).toEqual(["error", "timeout"]);
    expect(failed.every((entry) => entry.error !== undefined)).toBe(true);
  });

  it("is an error with the reasons and the trace where no agent answers", async () => {
    const broken: FakeModel = { fault: "detail" };
    const { client } = await setUp({ a: broken, b: broken, c: broken });
    const result = await mix(client);
    expect(result).toMatchObject({ status: "error", code: "upstream_error" });
    expect(result.message).toMatch(/^All agents failed\. .*Model not loaded by the administrator/);
    expect(result.issues).toHaveLength(3);
    expect(result.trace).toHaveLength(3);
  });

  it("gives the texts of all calls and the picture in words with output trace, and as a resource", async () => {
    const { client } = await setUp({ a: { reply: "Rayleigh." }, b: {}, c: {} });
    const result = await mix(client, { num_layers: 1, output: "trace" });
    expect((result.trace as { text?: string }[]).map(({ text }) => text).sort()).toEqual([
      "Rayleigh.",
      "Rayleigh.",
      "ok",
      "ok",
    ]);
    expect(result.mermaid).toMatch(/^(---|gantt|%%)/);
    const picture = await client.readResource({ uri: result.timeline as string });
    expect((picture.contents[0] as { text: string }).text).toMatch(/^<svg /);
  });

  it("says what the proposals have in common and where they differ with output answer_with_analysis", async () => {
    const analysis = {
      consensus: ["Air scatters light."],
      contradictions: [],
      unique_points: ["B names ozone."],
      blind_spots: ["The eye."],
      confidence: 0.8,
    };
    const reply: FakeModel["reply"] = ({ response_format }) => (response_format ? JSON.stringify(analysis) : "Blue.");
    const { client } = await setUp({ a: { reply }, b: { reply }, c: { reply: "Violet." } });
    await client.listTools();
    const request = { query: "What colour is the sky?", num_layers: 1, output: "answer_with_analysis" };
    const { structuredContent } = await client.callTool({ name: "mixture_of_agents", arguments: request });
    const result = structuredContent as { trace: { role: string; model: string; status: string }[]; timeline: string };
    expect(result).toMatchObject({ status: "success", answer: "Blue.", degraded: false, analysis });
    expect(result).toMatchObject({ analysis: { agreement: 2 / 3 } });
    expect(result).not.toHaveProperty("warnings");
    expect(result.trace.find(({ role }) => role === "analyst")).toMatchObject({ model: "fake/a", status: "ok" });
    const picture = await client.readResource({ uri: result.timeline });
    expect((picture.contents[0] as { text: string }).text).toContain(">analyst</text>");
  });

  it("keeps no secret in what is drawn, however it is written", async () => {
    const key = `k<1>&"2"'3'-long`;
    const reply = `The key is ${key}.`;
    const server = await provider({ models: { a: { reply }, b: { reply }, c: { reply } } });
    const client = await connect({
      providers: { fake: { baseUrl: server.baseUrl, apiKey: key } },
      moa: { models: ["a", "b", "c"], aggregatorModel: "a" },
    });
    const result = await mix(client, { query: `${"why ".repeat(22)}${key}?`, output: "trace", num_layers: 1 });
    expect(result.answer).toBe("The key is [redacted].");
    for (const uri of [result.timeline as string, (result.timeline as string).replace("/timeline", "")]) {
      const { contents } = await client.readResource({ uri });
      expect((contents[0] as { text: string }).text).toContain("[redacted]");
      expect((contents[0] as { text: string }).text).not.toMatch(/k(?:<|&lt;)1/);
    }
  });

  it("asks one model as often as there are agents with strategy self", async () => {
    const { server, client } = await setUp({ a: {}, b: {}, c: {} });
    expect(await mix(client, { strategy: "self" })).toMatchObject({ strategy: "self", degraded: false });
    expect(new Set(server.chats.map((chat) => chat.body!.model))).toEqual(new Set(["a"]));
    expect(await mix(client, { strategy: "all" })).toMatchObject({ code: "invalid_input" });
  });

  it("closes every request when the client cancels", async () => {
    const hangs: FakeModel = { fault: "hang" };
    const { server, client } = await setUp({ a: hangs, b: hangs, c: hangs });
    const stop = new AbortController();
    const call = client.callTool({ name: "mixture_of_agents", arguments: { query: "x" } }, { signal: stop.signal });
    call.catch(() => {});
    await vi.waitFor(() => expect(server.chats).toHaveLength(3));
    stop.abort();
    await vi.waitFor(() => expect(server.chats.every((chat) => chat.abandoned)).toBe(true));
    expect(server.chats).toHaveLength(3);
  });

  it("works without any configuration with a local Ollama that has one model", async () => {
    const server = await provider({ models: { "llama3.2:latest": { reply: "Scattering." } } });
    const client = await connect({}, { env: { OLLAMA_HOST: `127.0.0.1:${server.port}` } });
    const result = await mix(client);
    expect(result).toMatchObject({ answer: "Scattering.", degraded: false });
    expect(result.trace).toHaveLength(7);
    expect(result.warnings).toHaveLength(3);
  });

  it.each([
    [{ query: undefined }, /^Query is required/],
    [{ query: "" }, /^Query is required/],
    [{ query: "\n" }, /^Query is required/],
    [{ models: [] }, /"models" must/],
    [{ models: ["a", ""] }, /"models\.1" must/],
    [{ models: "a" }, /"models" must be a list/],
    [{ num_layers: 0 }, /"num_layers" must be at least 1/],
    [{ num_layers: 7 }, /"num_layers" must be at most 6/],
    [{ num_layers: 1.5 }, /"num_layers" must be a whole number/],
    [{ agents_per_layer: 17 }, /"agents_per_layer" must be at most 16/],
    [{ query: 42 }, /"query" must be a string, not 42/],
    [{ seed: "x" }, /"seed" must be a number, not "x"/],
    [{ rounds: 2 }, /"rounds" is no parameter of mixture_of_agents/],
  ])("refuses %j before any call", async (args, message) => {
    const { server, client } = await setUp({ a: {}, b: {}, c: {} });
    const result = await mix(client, args);
    expect(result).toMatchObject({ status: "error", code: "invalid_input" });
    expect(result.message).toMatch(message);
    expect(server.chats).toHaveLength(0);
  });

  it("refuses a model that nobody has, with those that there are", async () => {
    const { server, client } = await setUp({ a: {}, b: {}, c: {} });
    expect(await mix(client, { models: ["fake/a", "fake/z"] })).toMatchObject({
      code: "unknown_model",
      message: 'There is no model "fake/z".',
      available_models: ["fake/a", "fake/b", "fake/c"],
    });
    expect(server.chats).toHaveLength(0);
  });
});
