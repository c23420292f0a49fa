import { createHash } from "node:crypto";
import { alreadySuperseded, keyedMemoryGone, keyUsed, memoryNotFound, versionNotKept } from "../memory-errors.ts";
import type { CheckedChanges, CheckedMemory } from "../memory-input.ts";
import { checkLimits, checkSize, NOTHING, sizeOf } from "../memory-limits.ts";
import { type MemoryRow, saidAnew, toMemory } from "../memory-row.ts";
import { termsOf } from "../search/terms-of.ts";
import { type AddedMemory, DEFAULT_KEEP_VERSIONS, type Memory, type MemoryLimits, type MemoryUser } from "../store.ts";
import type { Database } from "./database.ts";
import {
  emptyTrash,
  findInTrash,
  keepVersion,
  putInTrash,
  readVersion,
  readVersionNumbers,
  takeFromTrash,
} from "./history.ts";
import { findSame, knownUser } from "./identities.ts";
import { appendMemory, createUser, putBack, removeRow, replaceRow, reviveSuperseded, tagsOf } from "./memory-table.ts";
import { findRow, isExpired, ownMemory, readUser } from "./read-memories.ts";
import type { UserRow } from "./rows.ts";

/** The writes. Each is part of a transaction of its caller, and checks everything before it changes anything. */

/** A memory to add and what it is found by. */
export interface Addition {
  memory: CheckedMemory;
  terms: string;
}

/** Adds all or none. @throws ToolError `limit_reached`, `not_found`, `invalid_input` */
export function addMemories(
  database: Database,
  user: MemoryUser,
  additions: readonly Addition[],
  options: { origin: string; idempotencyKey: string | undefined },
  limits: MemoryLimits,
): AddedMemory[] {
  const known = knownUser(database, user.id);
  const { idempotencyKey: key, origin } = options;
  const digest = key === undefined ? "" : digestOf(additions);
  if (known && key !== undefined) {
    const before = readKeyedCall(database, known, key, digest);
    if (before) return before;
  }
  const same = additions.map(({ memory }) => known && findSame(database, known, memory));
  const superseded = additions.map(({ memory }, index) => findSuperseded(database, known, memory, same[index]));
  const ids = superseded.flatMap((old) => old?.id ?? []);
  if (new Set(ids).size < ids.length) throw alreadySuperseded("another memory of the same call");
  const fresh = additions.filter((_, index) => !same[index]).map(({ memory }) => memory);
  checkLimits(known ?? NOTHING, distinct(fresh), limits);

  const owner = known ?? createUser(database, user.id);
  // What this call has changed: what was read before is out of date then.
  const changed = new Map<number, MemoryRow>();
  const now = (row: MemoryRow | undefined) => row && (changed.get(row.id) ?? row);
  const added = additions.map(({ memory, terms }, index): AddedMemory => {
    // Another one of the same call may have been the same.
    const there = now(same[index] ?? (additions.length > 1 ? findSame(database, owner, memory) : undefined));
    const row = there
      ? sayAgain(database, owner, there, memory, origin, limits)
      : appendMemory(database, owner, memory, terms, origin);
    if (there) changed.set(row.id, row);
    const old = now(superseded[index]);
    if (old) {
      const outdated = { ...old, superseded_by: row.uuid };
      replaceRow(database, owner, old, outdated);
      changed.set(old.id, outdated);
    }
    return there ? { ...toMemory(row), existing: true } : toMemory(row);
  });
  // What is known of the user holds no more where anything else was done than adding to the end.
  if (added.some(({ existing }) => existing) || superseded.some(Boolean)) database.users.delete(user.id);
  if (key !== undefined) {
    database.run(
      "insert or replace into idempotency (uid, key, digest, ids, created) values (?, ?, ?, ?, ?)",
      owner.uid,
      key,
      digest,
      JSON.stringify(added.map((memory) => memory.id)),
      Date.now(),
    );
  }
  return added;
}

/** Changes a memory, or takes it back to an earlier version. @throws ToolError `not_found`, `limit_reached` */
export function updateMemory(
  database: Database,
  user: MemoryUser,
  id: string,
  changes: CheckedChanges | { restore: number },
  origin: string,
  limits: MemoryLimits,
): Memory {
  if ("restore" in changes) return restoreVersion(database, user, id, changes.restore, origin, limits);
  const { owner, row } = ownMemory(database, user, id);
  const { tags, ...details } = changes;
  const columns = Object.entries(details).map(([name, value]) => [name, value ?? null]);
  const changed: MemoryRow = { ...row, ...Object.fromEntries(columns), ...(tags && { tags: JSON.stringify(tags) }) };
  return toMemory(writeVersion(database, owner, row, changed, origin, limits));
}

/**
 * Takes it out of the tables, into the trash where deleted memories are kept; one that is in the trash, for good.
 * @throws ToolError `not_found`
 */
