/** One measured figure, as a ratio against a peer or the limit in the same run. */
export interface Figure {
  what: string;
  /** What was measured, in words with units, such as `142 ms against 371 ms`. */
  measured: string;
  ratio: number;
  /** The ratio has to be at most, or at least, this. Without: for information. */
  limit?: { atMost: number } | { atLeast: number };
}

export function holds({ ratio, limit }: Figure): boolean {
  if (!limit) return true;
  return "atMost" in limit ? ratio <= limit.atMost : ratio >= limit.atLeast;
}

/** The figures as a Markdown table. */
export function table(figures: readonly Figure[]): string {
  const rows = figures.map((figure) => {
    const { what, measured, ratio, limit } = figure;
    if (!limit) return `| ${what} | ${measured} | ${round(ratio)} | | |`;
    const wanted = "atMost" in limit ? `≤ ${limit.atMost}` : `≥ ${limit.atLeast}`;
    return `| ${what} | ${measured} | ${round(ratio)} | ${wanted} | ${holds(figure) ? "yes" : "**no**"} |`;
  });
  return ["| figure | measured | ratio | wanted | holds |", "|---|---|---|---|---|", ...rows].join("\n");
}

/** Three significant digits, for people. */
export function round(value: number): string {
  return Math.abs(value) >= 100 ? Math.round(value).toLocaleString("en") : String(Number(value.toPrecision(3)));
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** The value that the given share of values (0–1) does not exceed. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
