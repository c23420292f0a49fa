import { ToolError } from "../../errors.ts";
import { createChangeListeners } from "../change-listeners.ts";
import type { Embedder } from "../embeddings/embedder.ts";
import { createMeaning } from "../embeddings/meaning.ts";
import type { Nearness } from "../embeddings/nearness.ts";
import { importOutcome } from "../import-outcome.ts";
import { importRefused } from "../memory-errors.ts";
import { type CheckedFilter, readFilter, readForget, readList, writeCursor } from "../memory-filter.ts";
import { readChanges, readId, readIdempotencyKey, readImport, readNewMemories, readQuery } from "../memory-input.ts";
import { toMemory } from "../memory-row.ts";
import { answerOf, readAnswer } from "../search/answer.ts";
import { parseQuery } from "../search/query.ts";
import type { SearchParts } from "../search/rank.ts";
import { termsOf } from "../search/terms-of.ts";
import type { AddedMemory, AddOptions, MemoryLimits, MemoryStore, MemoryUser, NewMemory } from "../store.ts";
import { backUp } from "./backup.ts";
import { createConnection } from "./connection.ts";
import type { Database, DatabaseOptions } from "./database.ts";
import { findMemories } from "./find-memories.ts";
import {
  countToForget,
  FORGOTTEN,
  findToForget,
  forgetSome,
  forgetUser,
  hasOutdated,
  removeOutdated,
} from "./forget-memories.ts";
import { createGroupCommit } from "./group-commit.ts";
import { readHistory } from "./history.ts";
import { importMemories } from "./import-memories.ts";
import { verify } from "./maintenance.ts";
import { ownMemory, readAfter, readNumbered, readPage, readStats, readUser } from "./read-memories.ts";
import { storageError } from "./storage-error.ts";
import { compareMemories, createVectorTable } from "./vector-table.ts";
import { addMemories, deleteMemory, updateMemory } from "./write-memories.ts";

export type SqliteStoreOptions = MemoryLimits &
  DatabaseOptions & {
    ranking?: Partial<SearchParts> | undefined;
    /** Computes the vectors that memories are found by in meaning. Without one, they are found by words alone. */
    embedder?: Embedder | undefined;
    /** Tells an operator what does not work as configured. */
    warn?: ((message: string) => void) | undefined;
  };

/** Memories of an export that are read at once. */
const EXPORT_PAGE = 500;
/** Milliseconds between two looks for what has expired. */
const OUTDATED_MS = 60_000;
const DEFAULT_ORIGIN = "store";

/**
 * Memories in a SQLite file, which any number of processes may use at once. The folder and the file are made where there are
 * none, readable by their owner only.
 * @throws ToolError `storage_…` when the file cannot be opened
 */
