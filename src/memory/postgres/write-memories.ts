import { createHash } from "node:crypto";
import { alreadySuperseded, keyedMemoryGone, keyUsed, memoryNotFound, versionNotKept } from "../memory-errors.ts";
import type { CheckedChanges, CheckedMemory } from "../memory-input.ts";
import { checkLimits, checkSize, sizeOf } from "../memory-limits.ts";
import { type MemoryRow, saidAnew, toMemory } from "../memory-row.ts";
import { termsOf } from "../search/terms-of.ts";
import { type AddedMemory, DEFAULT_KEEP_VERSIONS, type Memory, type MemoryLimits } from "../store.ts";
import type { Session } from "./connection.ts";
import { findInTrash, keepVersion, putInTrash, readVersion, readVersionNumbers, takeFromTrash } from "./history.ts";
import {
  type Addition,
  findRows,
  insertRows,
  newRow,
  putBack,
  removeHistory,
  removeRows,
  replaceRow,
  reviveSuperseded,
} from "./memory-table.ts";
import { isExpired, ownMemory } from "./read-memories.ts";
import { ALL_COLUMNS, identityOf, type Owner } from "./rows.ts";

/** The writes. Each is part of a transaction that has locked the owner, and checks everything before it changes anything. */

/** Adds all or none. @throws ToolError `limit_reached`, `not_found`, `invalid_input` */
export async function addMemories(
  session: Session,
  owner: Owner,
  additions: readonly Addition[],
  options: { origin: string; idempotencyKey: string | undefined },
  limits: MemoryLimits,
): Promise<AddedMemory[]> {
  const { idempotencyKey: key, origin } = options;
  const digest = key === undefined ? "" : digestOf(additions);
  const olderIds = additions.flatMap(({ memory }) => memory.supersedes ?? []);
  const memories = additions.map(({ memory }) => memory);
  const [before, same, older] = await Promise.all([
    key === undefined ? undefined : readKeyedCall(session, owner, key, digest),
    findSame(session, owner, memories),
    olderIds.length > 0 ? findRows(session, owner, olderIds) : new Map<string, MemoryRow>(),
  ]);
  if (before) return before;
  const superseded = additions.map(({ memory }) => findSuperseded(older, memory, same.get(sameness(memory))));
  const ids = superseded.flatMap((old) => old?.id ?? []);
  if (new Set(ids).size < ids.length) throw alreadySuperseded("another memory of the same call");
  const fresh = new Map<string, Addition>();
  for (const addition of additions) {
    const text = sameness(addition.memory);
    if (!same.has(text) && !fresh.has(text)) fresh.set(text, addition);
  }
  checkLimits(
    owner,
    [...fresh.values()].map(({ memory }) => memory),
    limits,
  );

  const rows = new Map([...fresh].map(([text, addition]) => [text, newRow(owner, addition, origin)]));
  await insertRows(session, owner, [...rows.values()]);
  const added: AddedMemory[] = [];
  // What the call itself has written of memories that were there, for one may be said again and superseded.
  const written = new Map<number, MemoryRow>();
  const latest = (row: MemoryRow): MemoryRow => written.get(row.id) ?? row;
  for (const [index, { memory }] of additions.entries()) {
    const text = sameness(memory);
    const fresh = rows.get(text);
    const isNew = fresh !== undefined && !same.has(text);
    const there = latest((same.get(text) ?? fresh) as MemoryRow);
    const row = isNew ? there : await sayAgain(session, owner, there, memory, origin, limits);
    // Another one of the same call is the same.
    same.set(text, row);
    written.set(row.id, row);
    const old = superseded[index];
    if (old) {
      const replaced = { ...latest(old), superseded_by: row.uuid };
      await replaceRow(session, owner, latest(old), replaced);
      written.set(old.id, replaced);
    }
    added.push(isNew ? toMemory(row) : { ...toMemory(row), existing: true });
  }
  if (key !== undefined) {
    await session.run(
      `insert into patchbay.idempotency (uid, key, digest, ids, created) values ($1, $2, $3, $4, $5)
       on conflict (uid, key) do update set digest = excluded.digest, ids = excluded.ids, created = excluded.created`,
      [owner.uid, key, digest, JSON.stringify(added.map((memory) => memory.id)), Date.now()],
    );
  }
  return added;
}

/** Changes a memory, or takes it back to an earlier version. @throws ToolError `not_found`, `limit_reached` */
export async function updateMemory(
  session: Session,
  owner: Owner,
  id: string,
  changes: CheckedChanges | { restore: number },
  origin: string,
  limits: MemoryLimits,
): Promise<Memory> {
  if ("restore" in changes) return restoreVersion(session, owner, id, changes.restore, origin, limits);
  const row = await ownMemory(session, owner, id);
  const { tags, expires, ...rest } = changes;
  const changed = {
    ...row,
    ...rest,
    ...(tags && { tags: JSON.stringify(tags) }),
    ...("expires" in changes && { expires: expires ?? null }),
  } as MemoryRow;
  return toMemory(await writeVersion(session, owner, row, changed, origin, limits));
}

/**
 * Takes it out of the tables, into the trash where deleted memories are kept; one that is in the trash, for good.
 * @throws ToolError `not_found`
 */
export async function deleteMemory(session: Session, owner: Owner, id: string, limits: MemoryLimits): Promise<void> {
  const row = (await findRows(session, owner, [id])).get(id);
  if (row && !isExpired(row)) {
    await discard(session, owner, [row], limits);
    return;
  }
  const deleted = await findInTrash(session, owner, id);
  if (!deleted) throw memoryNotFound();
  await takeFromTrash(session, owner, deleted.id);
  await removeHistory(session, owner, [deleted.id]);
}

