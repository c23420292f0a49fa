import { memoryNotFound } from "../memory-errors.ts";
import type { CheckedList, Position } from "../memory-filter.ts";
import { DEFAULT_MAX_TOTAL_SIZE } from "../memory-limits.ts";
import { type MemoryRow, numberOf, toMemory } from "../memory-row.ts";
import type { Memory, MemoryLimits, MemoryStats, MemoryUser, SortOrder } from "../store.ts";
import type { Database } from "./database.ts";
import { currentMemories, satisfying } from "./filter-sql.ts";
import { baseOf, COLUMNS, type UserRow } from "./rows.ts";

type Row = Omit<MemoryRow, "terms">;

export interface Page {
  rows: Row[];
  total: number;
  /** Where the page ended, if there is more. */
  end: Position | undefined;
}

/** Names that statistics count. */
const MAX_COUNTED = 100;

export function readUser(database: Database, user: MemoryUser): UserRow | undefined {
  const row = database.get<{
    uid: number;
    removed: number;
    last: number;
    running: number;
    bytes_changed: number;
    indexed: number;
    foreign_ids: number;
  }>(
    `select user.uid as uid, removed, indexed, foreign_ids, bytes_changed,
       max(last_at_removal, coalesce(newest.id - (user.uid << 32), 0)) as last,
       max(running_at_removal, coalesce(newest.running, 0)) as running
     from user left join memory as newest on newest.id =
       (select max(id) from memory where id > user.uid << 32 and id < (user.uid + 1) << 32)
     where key = ?`,
    user.id,
  );
  if (!row) return undefined;
  const { uid, last, running, indexed } = row;
  const bytes = running + row.bytes_changed;
  return { uid, n: last - row.removed, bytes, last, running, indexed, foreignIds: row.foreign_ids === 1 };
}

/** What `sort` goes by: a number, the greatest first, but for `oldest`. */
const SORT_VALUES: Record<SortOrder, string> = {
  newest: "memory.id",
  oldest: "memory.id",
  updated: "updated",
  occurred: "time",
  importance: "coalesce(importance, 0.5)",
};

export function readPage(database: Database, owner: UserRow, list: CheckedList): Page {
  const among = satisfying(owner, list.filter, currentMemories(owner, list));
  const value = SORT_VALUES[list.sort];
  const [direction, beyond] = list.sort === "oldest" ? ["asc", ">"] : ["desc", "<"];
  const parameters = [...among.parameters];
  let place = "";
  if (list.cursor) {
    const id = baseOf(owner) + list.cursor.number;
    place = `and (${value}, memory.id) ${beyond} (?, ?)`;
    parameters.push(value === "memory.id" ? id : list.cursor.value, id);
  }
  const order = value === "memory.id" ? `memory.id ${direction}` : `${value} ${direction}, memory.id ${direction}`;
  const rows = database.all<Row & { value: number }>(
    `select ${COLUMNS}, ${value} as value from memory where ${among.sql} ${place} order by ${order} limit ? offset ?`,
    ...parameters,
    list.limit + 1,
    list.offset,
  );
  const page = rows.slice(0, list.limit);
  const last = page.at(-1);
  return {
    rows: page,
    total: countPage(database, owner, list, among),
    end: last && rows.length > list.limit ? endAt(last, value, baseOf(owner)) : undefined,
  };
}

/** Without the user's own number, which would tell how many users there are. */
function endAt({ id, value }: { id: number; value: number }, by: string, base: number): Position {
  return { value: by === "memory.id" ? 0 : value, number: id - base };
}

/** How many memories the list has, without reading all of them where nothing is filtered. */
function countPage(
  database: Database,
  owner: UserRow,
  list: CheckedList,
  among: { sql: string; parameters: unknown[] },
): number {
  if (Object.keys(list.filter).length > 0) {
    return database.column<number>(`select count(*) from memory where ${among.sql}`, ...among.parameters)[0] ?? 0;
  }
  const base = baseOf(owner);
  const [expired = 0] = database.column<number>(
    `select count(*) from memory indexed by memory_expires
     where expires <= ? and id > ? and id <= ?${list.superseded ? "" : " and superseded_by is null"}`,
    Date.now(),
    base,
    base + owner.last,
  );
  return owner.n - expired - (list.superseded ? 0 : countSuperseded(database, owner));
}

