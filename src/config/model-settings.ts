import { z } from "zod";
import { httpUrl, seconds, secret } from "./setting.ts";

const price = z.strictObject({
  input: z.number().min(0).describe("USD for a million tokens of the prompt."),
  output: z.number().min(0).describe("USD for a million tokens of the answer, its reasoning included."),
  cachedInput: z
    .number()
    .min(0)
    .optional()
    .describe("USD for a million tokens of the prompt that the provider had in its cache. Default: as `input`."),
});

/** A provider of models. */
export const provider = z
  .strictObject({
    kind: z
      .enum(["openai-compatible", "ollama", "anthropic", "gemini"])
      .default("openai-compatible")
      .describe(
        "Protocol of the provider: `openai-compatible` (OpenAI, Open-WebUI, OpenRouter, LiteLLM, vLLM, llama.cpp …), or the own one of `ollama`, `anthropic` or `gemini`.",
      ),
    baseUrl: httpUrl()
      .optional()
      .describe(
        "URL that `/chat/completions` is appended to (`openai-compatible`), or where the provider is. Unset: the provider's own address, or for `ollama` this machine.",
      ),
    apiKey: secret("Key of the provider.").optional(),
    headers: z
      .record(z.string(), secret("Header value."))
      .default({})
      .describe("Further headers of every request, such as those that a gateway wants."),
    models: z.array(z.string().min(1)).default([]).describe("Models to offer; empty asks the provider for its list."),
    concurrency: z.int().min(1).max(256).default(4).describe("Requests under way at once."),
    contextTokens: z
      .int()
      .min(256)
      .optional()
      .describe("Context size of its models in tokens; `ollama` is asked for one of this size. Unset: found out."),
    keepAlive: z
      .string()
      .optional()
      .describe("How long `ollama` keeps a model loaded after a call, such as `10m`; `-1` for ever."),
    stream: z
      .boolean()
      .default(true)
      .describe(
        "Whether answers are read as they are written, so that what has come is not lost when a call breaks off.",
      ),
    prices: z
      .record(z.string(), price)
      .default({})
      .describe("Prices by model; `*` in a name stands for any characters. Models without one have an unknown cost."),
  })
  .superRefine(({ kind, baseUrl }, context) => {
    if (kind === "openai-compatible" && baseUrl === undefined)
      context.addIssue({ code: "custom", path: ["baseUrl"], message: "a provider of this kind needs its URL" });
  });

const budget = (of: string) =>
  z
    .strictObject(
      {
        costUsd: z.number().positive().optional().describe(`USD ${of}. Needs a price for every model that is called.`),
        tokens: z.int().min(1).optional().describe(`Tokens of prompts and answers ${of}.`),
      },
      {
        error: (issue) =>
          issue.code === "invalid_type"
            ? "a budget has a unit: write { tokens: 50000 } or { costUsd: 0.5 }"
            : undefined,
      },
    )
    .prefault({});

/** How llm_processor is called under a name of its own. */
const llmPreset = z.strictObject({
  description: z.string().default("").describe("What it is for."),
  task: z.string().min(1).optional().describe("Task that the user's message is the input of. Unset: an ordinary chat."),
  modelId: z.string().min(1).optional().describe("Model. Default: `llm.modelId`."),
  systemPrompt: z.string().max(100_000).optional().describe("System prompt. Default: `llm.systemPrompt`."),
  maxTokens: z.int().min(1).optional().describe("Maximum tokens of an answer. Default: `llm.maxTokens`."),
  temperature: z.number().min(0).max(2).optional().describe("Temperature. Default: `llm.temperature`."),
});

const presetName = z.string().regex(/^[A-Za-z0-9._-]+$/);

/** llm_processor and every call of a model. */
export const llm = z.strictObject({
  modelId: z
    .string()
    .min(1)
    .default("gpt-4")
    .describe("Model to use, as `provider/model` or a name that one provider has."),
  fallbackModels: z.array(z.string().min(1)).default([]).describe("Models to try in order when the first one fails."),
  systemPrompt: z
    .string()
    .default("You are a helpful assistant that processes and analyzes data.")
    .describe("System prompt of llm_processor."),
  maxTokens: z.int().min(1).default(1000).describe("Maximum tokens of an answer."),
  temperature: z
    .number()
    .min(0)
    .max(2)
    .optional()
    .describe("Temperature of llm_processor; 0 for the likeliest answer. Unset: the model's own."),
  contextTokens: z
    .int()
    .min(256)
    .optional()
    .describe("Context size of the model in tokens; longer input is split. Unset: learned."),
  timeout: seconds("Time limit of one model call.").default(120),
  idleTimeout: seconds("Silence after which an answer that has begun is taken for broken off.").default(30),
  breaker: z
    .strictObject({
      failures: z.int().min(1).default(5).describe("Failures of a model in a row after which it is passed over …"),
      cooldown: seconds("… for this long at first, and up to ten times as long while it keeps failing.").default(5),
    })
    .prefault({})
    .describe("When a model that is down is passed over for a fallback model."),
  budgets: z
    .strictObject({
      perCall: budget("that one call of a tool may use").describe("Limit of one call of a tool."),
      perUser: budget("that a user may use in a day").describe("Limit of each user, in a day of UTC."),
      perDay: budget("that all users together may use in a day").describe("Limit of all users, in a day of UTC."),
    })
    .prefault({})
    .describe("Limits of spending: a request that could exceed one is not sent."),
  cache: z
    .strictObject({
      ttl: z.number().min(0).default(0).describe("Seconds that an answer is kept; 0 keeps none."),
      maxBytes: z.int().min(1024).default(16_777_216).describe("Size of all that is kept, in bytes."),
    })
    .prefault({})
    .describe("Answers to identical calls of the same user, kept only where the temperature is 0."),
  presets: z
    .record(presetName, llmPreset)
    .default({})
    .describe("Settings under names; `/v1` offers each as the model `llm-processor/NAME`."),
});

