/** Which side of a search a text stands on: some models want to be told. */
export type Side = "query" | "memory";

/** What turns texts into vectors, so that texts of similar meaning have vectors of similar direction. */
export interface Embedder {
  /** Names the vectors: those of another id cannot be compared with them. */
  readonly id: string;
  /** One vector for each text, all of one length. @throws whatever went wrong */
  embed(texts: readonly string[], side: Side, signal: AbortSignal): Promise<Float32Array[]>;
}

export interface ProviderEmbedderOptions {
  /** `provider/model`. */
  model: string;
  /** What the model wants before a query, and before a memory. */
  queryPrefix: string;
  memoryPrefix: string;
}

/** Asks a model of a provider; `embed` is what calls it. */
export function createProviderEmbedder(
  { model, queryPrefix, memoryPrefix }: ProviderEmbedderOptions,
  embed: (request: { model: string; texts: string[]; urgent: boolean; signal: AbortSignal }) => Promise<Float32Array[]>,
): Embedder {
  return {
    id: memoryPrefix === "" ? model : `${model} ${memoryPrefix}`,
    embed(texts, side, signal) {
      const prefix = side === "query" ? queryPrefix : memoryPrefix;
      return embed({ model, texts: texts.map((text) => prefix + text), urgent: side === "query", signal });
    },
  };
}
