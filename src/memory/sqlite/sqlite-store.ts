import { ToolError } from "../../errors.ts";
import {
  readChanges,
  readId,
  readImport,
  readNewMemory,
  readQuery,
  readRange,
  readTagFilter,
} from "../memory-input.ts";
import { parseQuery } from "../search/query.ts";
import type { MemoryLimits, MemoryStore } from "../store.ts";
import { createConnection } from "./connection.ts";
import type { DatabaseOptions } from "./database.ts";
import { findMemories } from "./find-memories.ts";
import { createGroupCommit } from "./group-commit.ts";
import { backUp, verify } from "./maintenance.ts";
import { readAfter, readFound, readPage, readStats, readUser } from "./read-memories.ts";
import { toMemory } from "./rows.ts";
import { addMemory, deleteMemory, importMemories, ownMemory, termsOf, updateMemory } from "./write-memories.ts";

export type SqliteStoreOptions = MemoryLimits & DatabaseOptions;

/** Memories of an export that are read at once. */
const EXPORT_PAGE = 500;

/**
 * Memories in a SQLite file, which any number of processes may use at once. The folder and the file are made where there are
 * none, readable by their owner only.
 * @throws ToolError `storage_…` when the file cannot be opened
 */
export async function openSqliteStore(options: SqliteStoreOptions): Promise<MemoryStore> {
  const connection = createConnection(options);
  const commits = createGroupCommit(connection, options.lockTimeoutMs);
  await connection.open();

  return {
    async add(user, memory) {
      const checked = readNewMemory(memory, options);
      const terms = termsOf(checked);
      return commits.write((database) => addMemory(database, user, checked, terms, options.maxMemories));
    },

    async list(user, request = {}) {
      const { limit, offset } = readRange(request);
      const tag = readTagFilter(request.tag);
      return connection.read((database) => {
        const owner = readUser(database, user);
        const { rows, total } = owner ? readPage(database, owner, { limit, offset, tag }) : { rows: [], total: 0 };
        return { memories: rows.map(toMemory), total, limit, offset };
      });
    },

    async search(user, request) {
      if (!options.enableSearch) {
        throw new ToolError("disabled", "Search functionality is disabled", {
          hint: "memory.enableSearch in the configuration is false; memory_list works.",
        });
      }
      const query = parseQuery(readQuery(request.query));
      const { limit } = readRange(request);
      const tag = readTagFilter(request.tag);
      return connection.read((database) => {
        const owner = readUser(database, user);
        if (!owner) return { results: [] };
        return { results: readFound(database, owner, findMemories(database, owner, query, { limit, tag })) };
      });
    },

    async get(user, id) {
      const uuid = readId(id);
      return connection.read((database) => toMemory(ownMemory(database, user, uuid).row));
    },

    async update(user, id, changes) {
      const uuid = readId(id);
      const checked = readChanges(changes, options);
      return commits.write((database) => updateMemory(database, user, uuid, checked), { erases: true });
    },

    async delete(user, id) {
      const uuid = readId(id);
      await commits.write((database) => deleteMemory(database, user, uuid), { erases: true });
    },

    stats: (user) => connection.read((database) => readStats(database, user, options)),

    async *export(user) {
      for (let last = 0; ; ) {
        const from = last;
        const rows = await connection.read((database) => readAfter(database, user, from, EXPORT_PAGE));
        if (rows.length === 0) return;
        yield* rows.map(toMemory);
        last = rows.at(-1)?.id ?? last;
      }
    },

    async import(user, text) {
      const checked = readImport(text, options).map((memory) => ({ memory, terms: termsOf(memory) }));
      return commits.write((database) => importMemories(database, user, checked, options.maxMemories));
    },

    verify: () => connection.read(verify),

    async backup(file) {
      const database = await connection.open();
      try {
        await backUp(database, file);
      } catch (error) {
        throw connection.fail(error);
      }
    },

    async close() {
      await commits.idle();
      connection.close();
    },
  };
}
