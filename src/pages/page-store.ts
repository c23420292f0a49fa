import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { abortError, ToolError } from "../errors.ts";
import type { PageQuestion, PageState } from "../interaction/pages.ts";

/** What a human has made of a page. */
export type Outcome = Exclude<PageState, { state: "open" } | { state: "gone" }>;

/** The question was answered by another way. */
const ELSEWHERE = { state: "gone" } as const;

export interface Page {
  id: string;
  user: string;
  question: PageQuestion;
  /** URL by which the user reaches this server. */
  baseUrl: string;
  /** Milliseconds since 1970. */
  expiresAt: number;
  outcome: Outcome | typeof ELSEWHERE | undefined;
}

export interface PageStoreOptions {
  /** Milliseconds that a page waits for its human. */
  answerMs: number;
  /** Pages that may wait for one user at a time. Default 20. */
  maxOpen?: number | undefined;
  /** Open and answered pages of all users. Default 1,000. */
  maxPages?: number | undefined;
  /** Characters of all answers that are kept, as JSON; one user has an eighth of it. Default 32 million. */
  maxAnswers?: number | undefined;
}

/** What is asked on pages, and the answers. All of it is in memory only, bounded, and gone when its time is over. */
export interface PageStore {
  /** @throws ToolError `limit_reached` */
  add(user: string, question: PageQuestion, baseUrl: string): Page;
  /** The name of a page in its address: 128 random bits and a signature (HMAC-SHA256) that nobody else can make. */
  addressOf(page: Page): string;
  /** The page that an address names; "ended" where the address was right once; undefined for every other text. */
  find(address: string): Page | "ended" | undefined;
  /** What the page's form has to carry, so that only who has seen the page can answer. */
  tokenOf(page: Page): string;
  isToken(page: Page, token: string): boolean;
  /**
   * Takes the answer: "taken"; "over" where the page has one already or is gone; "full" where too much is kept to keep it too.
   * The user's oldest answers go for it, where it is the user's own share that is used up.
   */
  settle(page: Page, outcome: Outcome): "taken" | "over" | "full";
  /** Counts an answer that was wrong. False where the page ends by it: a program that always answers wrongly must not go on for ever. */
  countWrong(page: Page): boolean;
  look(user: string, id: string): PageState;
  /** @throws ToolError `aborted`, `deadline_exceeded` once the signal fires */
  wait(user: string, id: string, options: { ms: number; signal: AbortSignal }): Promise<PageState>;
  /** Takes no answer any more to an open page of the user; until its time is over, who has its address is told that it has one. */
  release(user: string, id: string): void;
  /** Forgets everything; who waits is told that the page is gone. */
  close(): void;
}

const ID_BYTES = 16;
const ID_LENGTH = 22;
/** Milliseconds that an answer stays at least, so that one of the last second is still found. */
const KEEP_MS = 300_000;
/** Answered pages that are kept for one user; those without an answer of their own go first, then the oldest. */
const MAX_ANSWERED = 40;
/** Wrong answers that a page takes. */
const MAX_WRONG = 30;

interface Entry extends Page {
  /** Characters of the answer. */
  size: number;
  /** Wrong answers so far. */
  wrong: number;
  timer: NodeJS.Timeout;
  waiting: Set<() => void>;
}

