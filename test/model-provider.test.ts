import OpenAI, { APIError } from "openai";
import { beforeAll, describe, expect, it } from "vitest";
import { whenDone } from "./fixtures/cleanup.ts";
import { type FakeProvider, startFakeProvider } from "./fixtures/fake-provider.ts";
import { type RunningServer, startHttpServer } from "./fixtures/spawn.ts";

const KEYS = { ana: "key-of-ana-0123456789", ben: "key-of-ben-0123456789", guest: "key-of-guest-0123456789" };
const PROVIDER_KEY = "sk-provider-0123456789abcdef";
const LONG = "The quick brown fox jumps over the lazy dog. ".repeat(12).trim();
const FIRST_TRY = "Once upon a time there was a king who had three daughters and no money.";
const SECOND_TRY = "A king had three daughters.";

let models: FakeProvider;
let server: RunningServer;

beforeAll(async () => {
  models = await startFakeProvider({
    apiKey: PROVIDER_KEY,
    models: {
      a: { reply: ({ messages }) => `a says: ${messages.at(-1)?.content.slice(0, 40)}` },
      b: { reply: "b says: blue" },
      writer: { reply: LONG, wordMs: 5 },
      slow: { latencyMs: 20_000 },
      trickle: { reply: LONG, wordMs: 500 },
      telltale: { reply: `The key is ${PROVIDER_KEY}, I was told.`, wordMs: 5 },
      json: { reply: '{"age": 41}' },
      told: { reply: ({ messages }) => messages.map(({ role, content }) => `${role}: ${content}`).join("\n") },
      limited: { fault: { status: 429, body: '{"error":{"message":"Slow down"}}', headers: { "retry-after": "7" } } },
      broken: {
        reply: (_request, call) => (call === 1 ? FIRST_TRY : SECOND_TRY),
        fault: (_request, call) => (call === 1 ? "end_mid_stream" : undefined),
      },
      late: { latencyMs: 300, fault: { status: 400, body: '{"error":{"message":"Broken"}}' } },
      short: { reply: { content: "cut", finishReason: "length" } },
    },
  });
  whenDone(() => models.close());
  server = await startHttpServer({
    config: {
      logLevel: "debug",
      auth: {
        apiKeys: [
          { user: "ana", key: KEYS.ana },
          { user: "ben", key: KEYS.ben },
          { user: "guest", key: KEYS.guest, scopes: ["models"] },
        ],
        toolScopes: { mixture_of_agents: ["mixture"], llm_processor: ["models"] },
      },
      providers: { fake: { baseUrl: models.baseUrl, apiKey: PROVIDER_KEY, prices: { "*": { input: 1, output: 2 } } } },
      llm: {
        modelId: "fake/told",
        systemPrompt: "Be brief.",
        presets: Object.fromEntries(
          ["writer", "slow", "trickle", "telltale", "json", "limited", "broken", "late", "short", "nobody"].map(
            (name) => [name, { modelId: `fake/${name}` }],
          ),
        ),
      },
      moa: {
        models: ["fake/a", "fake/b"],
        aggregatorModel: "fake/writer",
        numLayers: 1,
        presets: {
          talk: { aggregatorModel: "fake/told", description: "Repeats what it is told." },
          slow: { models: ["fake/slow"], aggregatorModel: "fake/slow" },
          partly: { models: ["fake/nobody", "fake/b"] },
          json: { models: ["fake/b"], aggregatorModel: "fake/json" },
          late: { models: ["fake/late"], aggregatorModel: "fake/late" },
          nobody: { models: ["fake/nobody"], aggregatorModel: "fake/nobody" },
        },
      },
      limits: { maxRequestBytes: 100_000 },
      modelProvider: { taskModel: "fake/a" },
    },
  });
}, 60_000);

const clientOf = (apiKey: string = KEYS.ana, headers: Record<string, string> = {}) =>
  new OpenAI({ apiKey, baseURL: `${server.url}/v1`, maxRetries: 0, defaultHeaders: headers });
const say = (content: string) => [{ role: "user" as const, content }];