function countSuperseded(database: Database, owner: UserRow): number {
  const sql = "select count(*) from memory indexed by memory_superseded where uid = ? and superseded_by is not null";
  return database.column<number>(sql, owner.uid)[0] ?? 0;
}

/** A user's memory by its public id, also a superseded one. @throws ToolError `not_found`, also for one that has expired */
export function ownMemory(database: Database, user: MemoryUser, id: string): { owner: UserRow; row: MemoryRow } {
  const owner = readUser(database, user);
  const row = owner && findRow(database, owner, id);
  if (!row || isExpired(row)) throw memoryNotFound();
  return { owner, row };
}

export function findRow(database: Database, owner: UserRow, uuid: string): MemoryRow | undefined {
  const base = baseOf(owner);
  const select = `select ${COLUMNS}, terms from memory where`;
  const row = database.get<MemoryRow>(`${select} id = ? and uuid = ?`, base + numberOf(uuid), uuid);
  if (row || !owner.foreignIds) return row;
  return database.get<MemoryRow>(`${select} id > ? and id <= ? and uuid = ?`, base, base + owner.last, uuid);
}

export function isExpired(row: Pick<MemoryRow, "expires">): boolean {
  return row.expires !== null && row.expires <= Date.now();
}

/** The memories after the one with this id, or the first ones, oldest first, superseded ones too. */
export function readAfter(database: Database, user: MemoryUser, id: number, limit: number): Row[] {
  const owner = readUser(database, user);
  if (!owner) return [];
  const { sql, parameters } = currentMemories(owner, { superseded: true });
  return database.all<Row>(
    `select ${COLUMNS} from memory where memory.id > ? and ${sql} order by id limit ?`,
    Math.max(id, baseOf(owner)),
    ...parameters,
    limit,
  );
}

/** The memories of these numbers, in their order. */
export function readNumbered(database: Database, owner: UserRow, numbers: readonly number[]): Memory[] {
  const base = baseOf(owner);
  const sql = `select ${COLUMNS} from memory where id = ?`;
  return numbers.map((number) => toMemory(database.get<Row>(sql, base + number) as Row));
}

export function readIds(database: Database, owner: UserRow): Set<string> {
  const base = baseOf(owner);
  return new Set(database.column<string>("select uuid from memory where id > ? and id <= ?", base, base + owner.last));
}

export function readStats(database: Database, user: MemoryUser, limits: MemoryLimits): MemoryStats {
  const none: MemoryStats = {
    memories: 0,
    maxMemories: limits.maxMemories,
    characters: 0,
    bytes: 0,
    maxTotalSize: limits.maxTotalSize ?? DEFAULT_MAX_TOTAL_SIZE,
    tags: 0,
    byTag: {},
    bySource: {},
    byKind: {},
    superseded: 0,
  };
  const owner = readUser(database, user);
  if (!owner || owner.n === 0) return none;
  const base = baseOf(owner);
  const range = [base, base + owner.last];
  const totals = database.get<{ characters: number; oldest: number; newest: number }>(
    `select sum(length(content)) as characters, min(created) as oldest, max(created) as newest
     from memory where id > ? and id <= ?`,
    ...range,
  );
  const [tags] = database.column<number>("select count(distinct name) from tag where uid = ?", owner.uid);
  const counted = (sql: string, ...parameters: unknown[]): Record<string, number> =>
    Object.fromEntries(
      database
        .all<{ name: string; n: number }>(`${sql} group by 1 order by n desc, name limit ${MAX_COUNTED}`, ...parameters)
        .map(({ name, n }) => [name, n]),
    );
  const byColumn = (column: string) =>
    counted(
      `select ${column} as name, count(*) as n from memory where id > ? and id <= ? and ${column} is not null`,
      ...range,
    );
  return {
    ...none,
    memories: owner.n,
    bytes: owner.bytes,
    tags: tags ?? 0,
    byTag: counted("select name, count(*) as n from tag where uid = ?", owner.uid),
    bySource: byColumn("source"),
    byKind: byColumn("kind"),
    superseded: countSuperseded(database, owner),
    ...(totals && {
      characters: totals.characters,
      oldest: new Date(totals.oldest).toISOString(),
      newest: new Date(totals.newest).toISOString(),
    }),
  };
}
