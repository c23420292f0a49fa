import { ToolError } from "../errors.ts";
import { createAdapter } from "./adapters/create-adapter.ts";
import type { Offer } from "./choose-model.ts";
import {
  type ConfiguredProvider,
  configuredProviders,
  localOllama,
  type OpenWebui,
  providersOfEnvironment,
} from "./find-providers.ts";
import type { ModelAdapter, Provider } from "./model-adapter.ts";
import { ModelError } from "./model-error.ts";
import { withTimeout } from "./with-timeout.ts";

/** A provider in use, with its adapter. */
export interface Connection {
  provider: Provider;
  adapter: ModelAdapter;
}

export interface Directory {
  /**
   * What every provider offers. Lists are kept for a minute, and for ten while a new one is on its way.
   * @throws ToolError `not_configured`
   */
  offers(signal: AbortSignal, options?: OffersOptions): Promise<Offer[]>;
  connection(provider: Provider): Connection;
  /** The providers that are configured, or were found so far. */
  known(): readonly Provider[];
  close(): Promise<void>;
}

export interface OffersOptions {
  /** Lists that were asked for longer ago, in milliseconds, are asked for again. */
  maxAgeMs?: number | undefined;
  /** Milliseconds after which a list that has not come is taken for one that could not be had. */
  waitMs?: number | undefined;
  /** The only provider that is asked, by its name. */
  only?: string | undefined;
}

export interface DirectoryOptions {
  providers: Readonly<Record<string, ConfiguredProvider>>;
  openWebui?: OpenWebui | undefined;
  /** Where an Ollama that nobody configured would listen. */
  ollamaUrl?: string | undefined;
}

const PROBE_MS = 300;
const LIST_MS = 5_000;
const KEEP_MS = 60_000;
const KEEP_OLD_MS = 600_000;
const KEEP_FAILURE_MS = 2_000;

/** What a provider said of its models, or is about to. */
interface KeptList {
  offer: Promise<Offer>;
  /** Set once the provider has answered. */
  answered?: Offer;
  /** The list before this one, as long as it is good enough. */
  old: Promise<Offer> | undefined;
  until: number;
  askedAt: number;
}

/**
 * The providers there are and their models. Configured providers are all there is; without any, those of the environment
 * and an Ollama listening on this machine. Nothing is contacted before the first question.
 */
export function createDirectory(options: DirectoryOptions, env: Record<string, string | undefined>): Directory {
  const connections = new Map<string, Connection>();
  const lists = new Map<string, KeptList>();
  const fixed = Object.keys(options.providers).length > 0;
  const { providers: known, problems } = fixed
    ? { providers: configuredProviders(options.providers), problems: [] }
    : providersOfEnvironment(env, options.openWebui);

  const connection = (provider: Provider): Connection => {
    let made = connections.get(provider.name);
    if (!made) {
      made = { provider, adapter: createAdapter(provider) };
      connections.set(provider.name, made);
    }
    return made;
  };

  /** Shared by all who ask, so it has a limit of its own instead of one caller's signal. */
  const list = (provider: Provider, limitMs: number, maxAgeMs: number | undefined): Promise<Offer> => {
    if (provider.models.length > 0) return Promise.resolve({ provider, models: provider.models });
    const now = performance.now();
    const kept = lists.get(provider.name);
    // A list that did not come in time holds up one caller, not each one that comes after the failure is forgotten.
    const isGood = kept?.answered !== undefined && (kept.answered.failure?.kind ?? "timeout") === "timeout";
    if (kept && maxAgeMs === undefined && (now < kept.until || kept.answered === undefined))
      return kept.old ?? kept.offer;
    // One that is on its way is as new as can be.
    if (kept && maxAgeMs !== undefined && (kept.answered === undefined || now - kept.askedAt < maxAgeMs))
      return kept.offer;
    const old = maxAgeMs === undefined && isGood && now < kept.until + KEEP_OLD_MS ? kept.offer : undefined;
    const entry: KeptList = { offer: ask(provider, limitMs), old, until: now + KEEP_MS, askedAt: now };
    lists.set(provider.name, entry);
    entry.offer.then(
      (offer) => {
        entry.answered = offer;
        entry.old = undefined;
        entry.until = performance.now() + (offer.failure ? KEEP_FAILURE_MS : KEEP_MS);
      },
      () => lists.delete(provider.name),
    );
    return entry.old ?? entry.offer;
  };

  const ask = async (provider: Provider, limitMs: number): Promise<Offer> => {
    const limit = withTimeout(undefined, limitMs);
    try {
      const listed = await connection(provider).adapter.listModels(limit.signal);
      const contexts = new Map(
        listed.flatMap(({ name, contextTokens: size }) => (size ? [[name, size] as const] : [])),
      );
      return { provider, models: listed.map(({ name }) => name), contexts };
    } catch (error) {
      if (error instanceof ModelError) return { provider, models: [], failure: error };
      if (!limit.timedOut) throw error;
      return unlisted(provider, limitMs);
    } finally {
      limit.stop();
    }
  };

  const probeOllama = async (maxAgeMs: number | undefined): Promise<Offer[]> => {
    if (fixed || known.some((provider) => provider.name === "ollama")) return [];
    const offer = await list(localOllama(options.ollamaUrl), PROBE_MS, maxAgeMs);
    return offer.failure ? [] : [offer];
  };

  return {
    async offers(signal, { maxAgeMs, waitMs, only } = {}) {
      const wanted = only === undefined ? known : known.filter(({ name }) => name === only);
      const asked = Promise.all([
        Promise.all(wanted.map((provider) => withinTime(provider, list(provider, LIST_MS, maxAgeMs), waitMs))),
        only === undefined ? probeOllama(maxAgeMs) : [],
      ]);
      const offers = (await unlessAborted(asked, signal)).flat();
      if (offers.length === 0) throw noProvider(problems);
      return offers;
    },
    connection,
    known: () => (connections.has("ollama") ? [...known, connections.get("ollama")!.provider] : known),
    async close() {
      await Promise.all([...connections.values()].map(({ adapter }) => adapter.close()));
      connections.clear();
      lists.clear();
    },
  };
}

function unlisted(provider: Provider, limitMs: number): Offer {
  const message = `Provider "${provider.name}" did not list its models within ${Math.round(limitMs) / 1000} s.`;
  return { provider, models: [], failure: new ModelError("timeout", message) };
}

async function withinTime(provider: Provider, offer: Promise<Offer>, waitMs: number | undefined): Promise<Offer> {
  if (waitMs === undefined || waitMs >= LIST_MS) return offer;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Offer>((resolve) => {
    timer = setTimeout(() => resolve(unlisted(provider, waitMs)), Math.max(0, waitMs));
  });
  return Promise.race([offer, late]).finally(() => clearTimeout(timer));
}

function noProvider(problems: readonly string[]): ToolError {
  return new ToolError("not_configured", ["No model provider is configured.", ...problems].join(" "), {
    hint: "Start Ollama on this machine, or set OPENAI_API_KEY (with OPENAI_BASE_URL for another OpenAI-compatible server), ANTHROPIC_API_KEY, GEMINI_API_KEY, OLLAMA_HOST, or OPENWEBUI_URL with OPENWEBUI_API_KEY, or name one under `providers` in patchbay.yaml. A client that starts this server over stdio does not pass on the shell's environment: set variables in the `env` block of its entry for the server.",
  });
}

async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  let stop = () => {};
  const aborted = new Promise<never>((_, reject) => {
    const onAbort = () => reject(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    stop = () => signal.removeEventListener("abort", onAbort);
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    stop();
  }
}
