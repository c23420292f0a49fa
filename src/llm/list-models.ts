import { ToolError } from "../errors.ts";
import type { Offer } from "./choose-model.ts";
import { type ConfiguredProvider, configuredProviders, localOllama, providersOfEnvironment } from "./find-providers.ts";
import type { ModelAdapter, Provider } from "./model-adapter.ts";
import { ModelError } from "./model-error.ts";
import { createOpenAiAdapter } from "./openai-adapter.ts";
import { withTimeout } from "./with-timeout.ts";

/** A provider in use, with its adapter. */
export interface Connection {
  provider: Provider;
  adapter: ModelAdapter;
}

export interface Directory {
  /** What every provider offers. Lists are kept for a minute; `fresh` asks again. @throws ToolError `not_configured` */
  offers(signal: AbortSignal, fresh?: boolean): Promise<Offer[]>;
  connection(provider: Provider): Connection;
  close(): Promise<void>;
}

export interface DirectoryOptions {
  providers: Readonly<Record<string, ConfiguredProvider>>;
  /** Where an Ollama that nobody configured would listen. */
  ollamaUrl?: string | undefined;
}

const PROBE_MS = 300;
const LIST_MS = 5_000;
const KEEP_MS = 60_000;
const KEEP_FAILURE_MS = 2_000;

/**
 * The providers there are and their models. Configured providers are all there is; without any, those of the environment
 * and an Ollama listening on this machine. Nothing is contacted before the first question.
 */
export function createDirectory(options: DirectoryOptions, env: Record<string, string | undefined>): Directory {
  const connections = new Map<string, Connection>();
  const lists = new Map<string, { offer: Promise<Offer>; until: number }>();
  const fixed = Object.keys(options.providers).length > 0;
  const known = fixed ? configuredProviders(options.providers) : providersOfEnvironment(env);

  const connection = (provider: Provider): Connection => {
    let made = connections.get(provider.name);
    if (!made) {
      made = { provider, adapter: createOpenAiAdapter(provider) };
      connections.set(provider.name, made);
    }
    return made;
  };

  /** Shared by all who ask, so it has a limit of its own instead of one caller's signal. */
  const list = (provider: Provider, limitMs: number, fresh: boolean): Promise<Offer> => {
    if (provider.models.length > 0) return Promise.resolve({ provider, models: provider.models });
    const kept = lists.get(provider.name);
    if (kept && kept.until > performance.now() && !fresh) return kept.offer;
    const entry = { offer: ask(provider, limitMs), until: performance.now() + KEEP_MS };
    lists.set(provider.name, entry);
    entry.offer.then((offer) => {
      if (offer.failure) entry.until = performance.now() + KEEP_FAILURE_MS;
    });
    return entry.offer;
  };

  const ask = async (provider: Provider, limitMs: number): Promise<Offer> => {
    const limit = withTimeout(undefined, limitMs);
    try {
      return { provider, models: await connection(provider).adapter.listModels(limit.signal) };
    } catch (error) {
      const failure =
        error instanceof ModelError
          ? error
          : new ModelError(
              "timeout",
              `Provider "${provider.name}" did not list its models within ${limitMs / 1000} s.`,
            );
      return { provider, models: [], failure };
    } finally {
      limit.stop();
    }
  };

  const probeOllama = async (fresh: boolean): Promise<Offer[]> => {
    if (fixed || known.some((provider) => provider.name === "ollama")) return [];
    const offer = await list(localOllama(options.ollamaUrl), PROBE_MS, fresh);
    return offer.failure ? [] : [offer];
  };

  return {
    async offers(signal, fresh = false) {
      const asked = Promise.all([
        Promise.all(known.map((provider) => list(provider, LIST_MS, fresh))),
        probeOllama(fresh),
      ]);
      const offers = (await unlessAborted(asked, signal)).flat();
      if (offers.length === 0) throw noProvider(env);
      return offers;
    },
    connection,
    async close() {
      await Promise.all([...connections.values()].map(({ adapter }) => adapter.close()));
      connections.clear();
      lists.clear();
    },
  };
}

function noProvider(env: Record<string, string | undefined>): ToolError {
  const half =
    env.OPENWEBUI_URL && !env.OPENWEBUI_API_KEY ? " OPENWEBUI_URL is set, but OPENWEBUI_API_KEY is not." : "";
  return new ToolError("not_configured", `No model provider is configured.${half}`, {
    hint: "Start Ollama on this machine, or set OPENAI_API_KEY (with OPENAI_BASE_URL for another OpenAI-compatible server), OLLAMA_HOST, or OPENWEBUI_URL with OPENWEBUI_API_KEY, or name one under `providers` in patchbay.yaml.",
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
