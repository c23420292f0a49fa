import { ToolError } from "../errors.ts";
import type { Provider } from "./model-adapter.ts";
import type { ModelError } from "./model-error.ts";

/** What a provider offers, or why that is not known. */
export interface Offer {
  provider: Provider;
  models: readonly string[];
  failure?: ModelError | undefined;
}

/** A model that calls can be made to. */
export interface ChosenModel {
  provider: Provider;
  model: string;
  /** `provider/model`. */
  name: string;
  /** Set where another model than the named one was taken. */
  warning?: string;
}

export interface ChoiceOptions {
  /**
   * The name comes from the configuration: one of the names that the configuration has by default is mapped to a model that
   * is there. A name that a caller chose must exist.
   */
  configured?: boolean;
  /** Models to pass over, if others are there, when a default name has no model of its family. */
  avoid?: readonly string[];
}

/** Names that stand in the default configuration, and the families they are meant for. */
const DEFAULT_NAMES: Record<string, string> = { "gpt-4": "gpt4", "claude-3": "claude3", "llama-3": "llama3" };
const NOT_FOR_CHAT =
  /embed|whisper|tts|dall-?e|moderation|rerank|transcribe|realtime|image|audio|sora|davinci|babbage|bge-|minilm/i;
const LISTED = 10;

/**
 * Finds the model that a name means: `provider/model`, a name that exactly one provider has (with or without `:latest`), or
 * a name that no list has at the only provider whose list could not be had.
 * @throws ToolError `unknown_model` with some of the models there are.
 */
export function chooseModel(name: string, offers: readonly Offer[], options: ChoiceOptions = {}): ChosenModel {
  const wanted = name.trim();
  const exact = byAddress(wanted, offers) ?? byName(wanted, offers);
  if (exact) return exact;
  if (options.configured && wanted in DEFAULT_NAMES) {
    const stand = standIn(wanted, offers, options.avoid ?? []);
    if (stand) return stand;
  }
  const unlisted = offers.filter((offer) => offer.failure !== undefined && offer.models.length === 0);
  if (unlisted.length === 1 && wanted !== "") return chosen(unlisted[0]!.provider, wanted);
  throw unknownModel(wanted, offers, options);
}

function byAddress(wanted: string, offers: readonly Offer[]): ChosenModel | undefined {
  for (const { provider, models, failure } of offers) {
    if (!wanted.startsWith(`${provider.name}/`)) continue;
    const model = wanted.slice(provider.name.length + 1);
    const listed = find(model, models);
    if (listed !== undefined) return chosen(provider, listed);
    if (failure && models.length === 0 && model !== "") return chosen(provider, model);
  }
  return undefined;
}

function byName(wanted: string, offers: readonly Offer[]): ChosenModel | undefined {
  const matches = offers.flatMap(({ provider, models }) => {
    const model = find(wanted, models);
    return model === undefined ? [] : [chosen(provider, model)];
  });
  if (matches.length <= 1) return matches[0];
  const names = matches.map((match) => match.name);
  throw new ToolError("unknown_model", `Several providers have a model "${shorten(wanted)}".`, {
    hint: `Say which: ${names.join(", ")}.`,
    details: { available_models: names },
  });
}

function find(wanted: string, models: readonly string[]): string | undefined {
  if (models.includes(wanted)) return wanted;
  return models.find((model) => model === `${wanted}:latest`);
}

/** For a default name: the best model of its family, else the first chat model that is not to be avoided. */
function standIn(wanted: string, offers: readonly Offer[], avoid: readonly string[]): ChosenModel | undefined {
  const family = DEFAULT_NAMES[wanted]!;
  const all = offers.flatMap(({ provider, models }) =>
    models.filter((model) => !NOT_FOR_CHAT.test(model)).map((model) => chosen(provider, model)),
  );
  const plain = (model: string) => model.toLowerCase().replace(/[^a-z0-9/]/g, "");
  const relative =
    all.find(({ model }) => plain(model).startsWith(family)) ?? all.find(({ model }) => plain(model).includes(family));
  const model = relative ?? all.find((other) => !avoid.includes(other.name)) ?? all[0];
  return (
    model && {
      ...model,
      warning: `The default model "${wanted}" is not available; "${model.name}" is used. Configure the model you want.`,
    }
  );
}

function unknownModel(wanted: string, offers: readonly Offer[], options: ChoiceOptions): ToolError {
  const all = offers.flatMap(({ provider, models }) => models.map((model) => `${provider.name}/${model}`));
  const failures = offers.flatMap(({ failure }) => (failure ? [failure.message] : []));
  const some = all.slice(0, LISTED);
  const more = all.length > LISTED ? ` and ${all.length - LISTED} more` : "";
  const list = all.length > 0 ? `Available: ${some.join(", ")}${more}.` : "The providers offer no models.";
  const where = options.configured ? "Configure one of the available models. " : "";
  return new ToolError("unknown_model", `There is no model "${shorten(wanted)}".`, {
    hint: [where + list, ...failures].join(" "),
    details: { available_models: some },
  });
}

function chosen(provider: Provider, model: string): ChosenModel {
  return { provider, model, name: `${provider.name}/${model}` };
}

function shorten(text: string): string {
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}