/** What they have superseded counts again. */
export async function discard(
  session: Session,
  owner: Owner,
  rows: readonly MemoryRow[],
  limits: MemoryLimits,
): Promise<void> {
  const keep = (limits.keepDeletedDays ?? 0) > 0;
  if (keep) await putInTrash(session, owner, rows, Date.now());
  await removeRows(session, owner, rows, { keepHistory: keep });
  await reviveSuperseded(
    session,
    owner,
    rows.map((row) => row.uuid),
  );
}

/**
 * The memory whose place a new one is to take; none where it has it already.
 * @throws ToolError `not_found`, or `invalid_input` where another one has taken it
 */
function findSuperseded(
  older: ReadonlyMap<string, MemoryRow>,
  { supersedes }: CheckedMemory,
  same: MemoryRow | undefined,
): MemoryRow | undefined {
  if (supersedes === undefined) return undefined;
  const row = older.get(supersedes);
  if (!row) throw memoryNotFound();
  if (row.id === same?.id || row.superseded_by === same?.uuid) return undefined;
  if (row.superseded_by !== null) throw alreadySuperseded(row.superseded_by);
  return row;
}

type Identity = Pick<CheckedMemory, "content"> & {
  source?: string | null | undefined;
  speaker?: string | null | undefined;
};

/** The current memories with the same content, source and speaker, the oldest of each, by `sameness`. */
export async function findSame(
  session: Session,
  owner: Owner,
  memories: readonly Identity[],
): Promise<Map<string, MemoryRow>> {
  const found = new Map<string, MemoryRow>();
  const wanted = new Set(memories.map(sameness));
  const candidates = await session.rows<MemoryRow>(
    `select ${ALL_COLUMNS} from patchbay.memory
     where uid = $1 and identity = any($2::bigint[]) and superseded_by is null order by number`,
    [owner.uid, memories.map(identityOf)],
  );
  for (const row of candidates) {
    const text = sameness(row);
    if (wanted.has(text) && !found.has(text) && !isExpired(row)) found.set(text, row);
  }
  return found;
}

/** What two memories share that say the same. */
export function sameness({ content, source, speaker }: Identity): string {
  return JSON.stringify([content, source ?? null, speaker ?? null]);
}

/** What is new in what was said again is not lost: tags and details. Said again without an expiry, it is said for good. */
async function sayAgain(
  session: Session,
  owner: Owner,
  row: MemoryRow,
  memory: CheckedMemory,
  origin: string,
  limits: MemoryLimits,
): Promise<MemoryRow> {
  return writeVersion(session, owner, row, saidAnew(row, memory), origin, limits);
}

/** Writes `changed` as the next version, unless nothing has changed. @throws ToolError `limit_reached` */
async function writeVersion(
  session: Session,
  owner: Owner,
  row: MemoryRow,
  changed: MemoryRow,
  origin: string,
  limits: MemoryLimits,
): Promise<MemoryRow> {
  const columns = Object.keys(row) as (keyof MemoryRow)[];
  if (columns.every((column) => (changed[column] ?? null) === row[column])) return row;
  checkSize(owner.bytes, sizeOf(changed.content) - sizeOf(row.content), limits);
  const updated = Date.now();
  await keepVersion(session, owner, row, updated, limits.keepVersions ?? DEFAULT_KEEP_VERSIONS);
  const tags = JSON.parse(changed.tags) as string[];
  const next: MemoryRow = {
    ...changed,
    kind: changed.kind ?? null,
    terms: termsOf({ content: changed.content, speaker: changed.speaker, tags }),
    updated,
    version: row.version + 1,
    origin,
  };
  await replaceRow(session, owner, row, next);
  return next;
}

async function restoreVersion(
  session: Session,
  owner: Owner,
  id: string,
  version: number,
  origin: string,
  limits: MemoryLimits,
): Promise<Memory> {
  const there = (await findRows(session, owner, [id])).get(id);
  const row = there ?? (await findInTrash(session, owner, id));
  if (!row || (there && isExpired(there))) throw memoryNotFound();
  const earlier = version === row.version ? {} : await readVersion(session, owner, row.id, version);
  if (!earlier) {
    throw versionNotKept(version, [...(await readVersionNumbers(session, owner, row.id)), row.version]);
  }
  const restored: MemoryRow = { ...row, ...earlier, version: row.version, superseded_by: null };
  if (!there) {
    if (isExpired(restored)) throw memoryNotFound();
    checkLimits(owner, [restored], limits);
    await takeFromTrash(session, owner, row.id);
    await putBack(session, owner, row);
  }
  const changed = { ...restored, updated: row.updated, origin: row.origin };
  return toMemory(await writeVersion(session, owner, row, changed, origin, limits));
}

function digestOf(additions: readonly Addition[]): string {
  const memories = additions.map(({ memory }) => memory);
  return createHash("sha256").update(JSON.stringify(memories)).digest("base64url");
}

/** What an earlier call with the key has added, as it is now. @throws ToolError `invalid_input`, `not_found` */
async function readKeyedCall(
  session: Session,
  owner: Owner,
  key: string,
  digest: string,
): Promise<AddedMemory[] | undefined> {
  const call = await session.row<{ digest: string; ids: string }>(
    "select digest, ids from patchbay.idempotency where uid = $1 and key = $2",
    [owner.uid, key],
  );
  if (!call) return undefined;
  if (call.digest !== digest) throw keyUsed();
  const ids = JSON.parse(call.ids) as string[];
  const rows = await findRows(session, owner, ids);
  return ids.map((id) => {
    const row = rows.get(id);
    if (!row) throw keyedMemoryGone();
    return { ...toMemory(row), existing: true };
  });
}
