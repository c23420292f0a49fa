import { createHash } from "node:crypto";
import type { ApiUser } from "./api-client.ts";
import type { PreparedRequest, Target } from "./api-request.ts";
import type { ApiDescription } from "./configured-api.ts";
import { type PlacedCredential, placeCredential } from "./request-headers.ts";

/** What one call carries. */
export interface CallCredential {
  placed: PlacedCredential | undefined;
  /** Configured headers of the API and, over them, of the user. */
  headers: Readonly<Record<string, string>>;
  /** Tells credentials apart without holding one; the same for every token of one client. */
  id: string;
}

/** Where the credentials of an API's calls come from. */
export interface Credentials {
  /**
   * What the user's call of this operation carries. `dry`: only for show, so nothing is asked for.
   * @throws ToolError `not_configured` where the user needs an entry and has none; `upstream_error` and the like where no token is given.
   */
  of(user: ApiUser, target: Target, options: { signal: AbortSignal; dry?: boolean }): Promise<CallCredential>;
  /** The request that was refused (401) with fresh credentials, where asking for such may help; else undefined. */
  renewed(user: ApiUser, refused: PreparedRequest, signal: AbortSignal): Promise<PreparedRequest | undefined>;
}

export function createCredentials(api: ApiDescription): Credentials {
  return {
    async of(_user, target) {
      const placed = placeCredential(api, target);
      const { headers } = api.settings;
      const id = createHash("sha256")
        .update(JSON.stringify([placed?.value, headers]))
        .digest("base64url");
      return { placed, headers, id };
    },
    renewed: async () => undefined,
  };
}