const role = {
  temperature: z.number().min(0).max(2).optional().describe("Temperature. Unset: the model's own."),
  maxTokens: z.int().min(1).optional().describe("Maximum tokens of its answer, instead of `moa.maxTokens`."),
  systemPrompt: z.string().max(100_000).optional().describe("System prompt, before what its role says."),
  fallbacks: z.array(z.string().min(1)).default([]).describe("Models that are asked in order when it fails."),
};

const agent = z.strictObject({
  model: z.string().min(1).describe("`provider/model`, or a name that one provider has."),
  ...role,
  weight: z
    .number()
    .positive()
    .default(1)
    .describe("How good it is beside the others: the chance to be drawn, and the order when one has to be chosen."),
});

/** How mixture_of_agents is called under a name of its own. */
const mixturePreset = z.strictObject({
  description: z.string().default("").describe("What it is for."),
  models: z
    .array(z.string().min(1))
    .min(1)
    .optional()
    .describe("Models that agents are drawn from. Default: `moa.models`."),
  aggregatorModel: z
    .string()
    .min(1)
    .optional()
    .describe("Model that writes the final answer. Default: `moa.aggregatorModel`."),
  numLayers: z.int().min(1).max(6).optional().describe("Layers of agents. Default: `moa.numLayers`."),
  agentsPerLayer: z.int().min(1).max(16).optional().describe("Agents in each layer. Default: `moa.agentsPerLayer`."),
  strategy: z.enum(["auto", "mixed", "self"]).optional().describe("How agents are drawn. Default: `moa.strategy`."),
});

/** The models that `/v1` offers. */
export const modelProvider = z.strictObject({
  enabled: z
    .boolean()
    .default(true)
    .describe("Whether `/v1` offers the mixture and the presets as models (OpenAI's protocol)."),
  taskModel: z
    .string()
    .min(1)
    .optional()
    .describe(
      "Model for Open-WebUI's own tasks, such as titles and tags, which it sends to the model of the chat. Default: `llm.modelId`.",
    ),
  reasoning: z
    .enum(["off", "brief", "full"])
    .default("brief")
    .describe(
      "What streamed answers of mixtures tell as reasoning: nothing, the beginnings of the proposals, or the whole proposals.",
    ),
});

/** mixture_of_agents. */
export const moa = z.strictObject({
  models: z
    .array(z.union([z.string().min(1), agent], { error: "a model is a name or { model: name, … }" }))
    .min(1)
    .default(["gpt-4", "claude-3", "llama-3"])
    .describe(
      "Models that agents are sampled from: a name, or `{ model, temperature, maxTokens, systemPrompt, fallbacks, weight }`.",
    ),
  aggregatorModel: z.string().min(1).default("gpt-4").describe("Model that writes the final answer."),
  aggregator: z.strictObject(role).prefault({}).describe("How the aggregator is called."),
  strategy: z
    .enum(["auto", "mixed", "self"])
    .default("auto")
    .describe(
      "`mixed` draws different models, `self` asks the best one several times, `auto` does what suits the models there are.",
    ),
  numLayers: z.int().min(1).max(6).default(2).describe("Layers of agents."),
  agentsPerLayer: z.int().min(1).max(16).default(3).describe("Agents in each layer."),
  maxTokens: z.int().min(1).default(1000).describe("Maximum tokens of each agent's answer."),
  quorum: z
    .int()
    .min(1)
    .max(16)
    .optional()
    .describe("Answers of a layer after which the others get only the grace. Unset: more than half of the agents."),
  grace: z
    .number()
    .min(0)
    .max(10)
    .default(0.5)
    .describe("Time that the others then get, as a share of what the quorum took; at least three seconds."),
  hedging: z
    .boolean()
    .default(true)
    .describe("Whether a call that takes much longer than this model usually does is made a second time."),
  earlyExit: z
    .boolean()
    .default(false)
    .describe("Whether the layers that are left are skipped once the agents of one agree."),
  maxCostUsd: z.number().positive().optional().describe("USD that a run may cost. Unset: as `llm.budgets` says."),
  callTimeout: seconds("Time limit of one agent; the run goes on without those that miss it.").default(60),
  timeout: seconds("Time limit of the whole run.").default(240),
  presets: z
    .record(presetName, mixturePreset)
    .default({})
    .describe("Settings under names; `/v1` offers each as the model `mixture-of-agents/NAME`."),
});
