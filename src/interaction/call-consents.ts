import { createHash } from "node:crypto";
import { declined } from "./ladder.ts";
import type { OpenPage, PageState } from "./pages.ts";

/** Consents that wait for their call, and the pages that ask for one. They are in memory only, and bounded. */
export interface CallConsents {
  /** Keeps a yes for the call with this key. */
  grant(key: string): void;
  /**
   * Whether there is a consent, given in the chat or on the page that asks for it. It serves for one call.
   * @throws ToolError `declined` where the page said no; that answer too counts once
   */
  take(key: string, user: string): boolean;
  /** Remembers the page that asks for the consent. */
  askOn(key: string, page: OpenPage): void;
  /** The page that asks for the consent and is not answered yet. */
  openPage(key: string, user: string): OpenPage | undefined;
  /** Takes no notice of the page any more: the question is answered. */
  settle(key: string): void;
}

export interface CallConsentsOptions {
  now: () => number;
  /** Milliseconds that a consent waits for its call. */
  grantMs: number;
  /** What has become of a page. */
  stateOf: (user: string, page: OpenPage) => PageState["state"];
  /** Makes the page's answer useless from now on. @throws ToolError `invalid_input` when it was used before */
  use: (page: OpenPage) => void;
}

const MAX_CONSENTS = 10_000;

export function createCallConsents({ now, grantMs, stateOf, use }: CallConsentsOptions): CallConsents {
  const grants = new Map<string, number>();
  const asking = new Map<string, OpenPage>();

  return {
    grant(key) {
      const time = now();
      for (const [other, expiresAt] of grants) {
        if (expiresAt <= time || grants.size >= MAX_CONSENTS) grants.delete(other);
      }
      grants.set(key, time + grantMs);
    },

    take(key, user) {
      const expiresAt = grants.get(key);
      grants.delete(key);
      if (expiresAt !== undefined && expiresAt > now()) return true;
      const page = asking.get(key);
      const state = page && stateOf(user, page);
      if (page === undefined || state === "open") return false;
      asking.delete(key);
      if (state !== "confirmed" && state !== "declined") return false;
      use(page);
      if (state === "declined") throw declined();
      return true;
    },

    askOn(key, page) {
      for (const [other, { expiresAt }] of asking) {
        if (expiresAt + grantMs <= now() || asking.size >= MAX_CONSENTS) asking.delete(other);
      }
      asking.set(key, page);
    },

    openPage(key, user) {
      const page = asking.get(key);
      return page && stateOf(user, page) === "open" ? page : undefined;
    },

    settle: (key) => void asking.delete(key),
  };
}

/** Tells the calls of users apart; `args` is a digest. */
export const callKey = (user: string, tool: string, args: string): string => JSON.stringify([user, tool, args]);

/** SHA-256 of the value as JSON with sorted keys, in base64url. */
export function digest(value: unknown): string {
  const canonical = JSON.stringify(value ?? {}, (_key, part: unknown) =>
    typeof part === "object" && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
  return createHash("sha256").update(canonical).digest("base64url");
}
