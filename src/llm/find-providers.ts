import type { Provider, ProviderKind } from "./model-adapter.ts";

export type ConfiguredProvider = Omit<Provider, "name" | "origin" | "baseUrl"> & {
  /** Unset: the provider's own address. */
  baseUrl?: string | undefined;
};

const LOCAL_OLLAMA = "http://127.0.0.1:11434";

/** Where a provider of a kind is, unless the configuration says otherwise. */
const OWN_URLS: Partial<Record<ProviderKind, string>> = {
  ollama: LOCAL_OLLAMA,
  anthropic: "https://api.anthropic.com/v1",
  gemini: "https://generativelanguage.googleapis.com/v1beta",
};

/** An Open-WebUI whose models can be used. */
export interface OpenWebui {
  url?: string | undefined;
  apiKey?: string | undefined;
}

export interface FoundProviders {
  providers: Provider[];
  /** What is set but cannot be used, one sentence each. */
  problems: string[];
}

type Env = Record<string, string | undefined>;

const CONCURRENCY = 4;

/** The providers that the configuration names. */
export function configuredProviders(providers: Readonly<Record<string, ConfiguredProvider>>): Provider[] {
  return Object.entries(providers).map(([name, provider]) => ({
    ...provider,
    name,
    baseUrl: withoutSlash(provider.baseUrl ?? OWN_URLS[provider.kind] ?? ""),
    apiKey: provider.apiKey || undefined,
    origin: "configuration",
  }));
}

/**
 * The providers that the environment gives: OPENAI_API_KEY and/or OPENAI_BASE_URL, ANTHROPIC_API_KEY (with
 * ANTHROPIC_BASE_URL), GEMINI_API_KEY or GOOGLE_API_KEY, OLLAMA_HOST, OPENWEBUI_URL with OPENWEBUI_API_KEY, where `openWebui`,
 * from the configuration, comes before the latter two. Contacts nothing.
 */
export function providersOfEnvironment(env: Env, openWebui: OpenWebui = {}): FoundProviders {
  const read = (name: string) => env[name]?.trim() || undefined;
  const providers: Provider[] = [];
  const problems: string[] = [];
  const add = (
    name: string,
    baseUrl: string | undefined,
    apiKey: string | undefined,
    origin: string,
    kind: ProviderKind = "openai-compatible",
  ) => {
    if (baseUrl === undefined) problems.push(`${origin} is set, but it is not a URL.`);
    else providers.push({ name, kind, baseUrl, apiKey, models: [], concurrency: CONCURRENCY, origin });
  };
  const openaiKey = read("OPENAI_API_KEY");
  const openaiUrl = read("OPENAI_BASE_URL");
  if (openaiUrl) add("openai", httpUrl(openaiUrl), openaiKey, "OPENAI_BASE_URL");
  else if (openaiKey) add("openai", "https://api.openai.com/v1", openaiKey, "OPENAI_API_KEY");

  const anthropicKey = read("ANTHROPIC_API_KEY");
  const anthropicUrl = read("ANTHROPIC_BASE_URL");
  if (anthropicKey) {
    const url = anthropicUrl ? httpUrl(anthropicUrl) : OWN_URLS.anthropic;
    add("anthropic", url, anthropicKey, url ? "ANTHROPIC_API_KEY" : "ANTHROPIC_BASE_URL", "anthropic");
  }
  for (const name of ["GEMINI_API_KEY", "GOOGLE_API_KEY"]) {
    const key = read(name);
    if (!key) continue;
    add("gemini", OWN_URLS.gemini, key, name, "gemini");
    break;
  }

  const ollama = read("OLLAMA_HOST");
  if (ollama) add("ollama", ollamaBaseUrl(ollama), undefined, "OLLAMA_HOST", "ollama");

  const webUi = openWebui.url ?? read("OPENWEBUI_URL");
  const webUiKey = openWebui.apiKey || read("OPENWEBUI_API_KEY");
  const origin = openWebui.url ? "openWebui.url" : "OPENWEBUI_URL";
  if (webUi && webUiKey) {
    const url = httpUrl(webUi);
    add("open-webui", url && (url.endsWith("/api") ? url : `${url}/api`), webUiKey, origin);
  } else if (webUi) {
    problems.push(`${origin} is set, but OPENWEBUI_API_KEY is not.`);
  }
  return { providers, problems };
}

/** The provider that an Ollama on this machine would be. */
export function localOllama(url: string = LOCAL_OLLAMA): Provider {
  return {
    name: "ollama",
    kind: "ollama",
    baseUrl: withoutSlash(url),
    models: [],
    concurrency: CONCURRENCY,
    origin: "found on this machine",
  };
}

/**
 * The base URL for a value of OLLAMA_HOST, which may be a host, host:port, :port or a URL, and may be the address that the
 * server listens on (0.0.0.0). Undefined where it is none of these.
 */
export function ollamaBaseUrl(value: string): string | undefined {
  const hasScheme = /^https?:\/\//i.test(value);
  const bareIpv6 = !hasScheme && /^[0-9a-f]*:[0-9a-f:.]*:[0-9a-f:.]*$/i.test(value);
  const address = value.startsWith(":") && !bareIpv6 ? `127.0.0.1${value}` : bareIpv6 ? `[${value}]` : value;
  let url: URL;
  try {
    url = new URL(hasScheme ? value : `http://${address}`);
  } catch {
    return undefined;
  }
  // A URL parser drops port 80, so the default port is added only where no port was written.
  if (!hasScheme && url.port === "" && !/:\d+(\/|$)/.test(bareIpv6 ? "" : address)) url.port = "11434";
  if (url.hostname === "0.0.0.0") url.hostname = "127.0.0.1";
  if (url.hostname === "[::]") url.hostname = "[::1]";
  return withoutSlash(url.href).replace(/\/v1$/, "");
}

function httpUrl(value: string): string | undefined {
  const url = URL.parse(/^[a-z]+:\/\//i.test(value) ? value : `http://${value}`);
  return url && /^https?:$/.test(url.protocol) ? withoutSlash(url.href) : undefined;
}

function withoutSlash(url: string): string {
  return url.replace(/\/+$/, "");
}
