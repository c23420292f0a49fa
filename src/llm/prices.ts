import type { Price, Provider, TokenUsage } from "./model-adapter.ts";

/** USD are counted in whole billionths, so that sums are exact: a price of 1 USD for a million tokens is 1000 of them a token. */
const NANO = 1e9;

/** The price of a model: of its own name, or of the pattern that says the most of it; undefined where none fits. */
export function priceOf(prices: Provider["prices"], model: string): Price | undefined {
  if (!prices) return undefined;
  if (Object.hasOwn(prices, model)) return prices[model];
  const fitting = Object.keys(prices).filter((pattern) => fits(pattern, model));
  const [best] = fitting.sort((a, b) => letters(b) - letters(a) || a.length - b.length);
  return best === undefined ? undefined : prices[best];
}

const letters = (pattern: string) => pattern.replaceAll("*", "").length;

/** Whether the name has the pattern's parts in their order, in time that grows with the lengths alone. */
function fits(pattern: string, name: string): boolean {
  const [first = "", ...rest] = pattern.split("*");
  const last = rest.pop();
  if (last === undefined) return pattern === name;
  if (name.length < first.length + last.length || !name.startsWith(first) || !name.endsWith(last)) return false;
  const end = name.length - last.length;
  let at = first.length;
  for (const part of rest) {
    const found = name.indexOf(part, at);
    if (found === -1 || found + part.length > end) return false;
    at = found + part.length;
  }
  return true;
}

/** What tokens cost, in billionths of a USD. */
export function costOf(price: Price, { prompt_tokens, completion_tokens, cached_tokens = 0 }: TokenUsage): number {
  const cached = Math.min(cached_tokens, prompt_tokens);
  const prompt = (prompt_tokens - cached) * price.input + cached * (price.cachedInput ?? price.input);
  return Math.round((prompt + completion_tokens * price.output) * 1000);
}

/** The most that so many tokens can cost, in billionths of a USD. */
export function mostOf(price: Price, promptTokens: number, maxTokens: number): number {
  return Math.ceil((promptTokens * Math.max(price.input, price.cachedInput ?? 0) + maxTokens * price.output) * 1000);
}

export const toNano = (usd: number): number => Math.round(usd * NANO);
export const toUsd = (nano: number): number => nano / NANO;
