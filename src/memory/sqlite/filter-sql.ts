import type { CheckedFilter } from "../memory-filter.ts";
import { baseOf, type UserRow } from "./rows.ts";

/** A condition of SQL on the table memory, and its parameters. */
export interface Condition {
  sql: string;
  parameters: unknown[];
}

/** What a user has now: no superseded memories, unless they are asked for, and none that have expired. */
export function currentMemories(owner: UserRow, { superseded = false, last = owner.last } = {}): Condition {
  const base = baseOf(owner);
  const sql = `memory.id > ? and memory.id <= ? and (expires is null or expires > ?)${superseded ? "" : " and superseded_by is null"}`;
  return { sql, parameters: [base, base + last, Date.now()] };
}

/** `fold` is the SQL function of `tagKey`. */
export function satisfying(owner: UserRow, filter: CheckedFilter, among: Condition): Condition {
  const conditions = [among.sql];
  const parameters = [...among.parameters];
  const add = (sql: string, ...values: unknown[]): void => {
    conditions.push(sql);
    parameters.push(...values);
  };
  if (filter.tag !== undefined) {
    add("memory.id in (select id from tag where uid = ? and name = ?)", owner.uid, filter.tag);
  }
  if (filter.source !== undefined) add("fold(source) = ?", filter.source);
  if (filter.speaker !== undefined) add("fold(speaker) = ?", filter.speaker);
  if (filter.kind !== undefined) add("kind = ?", filter.kind);
  if (filter.after !== undefined) add("time >= ?", filter.after);
  if (filter.before !== undefined) add("time < ?", filter.before);
  return { sql: conditions.join(" and "), parameters };
}