/** An empty store with a key of its own: addresses end with the process. */
export function createPageStore(options: PageStoreOptions): PageStore {
  const { answerMs, maxOpen = 20, maxPages = 1_000, maxAnswers = 32_000_000 } = options;
  const key = randomBytes(32);
  const pages = new Map<string, Entry>();
  const sign = (purpose: string, id: string) =>
    createHmac("sha256", key).update(`${purpose} ${id}`).digest("base64url");
  const ownPages = (user: string) => [...pages.values()].filter((page) => page.user === user);
  let kept = 0;

  function current(id: string) {
    const page = pages.get(id);
    // Timers run late on a machine that has slept.
    if (page && Date.now() >= page.expiresAt) remove(page);
    return pages.get(id);
  }

  function remove({ id }: Page): void {
    const page = pages.get(id);
    if (!page) return;
    pages.delete(id);
    kept -= page.size;
    clearTimeout(page.timer);
    for (const tell of page.waiting) tell();
  }

  /** Ends a page of whoever has the most, where that is more than the user would have with a new one. */
  function makeRoom(user: string): boolean {
    const counts = new Map<string, number>();
    for (const page of pages.values()) counts.set(page.user, (counts.get(page.user) ?? 0) + 1);
    const [most, count] = [...counts].reduce((a, b) => (b[1] > a[1] ? b : a), ["", 0]);
    if (count <= (counts.get(user) ?? 0) + 1) return false;
    const theirs = ownPages(most);
    // What nobody waits for goes first, an answer that may not have been fetched last.
    const oldest =
      theirs.find(({ outcome }) => outcome === ELSEWHERE) ?? theirs.find(({ outcome }) => !outcome) ?? theirs[0];
    if (oldest) remove(oldest);
    return oldest !== undefined;
  }

  /** Not later than the page may be forgotten; does not keep the process alive. */
  const endLater = (page: Page) => setTimeout(() => remove(page), page.expiresAt - Date.now()).unref();

  function look(user: string, id: string): PageState {
    const page = current(id);
    if (!page || page.user !== user) return { state: "gone" };
    return page.outcome ?? { state: "open" };
  }

  return {
    add(user, question, baseUrl) {
      const open = ownPages(user).filter((page) => !page.outcome && Date.now() < page.expiresAt).length;
      if (open >= maxOpen) {
        throw new ToolError("limit_reached", `${open} pages wait for this user; no more can be opened now.`, {
          hint: "Ask the user to answer those that are open, or wait until they expire.",
          retryable: true,
        });
      }
      if (pages.size >= maxPages && !makeRoom(user)) {
        throw new ToolError("limit_reached", "The pages of all users are too many; no more can be opened now.", {
          hint: "Try again in some minutes.",
          retryable: true,
        });
      }
      const id = randomBytes(ID_BYTES).toString("base64url");
      const page: Page = { id, user, question, baseUrl, expiresAt: Date.now() + answerMs, outcome: undefined };
      const entry: Entry = { ...page, size: 0, wrong: 0, timer: endLater(page), waiting: new Set() };
      pages.set(id, entry);
      const isEmpty = ({ outcome }: Page) => Number(outcome === ELSEWHERE);
      const answered = ownPages(user)
        .filter(({ outcome }) => outcome)
        .sort((a, b) => isEmpty(b) - isEmpty(a));
      for (const old of answered.slice(0, Math.max(0, answered.length - MAX_ANSWERED))) remove(old);
      return entry;
    },
    addressOf: ({ id }) => `${id}.${sign("address", id)}`,
    find(address) {
      const id = address.slice(0, ID_LENGTH);
      if (!isSame(address, `${id}.${sign("address", id)}`)) return undefined;
      return current(id) ?? "ended";
    },
    tokenOf: ({ id }) => sign("form", id),
    isToken: ({ id }, token) => isSame(token, sign("form", id)),
    settle({ id }, outcome) {
      const page = current(id);
      if (!page || page.outcome) return "over";
      const size = JSON.stringify(outcome).length;
      for (const old of ownPages(page.user)) {
        const own = ownPages(page.user).reduce((sum, one) => sum + one.size, size);
        if (own > maxAnswers / 8 && old.outcome) remove(old);
      }
      if (kept + size > maxAnswers) return "full";
      kept += size;
      page.size = size;
      page.outcome = outcome;
      page.expiresAt = Math.max(page.expiresAt, Date.now() + KEEP_MS);
      clearTimeout(page.timer);
      page.timer = endLater(page);
      for (const tell of page.waiting) tell();
      return "taken";
    },
    countWrong({ id }) {
      const page = current(id);
      if (!page || page.outcome) return false;
      page.wrong += 1;
      if (page.wrong < MAX_WRONG) return true;
      remove(page);
      return false;
    },
    look,
    wait(user, id, { ms, signal }) {
      const page = current(id);
      const seen = look(user, id);
      if (!page || seen.state !== "open") return Promise.resolve(seen);
      return new Promise((resolve, reject) => {
        if (signal.aborted) return reject(abortError(signal));
        const end = () => {
          clearTimeout(timer);
          page.waiting.delete(tell);
          signal.removeEventListener("abort", abort);
        };
        const tell = () => {
          end();
          resolve(look(user, id));
        };
        const abort = () => {
          end();
          reject(abortError(signal));
        };
        const timer = setTimeout(tell, ms);
        page.waiting.add(tell);
        signal.addEventListener("abort", abort);
      });
    },
    release(user, id) {
      const page = current(id);
      if (!page || page.user !== user || page.outcome) return;
      page.outcome = ELSEWHERE;
      for (const tell of page.waiting) tell();
    },
    close() {
      for (const page of [...pages.values()]) remove(page);
    },
  };
}

/** In a time that does not tell where they differ. */
function isSame(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
