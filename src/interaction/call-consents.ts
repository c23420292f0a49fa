import { createHash } from "node:crypto";
import { declined } from "./ladder.ts";
import type { OpenPage, PageState } from "./pages.ts";

/**
 * The questions that ask for consent to calls, one at a time for each call, and the consents that wait for their call. They are in
 * memory only, and bounded.
 */
export interface CallConsents {
  /**
   * Whether there is a consent to these words (a digest of them, and of what they stand for), given in the chat or on the page that
   * asks for it. It serves for one call, and ends where the words have become others.
   * @throws ToolError `declined` where the page said no, to whichever words; that answer too counts once
   */
  take(key: string, user: string, words: string): boolean;
  /** Asks by these words, on the page where there is one, until that time. An older question of the call ends. Gives its number. */
  ask(key: string, words: string, asked: { page: OpenPage | undefined; expiresAt: number }): number;
  /** The page that asks for the consent by these words and is not answered yet; one with other words is closed. */
  openPage(key: string, user: string, words: string): OpenPage | undefined;
  /** Whether the call is asked about by the question of this number still. */
  isAsking(key: string, question: number): boolean;
  /** Ends the question, which is answered; a yes is kept for the call. */
  settle(key: string, confirmed: boolean): void;
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

interface AskedCallQuestion {
  question: number;
  words: string;
  page: OpenPage | undefined;
  expiresAt: number;
}

const MAX_CONSENTS = 10_000;

export function createCallConsents({ now, grantMs, stateOf, use, release }: CallConsentsOptions): CallConsents {
  const grants = new Map<string, { expiresAt: number; words: string }>();
  const asking = new Map<string, AskedCallQuestion>();
  let questions = 0;

  function makeRoom(kept: Map<string, { expiresAt: number }>, spare: number): void {
    for (const [key, { expiresAt }] of kept) {
      if (expiresAt + spare <= now() || kept.size >= MAX_CONSENTS) kept.delete(key);
    }
  }

  return {
    take(key, user, words) {
      const grant = grants.get(key);
      grants.delete(key);
      const asked = asking.get(key);
      const state = asked?.page && stateOf(user, asked.page);
      if (asked?.page && state !== "open") {
        asking.delete(key);
        if (state === "confirmed" || state === "declined") {
          use(asked.page);
          if (state === "declined") throw declined();
          if (asked.words === words) return true;
        }
      }
      return grant !== undefined && grant.expiresAt > now() && grant.words === words;
    },

    ask(key, words, { page, expiresAt }) {
      const asked = asking.get(key);
      // The same question once more: the tokens of both times are good for it.
      const isSame = asked?.words === words && asked.page?.id === page?.id;
      if (!isSame) questions += 1;
      asking.delete(key);
      makeRoom(asking, grantMs);
      const question = isSame ? asked.question : questions;
      asking.set(key, { question, words, page, expiresAt });
      return question;
    },

    openPage(key, user, words) {
      const asked = asking.get(key);
      if (!asked?.page || stateOf(user, asked.page) !== "open") return undefined;
      if (asked.words === words) return asked.page;
      asking.delete(key);
      release(user, asked.page);
      return undefined;
    },

    isAsking: (key, question) => asking.get(key)?.question === question,

    settle(key, confirmed) {
      const asked = asking.get(key);
      asking.delete(key);
      if (!asked || !confirmed) return;
      makeRoom(grants, 0);
      grants.set(key, { expiresAt: now() + grantMs, words: asked.words });
    },
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
