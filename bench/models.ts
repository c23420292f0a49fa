import { execFile } from "node:child_process";
import { join } from "node:path";
import { isDeepStrictEqual, promisify } from "node:util";
import { createTokenEstimator } from "../src/llm/estimate-tokens.ts";
import { createModelClient } from "../src/llm/model-client.ts";
import { createInputProcessor } from "../src/llm/process-input.ts";
import { splitText } from "../src/llm/split-text.ts";
import { startFakeProvider } from "../test/fixtures/fake-provider.ts";
import { cacheReader, startLlama } from "../test/fixtures/llama.ts";
import { MALFORMED_REPLIES, type MalformedReply } from "../test/fixtures/malformed-replies.ts";
import { bundle } from "./bundle.ts";
import { type Figure, median, round } from "./figure.ts";
import { withFolder } from "./folder.ts";
import { PATCHBAY, startPeer } from "./stdio-peer.ts";

const STARTS = 21;
const FIRST_CALLS = 15;
/** Tokens of each part into which a million characters are cut. */
const PART_TOKENS = 4000;
const MEGABYTE = 1_048_576;

/** What the model client costs before it is used and at its first call, and how well it reads and reuses. */
export async function benchModels(): Promise<Figure[]> {
  return [await start(), await firstCall(), ...(await malformed()), oneCharacter(), await cachedPrefix()];
}

/**
 * From starting the process to the answered `tools/list`, with and without providers in the configuration. Without any, the
 * defaults need no check; so that it is not the check that is measured, the other side configures something else.
 */
async function start(): Promise<Figure> {
  const provider = { baseUrl: "http://127.0.0.1:9/v1", models: ["a", "b", "c"] };
  const env = { PATCHBAY_PROVIDERS: JSON.stringify({ one: provider, two: provider }), PATCHBAY_LLM_MODEL_ID: "one/a" };
  const walls: { with: number[]; without: number[] } = { with: [], without: [] };
  await withFolder(async (folder) => {
    const measure = async (more: Record<string, string>): Promise<number> => {
      const startedAt = performance.now();
      const peer = await startPeer([...PATCHBAY, "--data-dir", folder], more);
      await peer.request("tools/list");
      const wall = performance.now() - startedAt;
      await peer.close();
      return wall;
    };
    const other = { PATCHBAY_MEMORY_MAX_MEMORIES: "999" };
    await measure(other);
    for (let turn = 0; turn < STARTS; turn++) {
      walls.with.push(await measure(env));
      walls.without.push(await measure(other));
    }
  });
  const [a, b] = [median(walls.with), median(walls.without)];
  return {
    what: "start to answered tools/list with model providers, wall, against another configuration without",
    measured: `${round(a)} ms against ${round(b)} ms`,
    ratio: a / b,
    limit: { atMost: 1.05 },
  };
}

/** The first completion, the loading of its code included, in processes of their own and bundled alike. */
async function firstCall(): Promise<Figure> {
  const provider = await startFakeProvider({ models: { a: {} } });
  const run = promisify(execFile);
  const taken: Record<string, number[]> = { ours: [], undici: [] };
  await withFolder(async (folder) => {
    await bundle("first", "bench/first-call.ts", folder);
    for (let turn = 0; turn <= FIRST_CALLS; turn++) {
      for (const [who, times] of Object.entries(taken)) {
        const { stdout } = await run(process.execPath, [join(folder, "first.mjs"), who, provider.baseUrl]);
        if (turn > 0) times.push(Number(stdout));
      }
    }
  });
  await provider.close();
  const [a, b] = [median(taken.ours!), median(taken.undici!)];
  return {
    what: "first completion of the model client, its code loaded, against bare undici",
    measured: `${round(a)} ms against ${round(b)} ms`,
    ratio: a / b,
    limit: { atMost: 1.15 },
  };
}

/** How many replies are read right, and how many wrong without a word. */
async function malformed(): Promise<Figure[]> {
  let asked: MalformedReply = MALFORMED_REPLIES[0]!;
  const reply = () => ({ content: asked.reply, finishReason: asked.finishReason ?? "stop" });
  const provider = await startFakeProvider({ models: { a: { reply } } });
  const client = createModelClient(
    {
      providers: { fake: { kind: "openai-compatible", baseUrl: provider.baseUrl, models: ["a"], concurrency: 4 } },
      modelId: "fake/a",
      fallbackModels: [],
      maxTokens: 1000,
      timeout: 60,
    },
    {},
  );
  const processor = createInputProcessor(client, { systemPrompt: "You process data.", maxTokens: 1000 });
  let right = 0;
  let silent = 0;
  for (asked of MALFORMED_REPLIES) {
    const { schema, value } = asked;
    const signal = new AbortController().signal;
    const result = await processor
      .process({ id: "bench" }, { input: "Ana is 31.", task: "extract", outputSchema: schema }, { signal })
      .catch(() => undefined);
    const isRight = result?.format === "json" ? isDeepStrictEqual(result.data, value) : value === undefined;
    if (isRight) right += 1;
    else if (result?.format === "json" && result.warnings.length === 0) silent += 1;
  }
  await client.close();
  await provider.close();
  const all = MALFORMED_REPLIES.length;
  return [
    {
      what: "malformed replies that are read right, or refused where nobody can know",
      measured: `${right} of ${all}`,
      ratio: right / all,
      limit: { atLeast: Number((24 / 26).toFixed(3)) },
    },
    {
      what: "malformed replies that are read wrong without a warning",
      measured: `${silent} of ${all}`,
      ratio: silent,
      limit: { atMost: 0 },
    },
  ];
}

/** What makes tokenizers hang: one word without an end. */
function oneCharacter(): Figure {
  const { estimate } = createTokenEstimator();
  const times = ["a", "字", " ", "7"].map((character) => {
    const text = character.repeat(MEGABYTE);
    const startedAt = performance.now();
    const parts = splitText(text, PART_TOKENS, (part) => estimate(part));
    if (parts.length < 2 || estimate(text) < PART_TOKENS) throw new Error("It was not split.");
    return performance.now() - startedAt;
  });
  const slowest = Math.max(...times);
  return {
    what: "estimating and splitting 1,048,576 times one character, slowest of four characters, against 200 ms",
    measured: `${round(slowest)} ms of 200 ms`,
    ratio: slowest / 200,
    limit: { atMost: 1 },
  };
}

/** A second question about the same document to a real llama.cpp. */
async function cachedPrefix(): Promise<Figure> {
  const llama = await startLlama({ contextTokens: 4096, slots: 1 });
  await llama.ready();
  const reader = cacheReader(llama);
  const lines = Array.from(
    { length: 60 },
    (_, day) => `Day ${day + 1}: the Aurora sailed ${37 + ((day * 53) % 91)} miles.`,
  );
  await reader.about(lines.join("\n"), "summarize");
  const { shared, cached_tokens = 0 } = await reader.about(lines.join("\n"), "How far did it sail on day 7?");
  await reader.close();
  await llama.close();
  return {
    what: "prompt tokens that a real llama.cpp has in its cache for another question about the same document, of those in common",
    measured: `${cached_tokens} of ${shared}`,
    ratio: cached_tokens / shared,
    limit: { atLeast: 0.95 },
  };
}
