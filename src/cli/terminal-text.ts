import { printable } from "./memory-call.ts";

/** Text of a model over several lines, without what a terminal would obey. Lines stay as long as they are. */
export function printableText(text: string): string {
  const line = (one: string) => one.split("\t").map(printable).join("\t");
  return text.split(/\r?\n/).map(line).join("\n");
}

/** In one line of at most so many characters. */
export function fitted(text: string, width: number): string {
  const characters = [...text];
  return characters.length > width ? `${characters.slice(0, Math.max(0, width - 1)).join("")}…` : text;
}

/** Such as `3.2 s` or `2 min 5 s`. */
export function duration(ms: number): string {
  const seconds = ms / 1000;
  if (seconds < 60) return `${seconds.toFixed(seconds < 10 ? 2 : 1)} s`;
  return `${Math.floor(seconds / 60)} min ${Math.floor(seconds % 60)} s`;
}

/** Such as `12,345`. */
export function grouped(number: number): string {
  return number.toLocaleString("en-US");
}

/** USD, such as `$0.0123`; small sums keep two digits. */
export function money(usd: number): string {
  if (usd === 0) return "$0";
  const digits = Math.min(8, Math.max(2, 1 - Math.floor(Math.log10(usd))));
  return `$${usd.toFixed(digits)}`;
}

/** What was spent, and what of it is not known. */
export function costText(usage: { cost_usd?: number | null; unpriced_models?: readonly string[] }): string {
  const { cost_usd: cost, unpriced_models: unpriced = [] } = usage;
  if (cost == null) return "cost unknown";
  return unpriced.length > 0 ? `${money(cost)} and an unknown cost of ${unpriced.join(", ")}` : money(cost);
}