/** The body of a request as it is sent, and the answer as it comes. */
function post(
  body: unknown,
  { key = KEYS.ana, headers = {} }: { key?: string; headers?: Record<string, string> } = {},
) {
  return fetch(`${server.url}/v1/chat/completions`, {
    method: "POST",
    headers: { "Content-Type": "application/json", Authorization: `Bearer ${key}`, ...headers },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
}

interface Chunk {
  choices: { delta: { content?: string; reasoning_content?: string }; finish_reason: string | null }[];
  event?: { type: string; data: { description: string; done: boolean } };
  usage?: Record<string, unknown> | null;
  error?: { message: string; code: string };
  patchbay?: Record<string, unknown>;
}

async function chunksOf(body: object, headers: Record<string, string> = {}): Promise<Chunk[]> {
  const response = await post({ stream: true, ...body }, { headers });
  expect(response.headers.get("content-type")).toContain("text/event-stream");
  const events = (await response.text()).split("\n\n").filter((event) => event.startsWith("data: "));
  expect(events.at(-1)).toBe("data: [DONE]");
  return events.slice(0, -1).map((event) => JSON.parse(event.slice(6)) as Chunk);
}

const textOf = (chunks: Chunk[]) => chunks.map(({ choices }) => choices?.[0]?.delta.content ?? "").join("");
const statusesOf = (chunks: Chunk[]) => chunks.flatMap(({ event }) => (event ? [event.data] : []));

async function failureOf(promise: Promise<unknown>): Promise<APIError> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(APIError);
  return error as APIError;
}

describe("the list of models", () => {
  it("has the mixture, the processor and each preset that can work", async () => {
    const ids = (await clientOf().models.list()).data.map(({ id }) => id);
    expect(ids).toContain("mixture-of-agents");
    expect(ids).toContain("mixture-of-agents/partly");
    expect(ids).toContain("llm-processor/writer");
    expect(ids).not.toContain("mixture-of-agents/nobody");
  });

  it("has what Open-WebUI shows, and each model by its id", async () => {
    expect(await clientOf().models.retrieve("mixture-of-agents/talk")).toMatchObject({
      id: "mixture-of-agents/talk",
      object: "model",
      owned_by: "patchbay",
      name: "Mixture of Agents: talk",
      description: "Repeats what it is told.",
    });
    expect(await failureOf(clientOf().models.retrieve("gpt-5"))).toMatchObject({
      status: 404,
      code: "model_not_found",
    });
  });

  it("shows nobody what their scopes do not allow", async () => {
    const ids = (await clientOf(KEYS.guest).models.list()).data.map(({ id }) => id);
    expect(ids).toContain("llm-processor");
    expect(ids.filter((id) => id.startsWith("mixture"))).toEqual([]);
  });
});

describe("a whole answer", () => {
  it("of a mixture is the aggregator's, with what all calls used", async () => {
    const answer = await clientOf().chat.completions.create({ model: "mixture-of-agents", messages: say("Why?") });
    expect(answer).toMatchObject({ object: "chat.completion", model: "mixture-of-agents" });
    expect(answer.choices).toMatchObject([
      { index: 0, message: { role: "assistant", content: LONG }, finish_reason: "stop" },
    ]);
    const { usage } = answer;
    expect(usage!.total_tokens).toBe(usage!.prompt_tokens + usage!.completion_tokens);
    expect(usage!.completion_tokens).toBeGreaterThan(LONG.length / 4);
    expect(usage).toHaveProperty("cost_usd", expect.any(Number));
  });

  it("goes on from the whole conversation", async () => {
    const conversation = [
      { role: "system" as const, content: "Speak like a pirate." },
      ...say("My name is Ana."),
      { role: "assistant" as const, content: "Ahoy, Ana." },
      { role: "user" as const, content: [{ type: "text" as const, text: "What is my name?" }] },
    ];
    const { choices } = await clientOf().chat.completions.create({ model: "llm-processor", messages: conversation });
    expect(choices[0]!.message.content).toBe(
      "system: Be brief.\n\nSpeak like a pirate.\nuser: My name is Ana.\nassistant: Ahoy, Ana.\nuser: What is my name?",
    );
    const before = models.chats.length;
    const mixed = await clientOf().chat.completions.create({ model: "mixture-of-agents/talk", messages: conversation });
    const seen = mixed.choices[0]!.message.content!;
    expect(seen).toMatch(
      /^system: Speak like a pirate\.\n\n[^\n]+\nuser: My name is Ana\.\nassistant: Ahoy, Ana\.\nuser: /,
    );
    expect(seen).toContain("Original query: What is my name?");
    for (const { body } of models.chats.slice(before, before + 2)) {
      expect(body!.messages.map(({ content }) => content)).toEqual([
        "Speak like a pirate.",
        "My name is Ana.",
        "Ahoy, Ana.",
        "What is my name?",
      ]);
    }
  });

  it("is JSON that satisfies the schema where one is given", async () => {
    const schema = { type: "object", properties: { age: { type: "integer" } }, required: ["age"] };
    const response_format = { type: "json_schema" as const, json_schema: { name: "person", schema } };
    const asked = { model: "llm-processor/json", messages: say("How old?"), response_format };
    const answer = await clientOf().chat.completions.parse(asked);
    expect(JSON.parse(answer.choices[0]!.message.content!)).toEqual({ age: 41 });
    const wrong = { ...schema, required: ["height"], properties: { height: { type: "number" } } };
    const failed = await failureOf(
      clientOf().chat.completions.create({
        ...asked,
        response_format: { type: "json_schema", json_schema: { name: "x", schema: wrong } },
      }),
    );
    expect(failed).toMatchObject({ status: 502, code: "validation_failed" });
  });

  it.each(["llm-processor/json", "mixture-of-agents/json"])(
    "of %s is JSON in one piece where it is streamed",
    async (model) => {
      const schema = { type: "object", properties: { age: { type: "integer" } }, required: ["age"] };
      const response_format = { type: "json_schema", json_schema: { name: "person", schema } };
      const chunks = await chunksOf({ model, messages: say("How old?"), response_format });
      const pieces = chunks.flatMap(({ choices }) => choices[0]?.delta.content || []);
      expect(pieces).toEqual(['{"age":41}']);
      expect(statusesOf(chunks).filter(({ done }) => done)).toHaveLength(1);
      const any = await post({ model, messages: say("How old?"), response_format: { type: "json_object" } });
      const { choices } = (await any.json()) as OpenAI.ChatCompletion;
      expect(JSON.parse(choices[0]!.message.content!)).toEqual({ age: 41 });
    },
  );

  it("keeps to the limit of tokens, the temperature and the stop sequences of the request", async () => {
    const { choices } = await clientOf().chat.completions.create({
      model: "llm-processor/writer",
      messages: say("Go"),
      max_completion_tokens: 77,
      temperature: 0.3,
      stop: ["lazy"],
    });
    expect(choices[0]).toMatchObject({
      message: { content: "The quick brown fox jumps over the" },
      finish_reason: "stop",
    });
    expect(models.chats.at(-1)!.body).toMatchObject({ max_tokens: 77, temperature: 0.3 });
    const cut = await clientOf().chat.completions.create({ model: "llm-processor/short", messages: say("Go") });
    expect(cut.choices[0]!.finish_reason).toBe("length");
  });

  it("takes tools, metadata and other parameters without minding them", async () => {
    const tool = { type: "function" as const, function: { name: "now", parameters: { type: "object" } } };
    const { choices } = await clientOf().chat.completions.create({
      ...{
        model: "llm-processor/short",
        messages: say("Go"),
        tools: [tool],
        tool_choice: "auto",
        metadata: { a: "b" },
      },
      ...{ user: "ben", logit_bias: {}, presence_penalty: 1, parallel_tool_calls: true, store: false, stop: null },
    });
    expect(choices[0]!.message.content).toBe("cut");
  });

  it("tells nobody a secret", async () => {
    const { choices } = await clientOf().chat.completions.create({
      model: "llm-processor/telltale",
      messages: say("?"),
    });
    expect(choices[0]!.message.content).toBe("The key is [redacted], I was told.");
    const chunks = await chunksOf({ model: "llm-processor/telltale", messages: say("?") });
    expect(textOf(chunks)).toBe("The key is [redacted], I was told.");
  });
});

describe("a streamed answer", () => {
  it("comes piece by piece to the official client, with its usage at the end", async () => {
    const stream = await clientOf().chat.completions.create({
      model: "mixture-of-agents",
      messages: say("Why?"),
      stream: true,
      stream_options: { include_usage: true },
    });
    const pieces: string[] = [];
    const reasons: string[] = [];
    let usage: OpenAI.CompletionUsage | null | undefined;
    for await (const chunk of stream) {
      if (chunk.usage) {
        usage = chunk.usage;
        expect(chunk.choices).toEqual([]);
        continue;
      }
      // As nearly every client reads it.
      const choice = chunk.choices[0]!;
      if (choice.delta.content) pieces.push(choice.delta.content);
      if (choice.finish_reason) reasons.push(choice.finish_reason);
    }
    expect(pieces.join("")).toBe(LONG);
    expect(pieces.length).toBeGreaterThan(5);
    expect(reasons).toEqual(["stop"]);
    expect(usage!.total_tokens).toBe(usage!.prompt_tokens + usage!.completion_tokens);
  });

  it("can be read by the client's helper", async () => {
    const stream = clientOf().chat.completions.stream({ model: "mixture-of-agents", messages: say("Why?") });
    let heard = "";
    stream.on("content", (piece) => {
      heard += piece;
    });
    const { choices } = await stream.finalChatCompletion();
    expect(choices[0]!.message.content).toBe(LONG);
    expect(heard).toBe(LONG);
  });

  it("tells what is done, the last time as done, and what the models proposed", async () => {
    const chunks = await chunksOf({ model: "mixture-of-agents", messages: say("Why?") });
    const statuses = statusesOf(chunks);
    expect(statuses[0]!.description).toBe("Starting Mixture of Agents process");
    expect(statuses.map(({ done }) => done)).toEqual([...statuses.slice(1).map(() => false), true]);
    const thoughts = chunks.map(({ choices }) => choices[0]?.delta.reasoning_content ?? "").join("");
    expect(thoughts).toContain("a says: Why?");
    expect(thoughts).toContain("b says: blue");
    const firstText = chunks.findIndex(({ choices }) => choices[0]?.delta.content);
    const lastThought = chunks.findLastIndex(({ choices }) => choices[0]?.delta.reasoning_content);
    expect(firstText).toBeGreaterThan(lastThought);
    expect(chunks.every(({ choices }) => Array.isArray(choices) && choices[0]?.delta !== undefined)).toBe(true);
    expect(chunks.some((chunk) => "usage" in chunk)).toBe(false);
    expect(chunks.at(-1)).toMatchObject({
      choices: [{ finish_reason: "stop" }],
      patchbay: { run_id: expect.any(String) },
    });
  });

  it("begins at once, however long the models take", async () => {
    const abort = new AbortController();
    const startedAt = performance.now();
    const response = await fetch(`${server.url}/v1/chat/completions`, {
      method: "POST",
      headers: { "Content-Type": "application/json", Authorization: `Bearer ${KEYS.ana}` },
      body: JSON.stringify({ model: "llm-processor/slow", stream: true, messages: say("Go") }),
      signal: abort.signal,
    });
    await response.body!.getReader().read();
    expect(performance.now() - startedAt).toBeLessThan(1500);
    abort.abort();
  });

  it("that broke off after some of it was sent is told anew behind a line that says so", async () => {
    const text = textOf(await chunksOf({ model: "llm-processor/broken", messages: say("Tell") }));
    const [first, ...others] = text.split("\n\n---\n\n*The answer broke off. Here it is anew:*\n\n");
    expect(first).toMatch(/^Once upon a time/);
    expect(FIRST_TRY.startsWith(first!)).toBe(true);
    expect(others).toEqual([SECOND_TRY]);
  });

  it.each(["llm-processor/late", "mixture-of-agents/late"])(
    "of %s that fails on its way ends with a status that is done and an error that clients throw",
    async (model) => {
      const chunks = await chunksOf({ model, messages: say("Why?") });
      expect(statusesOf(chunks).map(({ done }) => done)).toEqual([
        ...statusesOf(chunks)
          .slice(1)
          .map(() => false),
        true,
      ]);
      expect(chunks.at(-1)).toMatchObject({
        error: { message: expect.stringContaining("Broken"), code: "upstream_error" },
      });
      const stream = await clientOf().chat.completions.create({ model, messages: say("Why?"), stream: true });
      const reading = (async () => {
        for await (const _chunk of stream);
      })();
      expect((await failureOf(reading)).message).toContain("Broken");
    },
  );

  it("that fails at once is an HTTP error, as of one that is not streamed", async () => {
    const asked = { model: "mixture-of-agents/nobody", messages: say("Why?") };
    for (const stream of [true, false]) {
      const response = await post({ ...asked, stream });
      expect(response.status).toBe(503);
      expect(await response.json()).toMatchObject({ error: { code: "unknown_model" } });
    }
  });
});

describe("a request that cannot be answered", () => {
  const cases: [what: string, body: unknown, status: number, code: string, param: string | null][] = [
    ["of no JSON", "{", 400, "invalid_json", null],
    ["of no object", "[]", 400, "invalid_json", null],
    ["without a model", { messages: say("x") }, 400, "missing_required_parameter", "model"],
    ["without messages", { model: "llm-processor" }, 400, "missing_required_parameter", "messages"],
    ["of no message", { model: "llm-processor", messages: [] }, 400, "invalid_value", "messages"],
    [
      "of an empty message",
      { model: "llm-processor", messages: say(" ") },
      400,
      "invalid_value",
      "messages[0].content",
    ],
    ["for two answers", { model: "llm-processor", messages: say("x"), n: 2 }, 400, "invalid_value", "n"],
    ["for a model that is not there", { model: "gpt-5", messages: say("x") }, 404, "model_not_found", "model"],
    [
      "about an image",
      {
        model: "llm-processor",
        messages: [{ role: "user", content: [{ type: "image_url", image_url: { url: "x" } }] }],
      },
      400,
      "unsupported_value",
      "messages[0].content[0].type",
    ],
    [
      "that is too large",
      { model: "llm-processor", messages: say("x".repeat(100_001)) },
      413,
      "request_too_large",
      null,
    ],
  ];
  it.each(cases)("%s is refused in OpenAI's form", async (_, body, status, code, param) => {
    const response = await post(body);
    expect(response.status).toBe(status);
    expect(await response.json()).toEqual({
      error: { message: expect.any(String), type: "invalid_request_error", param, code },
    });
  });

  it("without a key is refused in the same form", async () => {
    const response = await post({ model: "llm-processor", messages: say("x") }, { key: "wrong-key-0123456789" });
    expect(response.status).toBe(401);
    expect(await response.json()).toMatchObject({ error: { code: "invalid_api_key" } });
    expect(await failureOf(clientOf("wrong-key-0123456789").models.list())).toMatchObject({ status: 401 });
  });

  it("for a model whose tool the caller's scopes do not allow is refused, though it is a task of Open-WebUI", async () => {
    const asked = { model: "mixture-of-agents", messages: say("Why?") };
    for (const headers of [{}, { "X-Task": "title_generation" }] as Record<string, string>[]) {
      const failed = await failureOf(clientOf(KEYS.guest, headers).chat.completions.create(asked));
      expect(failed).toMatchObject({ status: 403, type: "permission_error" });
    }
    const allowed = await clientOf(KEYS.guest).chat.completions.create({ ...asked, model: "llm-processor/short" });
    expect(allowed.choices[0]!.message.content).toBe("cut");
  });

  it("by a provider that wants to be left alone says for how long", async () => {
    const failed = await failureOf(
      clientOf().chat.completions.create({ model: "llm-processor/limited", messages: say("Go") }),
    );
    expect(failed.status).toBe(429);
    expect(Number(failed.headers!.get("retry-after"))).toBeGreaterThan(0);
    expect(failed.message).not.toContain(PROVIDER_KEY);
  });
});

describe("who goes away", () => {
  const underWay = () => models.chats.filter(({ ms }) => ms === 0);
  const until = async (what: () => boolean, ms = 5000) => {
    for (const end = performance.now() + ms; !what(); ) {
      if (performance.now() > end) throw new Error(`It did not become true: ${what}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };

  it.each([
    ["a stream", "llm-processor/trickle", true],
    ["a stream of a mixture", "mixture-of-agents/slow", true],
    ["a whole answer", "mixture-of-agents/slow", false],
  ])("from %s ends the calls to the models at once", async (_, model, stream) => {
    await until(() => underWay().length === 0);
    const abort = new AbortController();
    const reading = clientOf()
      .chat.completions.create({ model, messages: say("Go"), stream }, { signal: abort.signal })
      .then(async (answer) => {
        if (Symbol.asyncIterator in answer) for await (const _chunk of answer);
      })
      .catch(() => {});
    await until(() => underWay().length > 0);
    const calls = underWay();
    abort.abort();
    const abortedAt = performance.now();
    await until(() => underWay().length === 0);
    expect(performance.now() - abortedAt).toBeLessThan(1000);
    expect(calls.every(({ abandoned }) => abandoned)).toBe(true);
    await reading;
  });
});

describe("Open-WebUI's own tasks", () => {
  const TITLE =
    "### Task:\nGenerate a concise title.\n### Output:\nJSON\n### Chat History:\n<chat_history>\nUSER: Hi\n</chat_history>";

  it.each([
    ["by the connection's header", { "X-Task": "moa_response_generation" }, "Merge these"],
    ["by its user's headers", { "X-OpenWebUI-User-Id": "1" }, "### Task:\nName it."],
    ["by the prompt", {}, TITLE],
  ] as [string, Record<string, string>, string][])(
    "are known %s, and take one call of the task model",
    async (_, headers, content) => {
      const before = models.chats.length;
      const asked = { model: "mixture-of-agents", messages: say(content) };
      const { choices } = await clientOf(KEYS.ana, headers).chat.completions.create(asked);
      expect(choices[0]!.message.content).toMatch(/^a says: /);
      expect(models.chats.slice(before).map(({ body }) => body!.model)).toEqual(["a"]);
      const chunks = await chunksOf(asked, headers);
      expect(textOf(chunks)).toMatch(/^a says: /);
      expect(statusesOf(chunks)).toEqual([]);
    },
  );

  it("are none where the header is there and empty", async () => {
    const { choices } = await clientOf(KEYS.ana, { "X-Task": "" }).chat.completions.create({
      model: "mixture-of-agents",
      messages: say(TITLE),
    });
    expect(choices[0]!.message.content).toBe(LONG);
  });
});

describe("a server that may not do everything", () => {
  const start = (config: Record<string, unknown>) =>
    startHttpServer({
      config: {
        providers: { fake: { baseUrl: models.baseUrl, apiKey: PROVIDER_KEY } },
        llm: { modelId: "fake/b" },
        moa: { models: ["fake/a", "fake/b"], aggregatorModel: "fake/b" },
        ...config,
      },
    });
  const listOf = async ({ url }: RunningServer) =>
    ((await (await fetch(`${url}/v1/models`)).json()) as { data: { id: string }[] }).data.map(({ id }) => id);
  const ask = ({ url }: RunningServer, model: string, more: object = {}) =>
    fetch(`${url}/v1/chat/completions`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ model, messages: say("Why?"), ...more }),
    });

  it.each([
    ["tools.disabled", { tools: { disabled: ["mixture_of_agents"] } }, "disabled"],
    [
      "interaction.confirmationRequired",
      { interaction: { confirmationRequired: [{ tool: "mixture_of_agents", costUsd: 1 }] } },
      "confirmation_required",
    ],
  ])("by %s does not offer a model, and refuses it", async (_, config, code) => {
    const limited = await start(config);
    expect(await listOf(limited)).toEqual(["llm-processor"]);
    for (const stream of [false, true]) {
      const response = await ask(limited, "mixture-of-agents", { stream });
      expect(response.status).toBe(403);
      expect(await response.json()).toMatchObject({ error: { type: "permission_error", code } });
    }
    expect((await ask(limited, "llm-processor")).status).toBe(200);
  });

  it("counts what it answers in the budget of the user, and says when that is used up", async () => {
    const limited = await start({ llm: { modelId: "fake/b", budgets: { perUser: { tokens: 1500 } } } });
    expect((await ask(limited, "llm-processor")).status).toBe(200);
    for (const stream of [false, true]) {
      const response = await ask(limited, "llm-processor", { max_tokens: 2000, stream });
      expect(response.status).toBe(429);
      expect(response.headers.get("x-should-retry")).toBe("false");
      expect(await response.json()).toMatchObject({
        error: { type: "insufficient_quota", code: "insufficient_quota" },
      });
    }
  });

  it("has an empty list where there is no provider, and says what is missing", async () => {
    const without = await start({ providers: {}, llm: {}, moa: {} });
    expect(await listOf(without)).toEqual([]);
    const response = await ask(without, "mixture-of-agents");
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({ error: { code: "not_configured" } });
  });

  it("offers nothing where the configuration wants it so", async () => {
    const without = await start({ modelProvider: { enabled: false } });
    expect((await fetch(`${without.url}/v1/models`)).status).toBe(404);
  });

  it("ends streams that are under way when it stops, with a last status and a reason", async () => {
    const stopping = await start({ moa: { models: ["fake/slow"], aggregatorModel: "fake/slow" } });
    const response = await ask(stopping, "mixture-of-agents", { stream: true });
    const reading = response.text();
    const stopped = stopping.stop();
    const text = await reading;
    expect(text).toMatch(/"done":true/);
    expect(text).toMatch(/data: \{"error":\{"message":"The server is stopping\..*\n\ndata: \[DONE\]\n\n$/);
    expect(await stopped).toBe(0);
  });
});

it("the log says who called what, and nothing of what was said", () => {
  expect(server.stderr()).toContain("/v1/chat/completions");
  expect(server.stderr()).not.toContain("three daughters");
  expect(server.stderr()).not.toContain(PROVIDER_KEY);
});
