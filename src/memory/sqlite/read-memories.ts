import type { FoundMemory, MemoryLimits, MemoryStats, MemoryUser } from "../store.ts";
import type { Database } from "./database.ts";
import type { Hit } from "./find-memories.ts";
import { baseOf, COLUMNS, type MemoryRow, toMemory, type UserRow } from "./rows.ts";

type Row = Omit<MemoryRow, "terms">;

export interface Page {
  rows: Row[];
  total: number;
}

export function readUser(database: Database, user: MemoryUser): UserRow | undefined {
  const row = database.get<{ uid: number; removed: number; last: number; indexed: number; foreign_ids: number }>(
    `select uid, removed, indexed, foreign_ids, max(last_at_removal, coalesce(
       (select max(id) from memory where id > user.uid << 32 and id < (user.uid + 1) << 32) - (uid << 32), 0)) as last
     from user where key = ?`,
    user.id,
  );
  return row && { ...row, n: row.last - row.removed, foreignIds: row.foreign_ids === 1 };
}

/** The newest memories, those with a tag (a key as `tagKey` makes it) where one is given. */
export function readPage(
  database: Database,
  owner: UserRow,
  { limit, offset, tag }: { limit: number; offset: number; tag: string | undefined },
): Page {
  if (tag === undefined) {
    const base = baseOf(owner);
    const sql = `select ${COLUMNS} from memory where id > ? and id <= ? order by id desc limit ? offset ?`;
    return { rows: database.all<Row>(sql, base, base + owner.last, limit, offset), total: owner.n };
  }
  const ids = "select id from tag where uid = ? and name = ? order by id desc limit ? offset ?";
  const sql = `select ${COLUMNS} from memory where id in (${ids}) order by id desc`;
  const [total] = database.column<number>("select count(*) from tag where uid = ? and name = ?", owner.uid, tag);
  return { rows: database.all<Row>(sql, owner.uid, tag, limit, offset), total: total ?? 0 };
}

export function readFound(database: Database, owner: UserRow, hits: readonly Hit[]): FoundMemory[] {
  const base = baseOf(owner);
  return hits.map(({ number, score }) => {
    const row = database.get<Row>(`select ${COLUMNS} from memory where id = ?`, base + number) as Row;
    return { ...toMemory(row), score: Math.round(score * 1e4) / 1e4 };
  });
}

/** The memories after the one with this id, or the first ones, oldest first. */
export function readAfter(database: Database, user: MemoryUser, id: number, limit: number): Row[] {
  const owner = readUser(database, user);
  if (!owner) return [];
  const base = baseOf(owner);
  const sql = `select ${COLUMNS} from memory where id > ? and id <= ? order by id limit ?`;
  return database.all<Row>(sql, Math.max(id, base), base + owner.last, limit);
}

export function readIds(database: Database, owner: UserRow): Set<string> {
  const base = baseOf(owner);
  return new Set(database.column<string>("select uuid from memory where id > ? and id <= ?", base, base + owner.last));
}

export function readStats(database: Database, user: MemoryUser, limits: MemoryLimits): MemoryStats {
  const none = { memories: 0, maxMemories: limits.maxMemories, characters: 0, tags: 0 };
  const owner = readUser(database, user);
  if (!owner || owner.n === 0) return none;
  const base = baseOf(owner);
  const totals = database.get<{ characters: number; oldest: number; newest: number }>(
    `select sum(length(content)) as characters, min(created) as oldest, max(created) as newest
     from memory where id > ? and id <= ?`,
    base,
    base + owner.last,
  );
  const [tags] = database.column<number>("select count(distinct name) from tag where uid = ?", owner.uid);
  return {
    ...none,
    memories: owner.n,
    tags: tags ?? 0,
    ...(totals && {
      characters: totals.characters,
      oldest: new Date(totals.oldest).toISOString(),
      newest: new Date(totals.newest).toISOString(),
    }),
  };
}
