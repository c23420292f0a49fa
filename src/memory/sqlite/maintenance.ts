import type { Database } from "./database.ts";

/** What is wrong with the database, in words; empty when it is sound. */
export function verify(database: Database): string[] {
  const problems = database.column<string>("pragma integrity_check(20)").filter((line) => line !== "ok");
  if (problems.length > 0) return problems;
  for (const { table } of database.all<{ table: string }>("pragma foreign_key_check")) {
    problems.push(`table ${table} holds rows of a user who is not there`);
  }
  const counted = database.all<{ uid: number; n: number; found: number }>(
    `select uid, count(memory.id) as found,
       max(last_at_removal, coalesce(max(memory.id) - (uid << 32), 0)) - removed as n
     from user left join memory using (uid) group by uid having n <> found`,
  );
  for (const { uid, n, found } of counted) problems.push(`user ${uid} has ${found} memories, but ${n} are counted`);
  const [missing, extra] = [
    `select count(*) from memory join user using (uid)
     where superseded_by is null and memory.id - (uid << 32) <= indexed and memory.id not in (select id from memory_index_docsize)`,
    `select count(*) from memory_index_docsize where id not in
     (select memory.id from memory join user using (uid)
      where superseded_by is null and memory.id - (uid << 32) <= indexed)`,
  ].map((sql) => database.column<number>(sql)[0] ?? 0);
  if (missing) problems.push(`${missing} memories are missing from the search index`);
  if (extra) problems.push(`the search index holds ${extra} memories that are not there`);
  const [altered] = database.column<number>(
    "select count(*) from memory where identity <> memory_identity(uid, content, source, speaker)",
  );
  if (altered) problems.push(`the texts of ${altered} memories are not what was stored`);
  const [unknown] = database.column<number>(
    `select (select count(*) from identity left join memory using (id, identity) where memory.id is null)
       + (select count(*) from memory join user using (uid) left join identity using (id, identity)
          where superseded_by is null and memory.id - (uid << 32) <= indexed and identity.id is null)`,
  );
  if (unknown) problems.push(`${unknown} memories would not be recognised`);
  const [untagged] = database.column<number>("select count(*) from tag where id not in (select id from memory)");
  const sizes = database.all<{ uid: number }>(
    `select uid, max(running_at_removal, coalesce(max(running), 0)) + bytes_changed as counted,
       coalesce(sum(octet_length(content)), 0) as found
     from user left join memory using (uid) group by uid having counted <> found`,
  );
  for (const { uid } of sizes) problems.push(`the size of the memories of user ${uid} is counted wrongly`);
  for (const table of ["embedding", "history"]) {
    const sql = `select count(*) from ${table} where id not in (select id from memory union all select id from trash)`;
    const [left] = database.column<number>(sql);
    if (left) problems.push(`${left} rows of the table ${table} belong to memories that are not there`);
  }
  if (untagged) problems.push(`${untagged} tags belong to memories that are not there`);
  return problems;
}
