import { ToolError } from "../../errors.ts";
import { createChangeListeners } from "../change-listeners.ts";
import type { Embedder } from "../embeddings/embedder.ts";
import { createMeaning } from "../embeddings/meaning.ts";
import { importOutcome } from "../import-outcome.ts";
import { importRefused, memoryNotFound } from "../memory-errors.ts";
import { readFilter, readForget, readList, writeCursor } from "../memory-filter.ts";
import { readChanges, readId, readIdempotencyKey, readImport, readNewMemories, readQuery } from "../memory-input.ts";
import { toMemory } from "../memory-row.ts";
import { answerOf, readAnswer } from "../search/answer.ts";
import { parseQuery } from "../search/query.ts";
import type { SearchParts } from "../search/rank.ts";
import { termsOf } from "../search/terms-of.ts";
import type { AddedMemory, AddOptions, MemoryLimits, MemoryStore, MemoryUser, NewMemory } from "../store.ts";
import { createConnection, type Session } from "./connection.ts";
import { compareMemories, createVectorTable } from "./embeddings.ts";
import { findMemories } from "./find-memories.ts";
import { countToForget, findToForget, forgetSome, forgetUser } from "./forget-memories.ts";
import { readHistories } from "./history.ts";
import { importMemories } from "./import-memories.ts";
import { removeAllOutdated, verify } from "./maintenance.ts";
import { migrate } from "./migrations.ts";
import { noStats, ownMemory, readAfter, readNumbered, readPage, readStats } from "./read-memories.ts";
import type { Owner } from "./rows.ts";
import { addMemories, deleteMemory, updateMemory } from "./write-memories.ts";
import { createWriteQueue, readOwner } from "./write-queue.ts";

export interface PostgresStoreOptions extends MemoryLimits {
  /** `postgres://user:password@host:port/database`, with `sslmode` and other parameters of libpq. A secret. */
  url: string;
  /** Parts of the search's ranking. Default: all. */
  ranking?: Partial<SearchParts> | undefined;
  /** Computes the vectors that memories are found by in meaning. Without one, they are found by words alone. */
  embedder?: Embedder | undefined;
  /** Tells an operator what does not work as configured. */
  warn?: ((message: string) => void) | undefined;
}

/** Memories of an export that are read at once. */
const EXPORT_PAGE = 500;
/** Milliseconds between two looks for what has expired. */
const OUTDATED_MS = 60_000;
const DEFAULT_ORIGIN = "store";
/** Who has no memories yet. */
const NOBODY: Owner = { uid: 0, n: 0, bytes: 0, last: 0 };

/**
 * Memories in the schema `patchbay` of a PostgreSQL database (13 or newer), which any number of servers may use at once. The
 * schema is made where there is none.
 * @throws ToolError `invalid_config` for a URL that is none, `storage_…` when the database cannot be used
 */
