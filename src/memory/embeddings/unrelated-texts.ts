import { type Direction, similarity } from "./vector.ts";

/**
 * Short texts about many things. A query is to hardly any of them what it is to its answer, so its average similarity to them
 * is what a model gives for no relation at all: near 0 for some models, near 0.8 for others. Speaker verification measures
 * scores against such a cohort too (T-norm: Auckenthaler et al., 2000).
 */
export const UNRELATED_TEXTS: readonly string[] = [
  "The train leaves at half past seven.",
  "She planted roses beside the fence.",
  "Water boils at one hundred degrees.",
  "The committee approved the budget on Tuesday.",
  "He broke his arm while skiing.",
  "My password has to be changed every month.",
  "They watched a film about whales.",
  "Bread, eggs and two lemons.",
  "The function returns a list of numbers.",
  "Our office moved to the third floor.",
  "I dreamed of an old castle.",
  "The guitar needs new strings.",
  "Its screen is bright and its battery weak.",
  "Children played football in the rain.",
  "Prices rose by four percent last year.",
  "Thank you, see you soon!",
];

/** The average similarity of a query to texts that have nothing to do with it. `texts` are their vectors. */
export function unrelatedSimilarity(query: Direction, texts: readonly Uint8Array[]): number | undefined {
  const cosines = texts.flatMap((bytes) => similarity(query, bytes) ?? []);
  return cosines.length === 0 ? undefined : cosines.reduce((sum, cosine) => sum + cosine, 0) / cosines.length;
}
