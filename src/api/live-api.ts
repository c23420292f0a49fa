import { createResponseChecker, type ResponseChecker } from "./answer/check-response.ts";
import { type ApiDescription, type ApiSettings, describeApi } from "./configured-api.ts";
import { type Credentials, createCredentials } from "./credentials/credentials.ts";
import { hostOf, reachOf } from "./network/address-guard.ts";
import { type ApiBreaker, createApiBreaker } from "./network/api-breaker.ts";
import { type CallSlots, createCallSlots } from "./network/call-slots.ts";
import { createExchange, type Exchange } from "./network/exchange.ts";
import { createSlidingWindow, type SlidingWindow } from "./network/sliding-window.ts";
import type { FetchMeans } from "./openapi/load-document.ts";
import { createRenewal } from "./renew-description.ts";

/** An API with what it keeps between calls: its connections, its compiled schemas, its users' rate limits. */
export interface LiveApi {
  description: ApiDescription;
  exchange: Exchange;
  /** A short-lived exchange with another origin that a redirect leads to. */
  exchangeWith(origin: URL): Exchange;
  responses: ResponseChecker;
  credentials: Credentials;
  breaker: ApiBreaker;
  slots: CallSlots;
  /** The user's rate limit, if the API has one. */
  windowOf(userId: string): SlidingWindow | undefined;
  /** Reads a document with a URL again in the background where its copy is old; to be called with every use. */
  renewWhereOld(): void;
}

/** Users whose rate limits are kept before idle ones are given up. */
const MAX_WINDOWS = 1000;

/** @throws ToolError `invalid_config` */
export async function openLiveApi(name: string, settings: ApiSettings, means: FetchMeans): Promise<LiveApi> {
  const { lookup } = means;
  const description = await describeApi(name, settings, means);
  const windows = new Map<string, SlidingWindow>();
  const common = {
    api: name,
    connectTimeoutMs: Math.min(settings.connectTimeout, settings.timeout) * 1000,
    maxResponseBytes: settings.maxResponseBytes,
    connections: settings.concurrency,
    lookup,
  };
  const live: LiveApi = {
    description,
    exchange: createExchange({ ...common, base: description.base, reach: description.reach }),
    exchangeWith(origin) {
      const isNamed = isRedirectHost(settings.redirectHosts, origin);
      return createExchange({ ...common, base: origin, reach: isNamed ? reachOf(origin, true, true) : "public" });
    },
    breaker: createApiBreaker(name, settings.breaker),
    slots: createCallSlots(settings.concurrency),
    responses: createResponseChecker(description),
    credentials: createCredentials(description, lookup),
    windowOf(userId) {
      if (!settings.rateLimit) return undefined;
      let window = windows.get(userId);
      if (!window) {
        if (windows.size >= MAX_WINDOWS) for (const [id, other] of windows) if (other.idle) windows.delete(id);
        window = createSlidingWindow(settings.rateLimit, `API "${name}"`);
        windows.set(userId, window);
      }
      return window;
    },
    renewWhereOld: createRenewal(description, () => describeApi(name, settings, means), replaceDescription),
  };
  return live;

  function replaceDescription(fresh: ApiDescription): void {
    const { base, reach } = live.description;
    if (fresh.base.origin !== base.origin || fresh.reach !== reach) {
      const old = live.exchange;
      live.exchange = createExchange({ ...common, base: fresh.base, reach: fresh.reach });
      // Calls that are under way end by then.
      setTimeout(() => void old.close(), settings.timeout * 1000).unref();
    }
    // What has been given since then, such as tokens, stays hidden.
    live.description = { ...fresh, secrets: live.description.secrets };
    live.responses = createResponseChecker(fresh);
  }
}

/** Whether the configuration names this host as one that redirects may lead to, on any port or on this one. */
function isRedirectHost(hosts: readonly string[], url: URL): boolean {
  const name = hostOf(url).toLowerCase();
  const port = url.port || (url.protocol === "https:" ? "443" : "80");
  const spellings = new Set([name, `[${name}]`, `${name}:${port}`, `[${name}]:${port}`]);
  return hosts.some((host) => spellings.has(host.toLowerCase()));
}
