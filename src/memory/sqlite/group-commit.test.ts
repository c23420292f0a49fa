import { join } from "node:path";
import { expect, it } from "vitest";
import { temporaryFolder, whenDone } from "../../../test/fixtures/cleanup.ts";
import { ToolError } from "../../errors.ts";
import { createConnection } from "./connection.ts";
import { createGroupCommit } from "./group-commit.ts";

async function setUp() {
  const connection = createConnection({ file: join(temporaryFolder(), "memory.db") });
  whenDone(() => connection.close());
  const commits = createGroupCommit(connection);
  const addUser = (key: string) => commits.write((database) => database.run("insert into user (key) values (?)", key));
  const users = () => connection.read((database) => database.column<string>("select key from user order by uid"));
  return { connection, commits, addUser, users };
}

it("writes all that arrive together in one transaction, in their order", async () => {
  const { connection, addUser, users } = await setUp();
  const database = await connection.open();
  let commits = 0;
  const run = database.run.bind(database);
  database.run = (sql, ...parameters) => {
    if (sql === "commit") commits++;
    run(sql, ...parameters);
  };
  const keys = Array.from({ length: 100 }, (_, index) => `user ${index}`);
  await Promise.all(keys.map(addUser));
  expect(commits).toBe(1);
  expect(await users()).toEqual(keys);
});

it("fails only the write that fails, whether it says no or the database does", async () => {
  const { commits, addUser, users } = await setUp();
  await addUser("taken");
  const no = commits.write(() => {
    throw new ToolError("limit_reached", "no");
  });
  const halfWay = commits.write((database) => {
    database.run("insert into user (key) values ('half way')");
    throw new Error("a bug");
  });
  const outcomes = await Promise.allSettled([addUser("a"), no, addUser("taken"), addUser("b"), halfWay, addUser("c")]);
  expect(
    outcomes.map((outcome) => outcome.status === "fulfilled" || (outcome.reason as { code?: string }).code),
  ).toEqual([true, "limit_reached", "SQLITE_CONSTRAINT_UNIQUE", true, undefined, true]);
  expect(await users()).toEqual(["taken", "a", "b", "c"]);
});

it("acknowledges a write only after its transaction has ended", async () => {
  const { connection, addUser } = await setUp();
  const database = await connection.open();
  const events: string[] = [];
  const run = database.run.bind(database);
  database.run = (sql, ...parameters) => {
    run(sql, ...parameters);
    if (sql === "commit") events.push("on disk");
  };
  await addUser("a").then(() => events.push("acknowledged"));
  expect(events).toEqual(["on disk", "acknowledged"]);
});

it("waits at the end for what is still to be written", async () => {
  const { commits, addUser, users } = await setUp();
  const writes = Array.from({ length: 600 }, (_, index) => addUser(`user ${index}`));
  await commits.idle();
  expect(await users()).toHaveLength(600);
  await Promise.all(writes);
});
