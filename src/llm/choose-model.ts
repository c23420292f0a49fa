import { ToolError } from "../errors.ts";
import type { Provider } from "./model-adapter.ts";
import type { ModelError } from "./model-error.ts";

/** What a provider offers, or why that is not known. */
export interface Offer {
  provider: Provider;
  models: readonly string[];
  /** Context sizes in tokens of those whose size the provider tells. */
  contexts?: ReadonlyMap<string, number>;
  failure?: ModelError | undefined;
}

/** A model that calls can be made to. */
export interface ChosenModel {
  provider: Provider;
  model: string;
  /** `provider/model`. */
  name: string;
  /** Context size in tokens, where it is configured for the provider or the provider tells it. */
  contextTokens?: number | undefined;
  /** Set where another model than the named one was taken. */
  warning?: string;
}

export interface ChoiceOptions {
  /**
   * The key of the configuration that the name comes from, such as `llm.modelId`: one of the names that the configuration
   * has by default is then mapped to a model that is there. Unset: a caller chose the name, and it must exist.
   */
  configured?: string | undefined;
  /** Models to pass over, if others are there, when a default name has no model of its family. */
  avoid?: readonly string[];
  /** A model that embeds texts, `provider/model`: it never stands in for a default name. */
  embeds?: string | undefined;
}

/** Names that stand in the default configuration, and the families they are meant for, the nearest first. */
const DEFAULT_NAMES: Record<string, readonly string[]> = {
  "gpt-4": ["gpt4", "gpt"],
  "claude-3": ["claude3", "claude"],
  "llama-3": ["llama3", "llama"],
};
const EVERY_FAMILY = Object.values(DEFAULT_NAMES).flat();
const NOT_FOR_CHAT =
  /embed|whisper|tts|dall-?e|moderation|rerank|transcribe|realtime|image|audio|sora|davinci|babbage|bge-|\be5-|\bgte-|minilm|guard|computer-use|(?:gpt|\bo\d).*(?:instruct|search|codex|deep-research|-pro)/i;
/** Dated snapshots and previews, which stand beside the model that most people mean. */
const SECOND_CHOICE = /\d{4}-?\d\d-?\d\d|-\d{4}$|preview|beta|:free$/i;
const LISTED = 10;

/**
 * Finds the model that a name means: `provider/model`, a name that exactly one provider has (with or without `:latest`), or
 * a name that no list has at the only provider whose list could not be had.
 * @throws ToolError `unknown_model` with some of the models there are, or why no provider could be asked.
 */
