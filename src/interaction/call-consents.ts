import { createHash } from "node:crypto";
import { declined } from "./ladder.ts";
import type { OpenPage, PageState } from "./pages.ts";

/** Consents that wait for their call, and the pages that ask for one. They are in memory only, and bounded. */
export interface CallConsents {
  /** Keeps a yes for the call with this key, that was given to these words (a digest of them). */
  grant(key: string, words: string): void;
  /**
   * Whether there is a consent to these words, given in the chat or on the page that asks for it. It serves for one call, and ends
   * where the words have become others.
   * @throws ToolError `declined` where the page said no, to whichever words; that answer too counts once
   */
  take(key: string, user: string, words: string): boolean;
  /** Remembers the page that asks for the consent by these words. */
  askOn(key: string, page: OpenPage, words: string): void;
  /** The page that asks for the consent by these words and is not answered yet; one with other words is closed. */
  openPage(key: string, user: string, words: string): OpenPage | undefined;
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
  /** Closes a page without an answer. */
  release: (user: string, page: OpenPage) => void;
}

const MAX_CONSENTS = 10_000;

export function createCallConsents({ now, grantMs, stateOf, use, release }: CallConsentsOptions): CallConsents {
  const grants = new Map<string, { expiresAt: number; words: string }>();
  const asking = new Map<string, { page: OpenPage; words: string }>();

  return {
    grant(key, words) {
      const time = now();
      for (const [other, { expiresAt }] of grants) {
        if (expiresAt <= time || grants.size >= MAX_CONSENTS) grants.delete(other);
      }
      grants.set(key, { expiresAt: time + grantMs, words });
    },

    take(key, user, words) {
      const grant = grants.get(key);
      grants.delete(key);
      const asked = asking.get(key);
      const state = asked && stateOf(user, asked.page);
      if (asked && state !== "open") {
        asking.delete(key);
        if (state === "confirmed" || state === "declined") {
          use(asked.page);
          if (state === "declined") throw declined();
          if (asked.words === words) return true;
        }
      }
      return grant !== undefined && grant.expiresAt > now() && grant.words === words;
    },

    askOn(key, page, words) {
      for (const [
        other,
        {
          page: { expiresAt },
        },
      ] of asking) {
        if (expiresAt + grantMs <= now() || asking.size >= MAX_CONSENTS) asking.delete(other);
      }
      asking.set(key, { page, words });
    },

    openPage(key, user, words) {
      const asked = asking.get(key);
      if (!asked || stateOf(user, asked.page) !== "open") return undefined;
      if (asked.words === words) return asked.page;
      asking.delete(key);
      release(user, asked.page);
      return undefined;
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
