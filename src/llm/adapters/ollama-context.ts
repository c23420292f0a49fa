import { isObject, type Json } from "./read-failure.ts";

/** Tokens of context that a model is loaded with at least, and at most unless the configuration says more. */
const LEAST = 4096;
const MOST = 32_768;

/** What a server says of one of its models. */
export interface ModelFacts {
  /** Tokens that the model was made for. */
  trained: number | undefined;
  /** Tokens that it is loaded with, or that its owner chose. */
  preset: number | undefined;
}

/** The context that each model is asked for (`num_ctx`). */
export interface ContextSizes {
  /** Tokens for a request that needs so many. Never less than before: another size means that the model is loaded anew. */
  sizeFor(model: string, needed: number, facts: ModelFacts): number;
  /** The most that a model is given. */
  limitOf(facts: ModelFacts): number;
}

/** Sizes double from 4096 tokens on as requests need it. `fixed` is the size that the configuration gives. */
export function createContextSizes(fixed: number | undefined): ContextSizes {
  const sizes = new Map<string, number>();
  const limitOf = ({ trained = Infinity, preset = 0 }: ModelFacts) =>
    Math.min(trained, fixed ?? Math.max(MOST, preset));
  return {
    limitOf,
    sizeFor(model, needed, facts) {
      const limit = limitOf(facts);
      let size = Math.max(LEAST, sizes.get(model) ?? 0, facts.preset ?? 0);
      while (size < needed && size < limit) size *= 2;
      if (fixed !== undefined) size = fixed;
      size = Math.min(size, limit);
      sizes.set(model, size);
      return size;
    },
  };
}

/** Reads `/api/show` and `/api/ps`. Undefined: that question failed. */
export function factsOf(model: string, shown: Json | undefined, running: Json | undefined): ModelFacts {
  const info = isObject(shown?.model_info) ? shown.model_info : {};
  const trained = Object.entries(info).find(([key]) => key.endsWith(".context_length"))?.[1];
  const chosen = typeof shown?.parameters === "string" ? /^num_ctx\s+(\d+)/m.exec(shown.parameters)?.[1] : undefined;
  const loaded = Array.isArray(running?.models)
    ? running.models.filter(isObject).find((entry) => entry.name === model || entry.name === `${model}:latest`)
    : undefined;
  const preset = Math.max(count(Number(chosen)) ?? 0, count(loaded?.context_length) ?? 0);
  return { trained: count(trained), preset: preset || undefined };
}

function count(value: unknown): number | undefined {
  return typeof value === "number" && Number.isInteger(value) && value > 0 ? value : undefined;
}
