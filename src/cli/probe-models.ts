import type { LoadedConfig } from "../config/loaded-config.ts";
import { ToolError } from "../errors.ts";
import type { Services } from "../services.ts";
import type { Check } from "./checks.ts";
import { grouped } from "./terminal-text.ts";

/** Tokens of the answer to a probe. */
const PROBE_TOKENS = 16;
const PROBE_MS = 60_000;

/**
 * Asks each model that the configuration means for a word, all at once as far as their providers allow. Names that mean no model
 * are left to `checkAll`. Never throws.
 */
export async function probeModels({ config }: LoadedConfig, llm: Services["llm"]): Promise<Check[]> {
  const { moa } = config;
  const limitMs = Math.min(PROBE_MS, 1000 * config.llm.timeout);
  const roles = moa.models.flatMap((entry) => (typeof entry === "string" ? [] : entry.fallbacks));
  const named: [key: string, names: readonly string[]][] = [
    ["llm.modelId", [config.llm.modelId]],
    ["llm.fallbackModels", config.llm.fallbackModels],
    ["moa.models", moa.models.map((entry) => (typeof entry === "string" ? entry : entry.model))],
    ["moa.models.fallbacks", roles],
    ["moa.aggregatorModel", [moa.aggregatorModel]],
    ["moa.aggregator.fallbacks", moa.aggregator.fallbacks],
  ];
  const meant = new Map<string, Set<string>>();
  for (const [key, names] of named) {
    const standIns: string[] = [];
    for (const name of names) {
      const signal = AbortSignal.timeout(PROBE_MS);
      const chosen = await llm.resolve(name, { configured: key, avoid: standIns, signal }).catch(() => undefined);
      if (!chosen) continue;
      if (chosen.warning) standIns.push(chosen.name);
      meant.set(chosen.name, (meant.get(chosen.name) ?? new Set()).add(key));
    }
  }
  return Promise.all([...meant].map(([model, keys]) => probe(model, [...keys], config.user, llm, limitMs)));
}

async function probe(
  model: string,
  keys: readonly string[],
  user: string,
  llm: Services["llm"],
  limitMs: number,
): Promise<Check> {
  const about = { service: "llm", name: `model ${model}`, keys } as const;
  const startedAt = performance.now();
  const account = llm.account({ id: user });
  const facts = () => [contextText(model, llm), priceText(account.usage.cost_usd), `for ${keys.join(", ")}`].join(", ");
  try {
    const { usage, ms, first_token_ms } = await llm.complete(
      {
        model,
        messages: [{ role: "user", content: "Answer with the word: ready" }],
        fallbackModels: [],
        maxTokens: PROBE_TOKENS,
        timeoutMs: limitMs,
      },
      { signal: AbortSignal.timeout(2 * limitMs), account },
    );
    const first = first_token_ms === undefined ? "" : `, first token after ${seconds(first_token_ms)}`;
    const writing = ms - (first_token_ms ?? 0);
    const rate = Math.round((1000 * usage.completion_tokens) / Math.max(1, writing));
    const speed = usage.estimated || usage.completion_tokens < 4 || writing < 10 ? "" : `, ${rate} tokens/s`;
    return { ...about, state: "ok", detail: `answers in ${seconds(ms)}${first}${speed}, ${facts()}` };
  } catch (error) {
    if (!(error instanceof ToolError)) throw error;
    // A model that thinks before it answers has not come to it: it works.
    if (error.code === "invalid_response" && error.details?.finish_reason === "length") {
      return { ...about, state: "ok", detail: `thinks; ${seconds(performance.now() - startedAt)}, ${facts()}` };
    }
    return {
      ...about,
      state: "broken",
      detail: `${error.message} (${keys.join(", ")})`,
      hint:
        error.code === "deadline_exceeded"
          ? `It may take longer to load: raise llm.timeout (at most ${PROBE_MS / 1000} s are waited for here).`
          : error.hint,
    };
  }
}

function contextText(model: string, llm: Services["llm"]): string {
  const context = llm.contextOf(model);
  return context === undefined ? "context size unknown" : `context of ${grouped(context)} tokens`;
}

function priceText(costUsd: number | null): string {
  return costUsd === null ? "price unknown" : "price known";
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`;
}
