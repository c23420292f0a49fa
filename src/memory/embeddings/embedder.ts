/** Which side of a search a text stands on: some models want to be told. */
export type Side = "query" | "memory";

/** What turns texts into vectors, so that texts of similar meaning have vectors of similar direction. */
export interface Embedder {
  /** Names the vectors: those of another id cannot be compared with them. */
  readonly id: string;
  /** One vector for each text, all of one length. @throws whatever went wrong */
  embed(texts: readonly string[], side: Side, signal: AbortSignal): Promise<Float32Array[]>;
  close?(): Promise<void>;
}

export interface EmbedderOptions {
  /** `provider/model`, `folder:` and the path of one, or `package:` and the name of one. */
  model: string;
  /** What the model wants before a query, and before a memory. */
  queryPrefix: string;
  memoryPrefix: string;
}

/** Asks a model of a provider for vectors. */
export type AskProvider = (request: {
  model: string;
  texts: string[];
  /** Whether somebody waits for them. */
  urgent: boolean;
  signal: AbortSignal;
}) => Promise<Float32Array[]>;

/** What runs the model. Nothing is loaded or contacted before the first text. */
export async function createEmbedder(options: EmbedderOptions, askProvider: AskProvider): Promise<Embedder> {
  const { model, queryPrefix, memoryPrefix } = options;
  if (/^(?:folder|package):/.test(model)) {
    const { createLocalEmbedder } = await import("./local-embedder.ts");
    return createLocalEmbedder(options);
  }
  return {
    id: memoryPrefix === "" ? model : `${model} ${memoryPrefix}`,
    embed(texts, side, signal) {
      const prefix = side === "query" ? queryPrefix : memoryPrefix;
      return askProvider({ model, texts: texts.map((text) => prefix + text), urgent: side === "query", signal });
    },
  };
}