export async function openSqliteStore(options: SqliteStoreOptions): Promise<MemoryStore> {
  const connection = createConnection(options);
  const commits = createGroupCommit(connection, options.lockTimeoutMs);
  const changes = createChangeListeners();
  const keepDeletedDays = options.keepDeletedDays ?? 0;
  await connection.open();
  const { embedder } = options;
  const meaning =
    embedder && createMeaning(embedder, createVectorTable(connection, commits, embedder.id), { warn: options.warn });
  if (meaning) changes.listen(({ user, ids }) => meaning.look(user, ids));
  const outdated = setInterval(() => void removeAllOutdated().catch(() => undefined), OUTDATED_MS).unref();

  /** What fails here, such as a full disk, is told by the next call of a user; what has expired is found by nothing anyway. */
  async function removeAllOutdated(): Promise<void> {
    while (await connection.read((database) => hasOutdated(database, keepDeletedDays))) {
      await commits.write((database) => removeOutdated(database, keepDeletedDays), { erases: true });
    }
  }

  async function add(user: MemoryUser, memories: readonly NewMemory[], given: AddOptions): Promise<AddedMemory[]> {
    const additions = readNewMemories(memories, options).map((memory) => ({ memory, terms: termsOf(memory) }));
    const idempotencyKey = readIdempotencyKey(given.idempotencyKey);
    const write = { origin: given.origin ?? DEFAULT_ORIGIN, idempotencyKey };
    const added = await commits.write((database) => addMemories(database, user, additions, write, options), {
      adds: true,
      // What is said again may let go of an earlier version.
      erases: (all) => all.some(({ existing }) => existing),
    });
    const superseded = additions.flatMap(({ memory }) => memory.supersedes ?? []);
    changes.tell(user, [...added.filter(({ existing }) => !existing).map(({ id }) => id), ...superseded]);
    return added;
  }

  async function compare(user: MemoryUser, text: string, filter: CheckedFilter): Promise<Nearness | undefined> {
    if (!embedder || !meaning) return undefined;
    meaning.lookAgain(user.id);
    const direction = await meaning.ofQuery(text);
    return direction && compareMemories(connection, user, embedder.id, direction, filter);
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
      return connection.read((database) => {
        const owner = readUser(database, user);
        if (!owner) return { memories: [], total: 0, limit, offset };
        const { rows, total, end } = readPage(database, owner, list);
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
      const nearness = await compare(user, query.asked, filter);
      return connection.read((database) => {
        const owner = readUser(database, user);
        const hits = owner ? findMemories(database, owner, query, { filter, parts: options.ranking, nearness }) : [];
        const { needed, answer } = answerOf(hits, wanted);
        return answer(owner ? readNumbered(database, owner, needed) : []);
      });
    },

    async get(user, id) {
      const uuid = readId(id);
      return connection.read((database) => toMemory(ownMemory(database, user, uuid).row));
    },

    async history(user, id) {
      const uuid = readId(id);
      return connection.read((database) => readHistory(database, ownMemory(database, user, uuid).row.id));
    },

    async update(user, id, given, { origin = DEFAULT_ORIGIN } = {}) {
      const uuid = readId(id);
      const checked = readChanges(given, options);
      const write = (database: Database) => updateMemory(database, user, uuid, checked, origin, options);
      const memory = await commits.write(write, { erases: true });
      changes.tell(user, [memory.id]);
      return memory;
    },

    async delete(user, id) {
      const uuid = readId(id);
      await commits.write((database) => deleteMemory(database, user, uuid, options), { erases: true });
      changes.tell(user, [uuid]);
    },

    async forget(user, request, { dryRun = false } = {}) {
      const filter = readForget(request);
      const count = await connection.read((database) => countToForget(database, user, filter));
      if (dryRun) return count;
      // What is added meanwhile stays.
      const last = await connection.read((database) => readUser(database, user)?.last ?? 0);
      let forgotten = 0;
      for (;;) {
        const some = await commits.write(
          (database) => (filter ? forgetSome(database, user, filter, last, options) : forgetUser(database, user, last)),
          { erases: true },
        );
        if (some === 0) break;
        forgotten += some;
      }
      if (forgotten > 0) changes.tell(user);
      return forgotten;
    },

    async toForget(user, request) {
      const filter = readForget(request);
      return connection.read((database) => findToForget(database, user, filter));
    },

    stats: (user) => connection.read((database) => readStats(database, user, options)),

    async *export(user) {
      for (let last = 0; ; ) {
        const from = last;
        const memories = await connection.read((database) =>
          readAfter(database, user, from, EXPORT_PAGE).map((row) => {
            last = row.id;
            const history = readHistory(database, row.id);
            return history.length > 0 ? { ...toMemory(row), history } : toMemory(row);
          }),
        );
        if (memories.length === 0) return;
        yield* memories;
      }
    },

    async import(user, text, { partial = false, exact = false, origin = "import", ...given } = {}) {
      const { format, lines, dryRun = false } = given;
      const read = readImport(text, options, format);
      if (read.issues.length > 0 && !partial) throw importRefused(read.issues, read.places);
      const memories = read.checked.map((memory) => ({ memory, terms: termsOf(memory) }));
      const work = (database: Database) =>
        importMemories(database, user, memories, { origin, exact, dryRun, partial }, options);
      const verdicts = await (dryRun ? connection.read(work) : commits.write(work));
      if (!dryRun && verdicts.includes(true)) changes.tell(user);
      return importOutcome(read, verdicts, lines);
    },

    users: () =>
      connection.read((database) =>
        database.column<string>("select key from user where key not like ? order by uid", `${FORGOTTEN}%`),
      ),

    verify: () => connection.read(verify),

    async backup(file) {
      try {
        await connection.open();
        await backUp(options.file, file);
      } catch (error) {
        throw storageError(error);
      }
    },

    onChange: changes.listen,

    async close() {
      clearInterval(outdated);
      await meaning?.close();
      await commits.idle();
      await connection.eraseFinally();
      connection.close();
    },
  };
}