export function deleteMemory(database: Database, user: MemoryUser, id: string, limits: MemoryLimits): void {
  const owner = readUser(database, user);
  const row = owner && findRow(database, owner, id);
  if (row && !isExpired(row)) {
    discard(database, owner, row, limits);
    return;
  }
  const deleted = owner && findInTrash(database, owner, id);
  if (!deleted) throw memoryNotFound();
  emptyTrash(database, deleted.id);
}

/** What it has superseded counts again. */
export function discard(database: Database, owner: UserRow, row: MemoryRow, limits: MemoryLimits): void {
  const keep = (limits.keepDeletedDays ?? 0) > 0;
  if (keep) putInTrash(database, row, Date.now());
  removeRow(database, owner, row, { keepHistory: keep });
  reviveSuperseded(database, owner, row.uuid);
}

/** The memory whose place a new one is to take; none where it has it already. @throws ToolError `not_found`, or `invalid_input` where another one has taken it */
function findSuperseded(
  database: Database,
  owner: UserRow | undefined,
  { supersedes }: CheckedMemory,
  same: MemoryRow | undefined,
): MemoryRow | undefined {
  if (supersedes === undefined) return undefined;
  const row = owner && findRow(database, owner, supersedes);
  if (!row) throw memoryNotFound();
  if (row.id === same?.id || row.superseded_by === same?.uuid) return undefined;
  if (row.superseded_by !== null) throw alreadySuperseded(row.superseded_by);
  return row;
}

function distinct(memories: readonly CheckedMemory[]): CheckedMemory[] {
  if (memories.length < 2) return [...memories];
  return [...new Map(memories.map((memory) => [JSON.stringify(identity(memory)), memory])).values()];
}

function identity({ content, source, speaker }: CheckedMemory): unknown[] {
  return [content, source ?? null, speaker ?? null];
}

/** What is new in what was said again is not lost: tags and details. Said again without an expiry, it is said for good. */
function sayAgain(
  database: Database,
  owner: UserRow,
  row: MemoryRow,
  memory: CheckedMemory,
  origin: string,
  limits: MemoryLimits,
): MemoryRow {
  return writeVersion(database, owner, row, saidAnew(row, memory), origin, limits);
}

/** Writes `changed` as the next version, unless nothing has changed. @throws ToolError `limit_reached` */
function writeVersion(
  database: Database,
  owner: UserRow,
  row: MemoryRow,
  changed: MemoryRow,
  origin: string,
  limits: MemoryLimits,
): MemoryRow {
  const columns = Object.keys(row) as (keyof MemoryRow)[];
  if (columns.every((column) => changed[column] === row[column])) return row;
  checkSize(owner.bytes, sizeOf(changed.content) - sizeOf(row.content), limits);
  const updated = Date.now();
  keepVersion(database, row, updated, limits.keepVersions ?? DEFAULT_KEEP_VERSIONS);
  const next: MemoryRow = {
    ...changed,
    terms: termsOf({ content: changed.content, speaker: changed.speaker, tags: tagsOf(changed) }),
    updated,
    version: row.version + 1,
    origin,
  };
  replaceRow(database, owner, row, next);
  return next;
}

function restoreVersion(
  database: Database,
  user: MemoryUser,
  id: string,
  version: number,
  origin: string,
  limits: MemoryLimits,
): Memory {
  const owner = readUser(database, user);
  if (!owner) throw memoryNotFound();
  const there = findRow(database, owner, id);
  const row = there ?? findInTrash(database, owner, id);
  if (!row || (there && isExpired(there))) throw memoryNotFound();
  const earlier = version === row.version ? {} : readVersion(database, row.id, version);
  if (!earlier) throw versionNotKept(version, [...readVersionNumbers(database, row.id), row.version]);
  const restored: MemoryRow = { ...row, ...earlier, version: row.version, superseded_by: null };
  if (!there) {
    if (isExpired(restored)) throw memoryNotFound();
    checkLimits(owner, [restored], limits);
    takeFromTrash(database, row.id);
    putBack(database, owner, row);
    owner.bytes += sizeOf(row.content);
  }
  return toMemory(
    writeVersion(database, owner, row, { ...restored, updated: row.updated, origin: row.origin }, origin, limits),
  );
}

function digestOf(additions: readonly Addition[]): string {
  const memories = additions.map(({ memory }) => memory);
  return createHash("sha256").update(JSON.stringify(memories)).digest("base64url");
}

/** What an earlier call with the key has added, as it is now. @throws ToolError `invalid_input`, `not_found` */
function readKeyedCall(database: Database, owner: UserRow, key: string, digest: string): AddedMemory[] | undefined {
  const call = database.get<{ digest: string; ids: string }>(
    "select digest, ids from idempotency where uid = ? and key = ?",
    owner.uid,
    key,
  );
  if (!call) return undefined;
  if (call.digest !== digest) throw keyUsed();
  return (JSON.parse(call.ids) as string[]).map((id) => {
    const row = findRow(database, owner, id);
    if (!row) throw keyedMemoryGone();
    return { ...toMemory(row), existing: true };
  });
}
