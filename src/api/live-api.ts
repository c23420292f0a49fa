import type { LookupFunction } from "node:net";
import { createResponseChecker, type ResponseChecker } from "./check-response.ts";
import { type ApiDescription, type ApiSettings, describeApi } from "./configured-api.ts";
import { type Credentials, createCredentials } from "./credentials.ts";
import { createExchange, type Exchange } from "./exchange.ts";
import { createSlidingWindow, type SlidingWindow } from "./sliding-window.ts";

/** An API with what it keeps between calls: its connections, its compiled schemas, its users' rate limits. */
export interface LiveApi {
  description: ApiDescription;
  exchange: Exchange;
  responses: ResponseChecker;
  credentials: Credentials;
  /** The user's rate limit, if the API has one. */
  windowOf(userId: string): SlidingWindow | undefined;
}

/** Users whose rate limits are kept before idle ones are given up. */
const MAX_WINDOWS = 1000;

/** @throws ToolError `invalid_config` */
export async function openLiveApi(
  name: string,
  settings: ApiSettings,
  lookup: LookupFunction | undefined,
): Promise<LiveApi> {
  const description = await describeApi(name, settings);
  const windows = new Map<string, SlidingWindow>();
  return {
    description,
    exchange: createExchange({
      api: name,
      base: description.base,
      reach: description.reach,
      connectTimeoutMs: Math.min(settings.connectTimeout, settings.timeout) * 1000,
      maxResponseBytes: settings.maxResponseBytes,
      lookup,
    }),
    responses: createResponseChecker(description),
    credentials: createCredentials(description),
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
  };
}
