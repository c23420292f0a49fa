/** How long calls of each model took, of late. */
export interface LatencyRecord {
  note(model: string, ms: number): void;
  /** Milliseconds that the given share (0 to 1) of the last calls did not exceed; undefined with fewer than `LEAST_SAMPLES`. */
  quantile(model: string, share: number): number | undefined;
}

/** Calls that say little about how long a model usually takes. */
export const LEAST_SAMPLES = 5;
const KEPT_SAMPLES = 64;
const KEPT_MODELS = 1000;

export function createLatencyRecord(): LatencyRecord {
  /** The samples of each model as they came, and in the order of their size. */
  const models = new Map<string, { samples: number[]; sorted: number[] }>();
  return {
    note(model, ms) {
      const { samples, sorted } = models.get(model) ?? { samples: [], sorted: [] };
      models.delete(model);
      models.set(model, { samples, sorted });
      samples.push(ms);
      const place = sorted.findIndex((other) => other > ms);
      sorted.splice(place === -1 ? sorted.length : place, 0, ms);
      if (samples.length > KEPT_SAMPLES) sorted.splice(sorted.indexOf(samples.shift()!), 1);
      if (models.size > KEPT_MODELS) models.delete(models.keys().next().value!);
    },
    quantile(model, share) {
      const sorted = models.get(model)?.sorted;
      if (!sorted || sorted.length < LEAST_SAMPLES) return undefined;
      return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
    },
  };
}
