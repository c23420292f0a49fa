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
  const models = new Map<string, number[]>();
  return {
    note(model, ms) {
      const samples = models.get(model) ?? [];
      models.delete(model);
      models.set(model, samples);
      samples.push(ms);
      if (samples.length > KEPT_SAMPLES) samples.shift();
      if (models.size > KEPT_MODELS) models.delete(models.keys().next().value!);
    },
    quantile(model, share) {
      const samples = models.get(model);
      if (!samples || samples.length < LEAST_SAMPLES) return undefined;
      const sorted = [...samples].sort((a, b) => a - b);
      return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
    },
  };
}
