import type PQueue from "p-queue";
import type { ChosenModel } from "./choose-model.ts";
import type { Directory } from "./list-models.ts";

export interface EmbeddingRequest {
  /** `provider/model`, which no list of models has to have, or a name that only one provider has. */
  model: string;
  texts: readonly string[];
  /** Whether somebody waits for it: then it goes before what does not hurry. */
  urgent?: boolean | undefined;
}

/** What a model client is made of, as far as it is needed here. */
export interface EmbeddingParts {
  directory: Directory;
  resolve(name: string, choice: { signal: AbortSignal }): Promise<ChosenModel>;
  queueOf(model: ChosenModel): Promise<PQueue>;
  /** Is told what was embedded by which model (`provider/model`). */
  note(model: string, texts: readonly string[]): void;
}

/**
 * One vector for each text, in their order, by one HTTP request once the provider has a free place. It is not tried again:
 * whoever computes vectors has time to wait.
 * @throws ToolError as `ModelClient.complete` does
 */
export async function embedTexts(
  { model: name, texts, urgent = false }: EmbeddingRequest,
  signal: AbortSignal,
  { directory, resolve, queueOf, note }: EmbeddingParts,
): Promise<Float32Array[]> {
  const model = (await addressed(name, directory, signal)) ?? (await resolve(name, { signal }));
  const queue = await queueOf(model);
  const embed = () => directory.connection(model.provider).adapter.embed(model.model, texts, signal);
  const vectors = await queue.add(embed, { signal, priority: urgent ? 1 : -1 });
  note(model.name, texts);
  return vectors;
}

/** The model of the provider that the name begins with: many servers list only the models that chat. */
async function addressed(name: string, directory: Directory, signal: AbortSignal): Promise<ChosenModel | undefined> {
  const wanted = name.trim();
  const offers = await directory.offers(signal);
  for (const { provider } of offers) {
    const model = wanted.slice(provider.name.length + 1);
    if (wanted.startsWith(`${provider.name}/`) && model !== "") return { provider, model, name: wanted };
  }
  return undefined;
}
