import { memoryNotFound } from "../memory-errors.ts";
import type { CheckedList, Position } from "../memory-filter.ts";
import { DEFAULT_MAX_TOTAL_SIZE } from "../memory-limits.ts";
import { type MemoryRow, toMemory } from "../memory-row.ts";
import type { Memory, MemoryLimits, MemoryStats, SortOrder, StoredMemory } from "../store.ts";
import type { Session } from "./connection.ts";
import { type Condition, currentMemories, satisfying } from "./filter-sql.ts";
import { readHistories } from "./history.ts";
import { findRows } from "./memory-table.ts";
import { COLUMNS, integers, type Owner } from "./rows.ts";

type Row = Omit<MemoryRow, "terms">;

export interface Page {
  rows: Row[];
  total: number;
  /** Where the page ended, if there is more. */
  end: Position | undefined;
}

/** Names that statistics count. */
const MAX_COUNTED = 100;

/** What `sort` goes by: a number, the greatest first, but for `oldest`. */
const SORT_VALUES: Record<SortOrder, string> = {
  newest: "m.number",
  oldest: "m.number",
  updated: "m.updated",
  occurred: "m.time",
  importance: "coalesce(m.importance, 0.5)",
};

export async function readPage(session: Session, owner: Owner, list: CheckedList): Promise<Page> {
  const among = satisfying(list.filter, currentMemories(owner, list));
  const value = SORT_VALUES[list.sort];
  const [direction, beyond] = list.sort === "oldest" ? ["asc", ">"] : ["desc", "<"];
  const parameters = [...among.parameters];
  let place = "";
  if (list.cursor) {
    parameters.push(list.cursor.value, list.cursor.number);
    place = `and (${value}, m.number) ${beyond} ($${parameters.length - 1}::double precision, $${parameters.length}::bigint)`;
  }
  const order = value === "m.number" ? `m.number ${direction}` : `${value} ${direction}, m.number ${direction}`;
  parameters.push(list.limit + 1, Math.min(list.offset, Number.MAX_SAFE_INTEGER));
  const counting = countPage(session, owner, list, among);
  const reading = session.rows<Row & { value: number }>(
    `select ${COLUMNS}, ${value} as value from patchbay.memory m where ${among.sql} ${place}
     order by ${order} limit $${parameters.length - 1} offset $${parameters.length}`,
    parameters,
  );
  const [total, rows] = await Promise.all([counting, reading]);
  const page = rows.slice(0, list.limit);
  const last = page.at(-1);
  return {
    rows: page,
    total,
    end: last && rows.length > list.limit ? { value: last.value, number: last.id } : undefined,
  };
}

/** How many memories the list has, without reading all of them where nothing is filtered. */
async function countPage(session: Session, owner: Owner, list: CheckedList, among: Condition): Promise<number> {
  if (Object.keys(list.filter).length > 0) {
    const sql = `select count(*) as n from patchbay.memory m where ${among.sql}`;
    return (await session.row<{ n: number }>(sql, among.parameters))?.n ?? 0;
  }
  const row = await session.row<{ expired: number; superseded: number }>(
    `select
       (select count(*) from patchbay.memory where uid = $1 and expires <= $2 ${list.superseded ? "" : "and superseded_by is null"})
         as expired,
       (select count(*) from patchbay.memory where uid = $1 and superseded_by is not null) as superseded`,
    [owner.uid, Date.now()],
  );
  return owner.n - (row?.expired ?? 0) - (list.superseded ? 0 : (row?.superseded ?? 0));
}

/** A user's memory by its public id, also a superseded one. @throws ToolError `not_found`, also for one that has expired */
export async function ownMemory(session: Session, owner: Owner | undefined, id: string): Promise<MemoryRow> {
  const row = owner && (await findRows(session, owner, [id])).get(id);
  if (!row || isExpired(row)) throw memoryNotFound();
  return row;
}

export function isExpired(row: Pick<MemoryRow, "expires">): boolean {
  return row.expires !== null && row.expires <= Date.now();
}

/** The memories after the one with this number, oldest first, superseded ones too, and the number of the last one. */
export async function readAfter(
  session: Session,
  owner: Owner,
  number: number,
  limit: number,
): Promise<{ memories: StoredMemory[]; last: number }> {
  const { sql, parameters } = currentMemories(owner, { superseded: true });
  const rows = await session.rows<Row>(
    `select ${COLUMNS} from patchbay.memory m where ${sql} and m.number > $4 order by m.number limit $5`,
    [...parameters, number, limit],
  );
  const histories = await readHistories(
    session,
    owner,
    rows.map((row) => row.id),
  );
  const memories = rows.map((row) => {
    const history = histories.get(row.id);
    return history ? { ...toMemory(row), history } : toMemory(row);
  });
  return { memories, last: rows.at(-1)?.id ?? number };
}

export function noStats(limits: MemoryLimits): MemoryStats {
  return {
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
}

export async function readStats(session: Session, owner: Owner, limits: MemoryLimits): Promise<MemoryStats> {
  const none = noStats(limits);
  if (owner.n === 0) return none;
  const summing = session.row<{ characters: number; oldest: number; newest: number; superseded: number }>(
    `select sum(length(content))::bigint as characters, min(created) as oldest, max(created) as newest,
       count(superseded_by) as superseded
     from patchbay.memory where uid = $1`,
    [owner.uid],
  );
  const counted = async (sql: string, ...parameters: unknown[]): Promise<Record<string, number>> => {
    const most = `select name, count(*) as n from (${sql}) as names group by 1 order by n desc, name limit ${MAX_COUNTED}`;
    const rows = await session.rows<{ name: string; n: number }>(most, [owner.uid, ...parameters]);
    return Object.fromEntries(rows.map(({ name, n }) => [name, n]));
  };
  const byColumn = (column: string) =>
    counted(`select ${column} as name from patchbay.memory where uid = $1 and ${column} is not null`);
  const counting = session.row<{ n: number }>(`select count(distinct name) as n from (${TAG_NAMES}) as names`, [
    owner.uid,
  ]);
  const [totals, tags, byTag, bySource, byKind] = await Promise.all([
    summing,
    counting,
    counted(TAG_NAMES),
    byColumn("source"),
    byColumn("kind"),
  ]);
  if (!totals) return none;
  return {
    ...none,
    memories: owner.n,
    bytes: owner.bytes,
    characters: totals.characters,
    tags: tags?.n ?? 0,
    byTag,
    bySource,
    byKind,
    superseded: totals.superseded,
    oldest: new Date(totals.oldest).toISOString(),
    newest: new Date(totals.newest).toISOString(),
  };
}

/** Tags in any case are one: as the search index has them, without the sign in front. */
const TAG_NAMES = `select substr(term, 3) as name from patchbay.posting
  where uid = $1 and term >= U&'\\E000t' and term < U&'\\E000u'`;

/** The memories of these numbers, in their order. */
export async function readNumbered(session: Session, owner: Owner, numbers: readonly number[]): Promise<Memory[]> {
  const rows = await session.rows<Row>(
    `select ${COLUMNS} from patchbay.memory where uid = $1 and number = any($2::integer[])`,
    [owner.uid, integers(numbers)],
  );
  const byNumber = new Map(rows.map((row) => [row.id, row]));
  return numbers.map((number) => toMemory(byNumber.get(number) as Row));
}
