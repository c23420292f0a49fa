import { setTimeout as sleep } from "node:timers/promises";
import type { Embedder, Side } from "./embedder.ts";
import { UNRELATED_TEXTS, unrelatedSimilarity } from "./unrelated-texts.ts";
import { type Direction, toBytes, toDirection } from "./vector.ts";

/** A memory whose vector is wanted. */
export interface TextToEmbed {
  id: number;
  version: number;
  text: string;
}

export interface EmbeddedText {
  id: number;
  version: number;
  bytes: Uint8Array;
}

/** The vectors of a store, as far as the embedder's id names them. */
export interface VectorTable {
  /**
   * Looks through some memories after the one with this id for those that have no vector, and gives the id of the last one
   * looked at; undefined at the end. Texts are cut at `maxLength`.
   */
  missing(after: number, maxLength: number): Promise<{ texts: TextToEmbed[]; last: number | undefined }>;
  /** Those of the named memories that have no vector, by their public ids. */
  missingOf(user: string, ids: readonly string[], maxLength: number): Promise<TextToEmbed[]>;
  /** The id before a user's memories, and that of the last one; undefined for a user without any. */
  range(user: string): Promise<{ first: number; last: number } | undefined>;
  /** An id in the midst of all memories, another one in each process. */
  somewhere(): Promise<number>;
  /** Keeps the vectors of memories that have not changed meanwhile. */
  write(vectors: readonly EmbeddedText[]): Promise<void>;
}

/** Vectors for a store's memories, computed while nobody waits for them, and for queries. */
export interface Meaning {
  /** The vector of a query; undefined where the embedder fails or takes longer than QUERY_DEADLINE_MS. Never throws. */
  ofQuery(text: string): Promise<Direction | undefined>;
  /** Computes vectors of the named memories soon, without names of all of the user's, where they have none. */
  look(user: string, ids?: readonly string[]): void;
  /** The same for all memories of a user, unless that was done lately: for what other processes have added. */
  lookAgain(user: string): void;
  close(): Promise<void>;
}

export interface MeaningOptions {
  /** Tells an operator what keeps vectors from being computed. */
  warn?: ((message: string) => void) | undefined;
  /** Milliseconds after which a failed embedder is asked again, doubled with each failure. Default 5 s. */
  firstWaitMs?: number | undefined;
}

/** Milliseconds that a search waits for the vector of its query. */
export const QUERY_DEADLINE_MS = 1_000;
/** Characters of a memory or a query that are embedded: about what small models read. */
const MAX_LENGTH = 2_000;
const BATCH = 16;
/** Milliseconds that the embedder may take; a model may have to be loaded first. */
const TIMEOUT_MS = 60_000;
/** Milliseconds before changes are looked at, so that what is added together is embedded together. */
const GATHER_MS = 50;
/** Milliseconds between two pieces of work. */
const PAUSE_MS = 10;
const FIRST_WAIT_MS = 5_000;
const MAX_WAIT_MS = 300_000;
const LOOK_AGAIN_MS = 300_000;
const KEPT_QUERIES = 100;
const MAX_KEPT = 10_000;

/** Named memories that wait; where more do, all of their user are looked through. */
const MAX_NAMED = 1_000;

/** What is to be done: named memories, or those with ids beyond `at` up to `until`. */
type Job = { user: string; ids: string[] } | { user?: string; at: number; until: number };