export function chooseModel(name: string, offers: readonly Offer[], options: ChoiceOptions = {}): ChosenModel {
  const wanted = name.trim();
  const families = options.configured && Object.hasOwn(DEFAULT_NAMES, wanted) ? DEFAULT_NAMES[wanted] : undefined;
  const exact = byAddress(wanted, offers) ?? byName(wanted, offers, families !== undefined, options);
  if (exact) return exact;
  const stand = families && standIn(wanted, families, offers, options);
  if (stand) return stand;
  const addressed = offers.some(({ provider }) => wanted.startsWith(`${provider.name}/`));
  const unlisted = offers.filter((offer) => offer.failure !== undefined && offer.models.length === 0);
  if (unlisted.length === 1 && wanted !== "" && !addressed) return chosen(unlisted[0]!.provider, wanted);
  throw noneReachable(offers) ?? unknownModel(wanted, offers, options);
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

function byName(
  wanted: string,
  offers: readonly Offer[],
  takeFirst: boolean,
  options: ChoiceOptions,
): ChosenModel | undefined {
  const matches = offers.flatMap(({ provider, models }) => {
    const model = find(wanted, models);
    return model === undefined ? [] : [chosen(provider, model)];
  });
  // Nobody chose a default name, so nobody can be asked which one was meant.
  if (matches.length <= 1 || takeFirst) return matches[0];
  const names = matches.map((match) => match.name);
  throw new ToolError("unknown_model", `Several providers have a model "${shorten(wanted)}"${source(options)}.`, {
    hint: `Say which: ${names.join(", ")}.`,
    details: { available_models: names },
  });
}

function find(wanted: string, models: readonly string[]): string | undefined {
  if (models.includes(wanted)) return wanted;
  return models.find((model) => model === `${wanted}:latest`);
}

/** For a default name: the plainest model of its family, else the first chat model that is not to be avoided. */
function standIn(
  wanted: string,
  families: readonly string[],
  offers: readonly Offer[],
  { avoid = [], embeds }: ChoiceOptions,
): ChosenModel | undefined {
  const embeddingNames = new Set([embeds, `${embeds}:latest`]);
  const canChat = ({ model, name }: ChosenModel) =>
    !NOT_FOR_CHAT.test(model) && !embeddingNames.has(name) && !embeddingNames.has(model);
  const all = offers
    .flatMap(({ provider, models }) => models.map((model) => chosen(provider, model)))
    .filter(canChat)
    .sort((a, b) => Number(SECOND_CHOICE.test(a.model)) - Number(SECOND_CHOICE.test(b.model)));
  const relatives = (family: string) => {
    const begin = all.filter(({ model }) => plainName(model).startsWith(family));
    return begin.length > 0 ? begin : all.filter(({ model }) => plainName(model).includes(family));
  };
  const related = families.map(relatives).find((found) => found.length > 0);
  // The other default names are to find their own relatives.
  const free = all.filter((other) => !avoid.includes(other.name));
  const unrelated = free.find(({ model }) => !EVERY_FAMILY.some((family) => plainName(model).includes(family)));
  const model = related ? plainest(related) : (unrelated ?? free[0] ?? all[0]);
  if (!model) return undefined;
  const failures = offers.flatMap(({ failure }) => (failure ? [failure.message] : []));
  return {
    ...model,
    warning: [
      `The default model "${wanted}" is not available; "${model.name}" is used. Configure the model you want.`,
      ...failures,
    ].join(" "),
  };
}

/** `meta-llama/Llama-3.1-8B` → `llama318b`. */
function plainName(model: string): string {
  return model
    .slice(model.lastIndexOf("/") + 1)
    .toLowerCase()
    .replace(/[^a-z0-9]/g, "");
}

/** The one with the shortest name, tag aside, which says least about date and variant; the earlier of equals. */
function plainest(models: readonly ChosenModel[]): ChosenModel {
  const second = (model: ChosenModel) => SECOND_CHOICE.test(model.model);
  const length = ({ model }: ChosenModel) => model.split(":")[0]!.length;
  return models.reduce((best, other) =>
    second(other) === second(best) && length(other) < length(best) ? other : best,
  );
}

/** Where no provider could be asked, that is what has to be mended, not the name. */
function noneReachable(offers: readonly Offer[]): ToolError | undefined {
  const failures = offers.flatMap(({ provider, failure }) => (failure ? [{ provider, failure }] : []));
  const first = failures[0]?.failure;
  if (!first || failures.length < offers.length) return undefined;
  return new ToolError(first.code, first.message, {
    hint: first.hint,
    retryable: failures.some(({ failure }) => failure.retryable),
    issues: failures.map(({ provider, failure }) => ({ path: provider.name, message: failure.message })),
    cause: first,
  });
}

function unknownModel(wanted: string, offers: readonly Offer[], options: ChoiceOptions): ToolError {
  const all = offers.flatMap(({ provider, models }) => models.map((model) => `${provider.name}/${model}`));
  const failures = offers.flatMap(({ failure }) => (failure ? [failure.message] : []));
  const some = all.slice(0, LISTED);
  const more = all.length > LISTED ? ` and ${all.length - LISTED} more` : "";
  const list =
    all.length > 0
      ? `Available: ${some.join(", ")}${more}.`
      : "The providers offer no models; with Ollama, `ollama pull llama3.2` gets one.";
  const { configured } = options;
  const advice = configured ? [`Set ${configured} in the configuration to a model that is there.`] : [];
  return new ToolError("unknown_model", `There is no model "${shorten(wanted)}"${source(options)}.`, {
    hint: [...advice, list, ...failures].join(" "),
    details: { available_models: some },
  });
}

function source({ configured }: ChoiceOptions): string {
  return configured === undefined ? "" : `, which ${configured} names`;
}

function chosen(provider: Provider, model: string): ChosenModel {
  return { provider, model, name: `${provider.name}/${model}` };
}

function shorten(text: string): string {
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}