export async function openPostgresStore(options: PostgresStoreOptions): Promise<MemoryStore> {
  const connection = await createConnection(options.url);
  const writes = createWriteQueue(connection);
  const changes = createChangeListeners();
  const keepDeletedDays = options.keepDeletedDays ?? 0;
  try {
    await migrate(connection);
  } catch (error) {
    await connection.close();
    throw error;
  }
  const { embedder } = options;
  const meaning =
    embedder && createMeaning(embedder, createVectorTable(connection, embedder.id), { warn: options.warn });
  if (meaning) changes.listen(({ user, ids }) => meaning.look(user, ids));
  // What fails here is told by the next call of a user; what has expired is found by nothing anyway.
  const removal = { running: Promise.resolve() };
  const outdated = setInterval(() => {
    removal.running = removeAllOutdated(connection, writes, keepDeletedDays).catch(() => undefined);
  }, OUTDATED_MS).unref();

  async function add(user: MemoryUser, memories: readonly NewMemory[], given: AddOptions): Promise<AddedMemory[]> {
    const additions = readNewMemories(memories, options).map((memory) => ({ memory, terms: termsOf(memory) }));
    const idempotencyKey = readIdempotencyKey(given.idempotencyKey);
    const write = { origin: given.origin ?? DEFAULT_ORIGIN, idempotencyKey };
    const added = await writes.write(user, (session, owner) => addMemories(session, owner, additions, write, options));
    const superseded = additions.flatMap(({ memory }) => memory.supersedes ?? []);
    changes.tell(user, [...added.filter(({ existing }) => !existing).map(({ id }) => id), ...superseded]);
    return added;
  }

  return {
    async add(user, memory, given = {}) {
      const [added] = await add(user, [memory], given);
      return added as AddedMemory;
    },

    addAll: (user, memories, given = {}) => add(user, memories, given),

    async list(user, request = {}) {
      const list = readList(request);
      const { limit, offset } = list;
      return connection.read(async (session) => {
        const owner = await readOwner(session, user);
        if (!owner) return { memories: [], total: 0, limit, offset };
        const { rows, total, end } = await readPage(session, owner, list);
        const page = { memories: rows.map(toMemory), total, limit, offset };
        return end ? { ...page, next_cursor: writeCursor(end, list.sort) } : page;
      });
    },

    async search(user, request) {
      if (!options.enableSearch) {
        throw new ToolError("disabled", "Search functionality is disabled", {
          hint: "memory.enableSearch in the configuration is false; memory_list works.",
        });
      }
      const query = parseQuery(readQuery(request.query));
      const wanted = readAnswer(request);
      const filter = readFilter(request);
      meaning?.lookAgain(user.id);
      const direction = await meaning?.ofQuery(query.asked);
      return connection.read(async (session) => {
        const owner = await readOwner(session, user);
        const nearness =
          owner && embedder && direction && (await compareMemories(session, owner, embedder.id, direction, filter));
        const search = { filter, parts: options.ranking, nearness };
        const hits = owner ? await findMemories(session, owner, query, search) : [];
        const { needed, answer } = answerOf(hits, wanted);
        return answer(owner ? await readNumbered(session, owner, needed) : []);
      });
    },

    async get(user, id) {
      const uuid = readId(id);
      return connection.read(async (session) =>
        toMemory(await ownMemory(session, await readOwner(session, user), uuid)),
      );
    },

    async history(user, id) {
      const uuid = readId(id);
      return connection.read(async (session) => {
        const owner = await readOwner(session, user);
        if (!owner) throw memoryNotFound();
        const row = await ownMemory(session, owner, uuid);
        return (await readHistories(session, owner, [row.id])).get(row.id) ?? [];
      });
    },

    async update(user, id, given, { origin = DEFAULT_ORIGIN } = {}) {
      const uuid = readId(id);
      const checked = readChanges(given, options);
      const memory = await writes.write(user, (session, owner) =>
        updateMemory(session, owner, uuid, checked, origin, options),
      );
      changes.tell(user, [memory.id]);
      return memory;
    },

    async delete(user, id) {
      const uuid = readId(id);
      await writes.write(user, (session, owner) => deleteMemory(session, owner, uuid, options));
      changes.tell(user, [uuid]);
    },

    async forget(user, request, { dryRun = false } = {}) {
      const filter = readForget(request);
      const { owner, count } = await connection.read(async (session) => {
        const owner = await readOwner(session, user);
        return { owner, count: owner ? await countToForget(session, owner, filter) : 0 };
      });
      if (dryRun || !owner) return count;
      let forgotten = 0;
      for (;;) {
        // What is added meanwhile stays.
        const some = await writes.write(user, (session, now) =>
          filter ? forgetSome(session, now, filter, owner.last, options) : forgetUser(session, now, owner.last),
        );
        if (some === 0) break;
        forgotten += some;
      }
      if (forgotten > 0) changes.tell(user);
      return forgotten;
    },

    async toForget(user, request) {
      const filter = readForget(request);
      return connection.read(async (session) => {
        const owner = await readOwner(session, user);
        return owner ? findToForget(session, owner, filter) : { matched: 0, oldest: [], digest: "" };
      });
    },

    stats: (user) =>
      connection.read(async (session) => {
        const owner = await readOwner(session, user);
        return owner ? readStats(session, owner, options) : noStats(options);
      }),

    async *export(user) {
      for (let from = 0; ; ) {
        const { memories, last } = await connection.read(async (session) => {
          const owner = await readOwner(session, user);
          return owner ? readAfter(session, owner, from, EXPORT_PAGE) : { memories: [], last: from };
        });
        if (memories.length === 0) return;
        yield* memories;
        from = last;
      }
    },

    async import(user, text, { partial = false, exact = false, origin = "import", ...given } = {}) {
      const { format, lines, dryRun = false } = given;
      const read = readImport(text, options, format);
      if (read.issues.length > 0 && !partial) throw importRefused(read.issues, read.places);
      const memories = read.checked.map((memory) => ({ memory, terms: termsOf(memory) }));
      const work = (session: Session, owner: Owner) =>
        importMemories(session, owner, memories, { origin, exact, dryRun, partial }, options);
      const verdicts = dryRun
        ? await connection.read(async (session) => work(session, (await readOwner(session, user)) ?? NOBODY))
        : await writes.write(user, work);
      if (!dryRun && verdicts.includes(true)) changes.tell(user);
      return importOutcome(read, verdicts, lines);
    },

    users: () =>
      connection.read(async (session) => {
        const rows = await session.rows<{ key: string }>("select key from patchbay.owner where n > 0 order by uid");
        return rows.map((row) => row.key);
      }),

    verify: () => verify(connection),

    async backup() {
      throw new ToolError("invalid_input", "A PostgreSQL database cannot be copied to a file from here.", {
        hint: "Use pg_dump, or the backups of the server; `patchbay-mcp memory export` writes the memories of one user.",
      });
    },

    onChange: changes.listen,

    async close() {
      clearInterval(outdated);
      await meaning?.close();
      await removal.running;
      await writes.idle();
      await connection.close();
    },
  };
}