export function createMeaning(embedder: Embedder, table: VectorTable, options: MeaningOptions = {}): Meaning {
  const closed = new AbortController();
  const queries = new Map<string, Direction>();
  let unrelated: readonly Uint8Array[] | undefined;
  /** When all memories of a user were looked through last (performance.now()). */
  const lookedAt = new Map<string, number>();
  /** Memories that the model refuses, by id and version. */
  const refused = new Set<string>();
  const jobs: Job[] = [];
  /** Users whose memories are to be looked through, and named memories of users. */
  const users = new Set<string>();
  const named = new Map<string, Set<string>>();
  let everything = true;
  let running: Promise<void> | undefined;
  let failures = 0;
  let askAgainAt = 0;
  let overdue = 0;

  const pause = (ms: number): Promise<void> => sleep(ms, undefined, { signal: closed.signal, ref: false });

  function failed(error: unknown): void {
    if (closed.signal.aborted) return;
    failures++;
    const doubled = (options.firstWaitMs ?? FIRST_WAIT_MS) * 2 ** Math.min(failures - 1, 20);
    const told = (error as { retryAfterMs?: unknown } | undefined)?.retryAfterMs;
    askAgainAt = performance.now() + Math.max(Math.min(doubled, MAX_WAIT_MS), typeof told === "number" ? told : 0);
    // Once each time that it stops working.
    if (failures > 1) return;
    const reason = error instanceof Error ? error.message : String(error);
    options.warn?.(`Memories are searched by words alone while memory.embeddings does not work: ${reason}`);
  }

  async function embed(texts: readonly string[], side: Side): Promise<Uint8Array[]> {
    const signal = AbortSignal.any([closed.signal, AbortSignal.timeout(TIMEOUT_MS)]);
    const vectors = await unlessAborted(embedder.embed(texts, side, signal), signal);
    if (vectors.length !== texts.length)
      throw new Error(`It gave ${vectors.length} vectors for ${texts.length} texts.`);
    const bytes = vectors.map(toBytes);
    failures = 0;
    askAgainAt = 0;
    return bytes;
  }

  /** Leaves out memories that the model refuses. @throws what keeps the embedder from working at all */
  async function embedBatch(batch: readonly TextToEmbed[]): Promise<EmbeddedText[]> {
    try {
      const bytes = await embed(
        batch.map(({ text }) => text),
        "memory",
      );
      return batch.map(({ id, version }, index) => ({ id, version, bytes: bytes[index] as Uint8Array }));
    } catch (error) {
      if (!isAboutText(error)) throw error;
      if (batch.length > 1) {
        const halves = [batch.slice(0, batch.length / 2), batch.slice(batch.length / 2)];
        return [...(await embedBatch(halves[0] ?? [])), ...(await embedBatch(halves[1] ?? []))];
      }
      if (refused.size >= MAX_KEPT) refused.clear();
      for (const { id, version } of batch) refused.add(`${id} ${version}`);
      return [];
    }
  }

  /** @throws what keeps the embedder from working */
  async function embedSome(texts: readonly TextToEmbed[]): Promise<void> {
    const vectors = await embedBatch(texts);
    if (vectors.length > 0) await table.write(vectors);
  }

  /** Does a piece of the job; gives whether that was all of it. */
  async function work(job: Job): Promise<boolean> {
    const isWanted = ({ id, version }: TextToEmbed): boolean => !refused.has(`${id} ${version}`);
    if ("ids" in job) {
      const batch = job.ids.slice(0, BATCH);
      const texts = (await table.missingOf(job.user, batch, MAX_LENGTH)).filter(isWanted);
      if (texts.length > 0) await embedSome(texts);
      job.ids = job.ids.slice(BATCH);
      return job.ids.length === 0;
    }
    const { texts, last } = await table.missing(job.at, MAX_LENGTH);
    const wanted = texts.filter((text) => text.id <= job.until && isWanted(text));
    // Somewhere among them, and read again before the next ones: other processes may be at the same.
    const from = Math.floor(Math.random() * Math.max(1, wanted.length - BATCH + 1));
    if (wanted.length > 0) await embedSome(wanted.slice(from, from + BATCH));
    if (wanted.length > BATCH) return false;
    job.at = last ?? Infinity;
    return job.at >= job.until;
  }

  async function nextJob(): Promise<Job | undefined> {
    // While an earlier job of this kind fails, more names are gathered.
    if (!jobs.some((job) => "ids" in job)) {
      for (const [user, ids] of named) jobs.unshift({ user, ids: [...ids] });
      named.clear();
    }
    const [user] = users;
    if (user !== undefined) {
      users.delete(user);
      const range = await table.range(user);
      const same = jobs.findIndex((job) => "at" in job && job.user === user);
      if (same >= 0) jobs.splice(same, 1);
      if (range) jobs.unshift({ user, at: range.first, until: range.last });
    } else if (everything && jobs.length === 0) {
      everything = false;
      // Processes that start together begin in different places, so that they seldom embed the same.
      const place = await table.somewhere();
      jobs.push({ at: place, until: Infinity }, { at: 0, until: place });
    }
    return jobs.find((job) => "ids" in job) ?? jobs[0];
  }

  async function run(): Promise<void> {
    try {
      await pause(GATHER_MS);
      for (let job = await nextJob(); job; job = await nextJob()) {
        await pause(Math.max(PAUSE_MS, askAgainAt - performance.now()));
        try {
          if (await work(job)) jobs.splice(jobs.indexOf(job), 1);
        } catch (error) {
          // Texts are read again before the next try: some may have been deleted.
          failed(error);
        }
      }
    } catch {
      // Closed, or the storage refuses, which the calls of users tell.
    } finally {
      running = undefined;
    }
  }

  function start(): void {
    if (!closed.signal.aborted) running ??= run();
  }

  async function embedQuery(text: string): Promise<Direction | undefined> {
    try {
      const [bytes] = await embed([text], "query");
      const direction = toDirection(bytes as Uint8Array);
      unrelated ??= await embed(UNRELATED_TEXTS, "memory");
      direction.unrelated = unrelatedSimilarity(direction, unrelated);
      if (queries.size >= KEPT_QUERIES) queries.delete(queries.keys().next().value as string);
      queries.set(text, direction);
      return direction;
    } catch (error) {
      if (!isAboutText(error)) failed(error);
      return undefined;
    }
  }

  function look(user: string, ids?: readonly string[]): void {
    const known = named.get(user) ?? new Set();
    if (ids && known.size + ids.length <= MAX_NAMED && (named.has(user) || named.size < MAX_NAMED)) {
      named.set(user, known);
      for (const id of ids) known.add(id);
    } else {
      named.delete(user);
      if (lookedAt.size >= MAX_KEPT) lookedAt.clear();
      lookedAt.set(user, performance.now());
      users.add(user);
    }
    start();
  }

  start();
  return {
    async ofQuery(text) {
      const read = text.slice(0, MAX_LENGTH).toWellFormed();
      const known = queries.get(read);
      if (known) return known;
      // While one query is overdue, others do not wait too.
      if (performance.now() < askAgainAt || overdue > 0 || closed.signal.aborted) return undefined;
      let isLate = false;
      const asked = embedQuery(read).finally(() => {
        if (isLate) overdue--;
      });
      const timer = new AbortController();
      const late = sleep(QUERY_DEADLINE_MS, undefined, { signal: timer.signal }).then(
        () => {
          isLate = true;
          overdue++;
          return undefined;
        },
        () => undefined,
      );
      const direction = await Promise.race([asked, late]);
      timer.abort();
      return direction;
    },
    look,
    lookAgain(user) {
      if (performance.now() - (lookedAt.get(user) ?? -Infinity) > LOOK_AGAIN_MS) look(user);
    },
    async close() {
      closed.abort(new Error("The store is closed."));
      await Promise.all([running, embedder.close?.()]);
    },
  };
}

/** Also where what was asked does not heed the signal. */
async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  let stop = (): void => undefined;
  const aborted = new Promise<never>((_, reject) => {
    const onAbort = (): void => reject(signal.reason as Error);
    signal.addEventListener("abort", onAbort, { once: true });
    stop = () => signal.removeEventListener("abort", onAbort);
    if (signal.aborted) onAbort();
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    stop();
  }
}

/** Whether the embedder works, and this text is what it cannot take. */
function isAboutText(error: unknown): boolean {
  const code = (error as { code?: unknown } | undefined)?.code;
  return code === "context_overflow" || error instanceof RangeError;
}
