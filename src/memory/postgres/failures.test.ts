import { beforeAll, describe, expect, it } from "vitest";
import { whenDone } from "../../../test/fixtures/cleanup.ts";
import { NO_POSTGRES, type PostgresServer, startPostgres } from "../../../test/fixtures/postgres.ts";
import { ToolError } from "../../errors.ts";
import type { MemoryStore } from "../store.ts";
import { openPostgresStore } from "./postgres-store.ts";
import { storageError } from "./storage-error.ts";

const ana = { id: "ana" };
const LIMITS = { maxMemories: 1000, maxMemoryLength: 500, enableSearch: true };

describe("what PostgreSQL and Node say", () => {
  const failure = (code: string) => Object.assign(new Error("at db.example.com, password hunter2"), { code });

  it.each([
    ["53100", "storage_full", true],
    ["53300", "storage_locked", true],
    ["57P03", "storage_locked", true],
    ["40001", "storage_locked", true],
    ["55P03", "storage_locked", true],
    ["25006", "storage_read_only", false],
    ["42501", "storage_read_only", false],
    ["XX001", "storage_corrupt", false],
    ["XX002", "storage_corrupt", false],
    ["28P01", "storage_error", false],
    ["28000", "storage_error", false],
    ["3D000", "storage_error", false],
    ["42P01", "storage_error", false],
    ["57014", "storage_error", true],
    ["57P01", "storage_error", true],
    ["08006", "storage_error", true],
    ["08P01", "storage_error", true],
    ["58030", "storage_error", true],
    ["53200", "storage_error", true],
    ["ECONNREFUSED", "storage_error", true],
    ["ECONNRESET", "storage_error", true],
    ["ENOTFOUND", "storage_error", true],
    ["SELF_SIGNED_CERT_IN_CHAIN", "storage_error", false],
  ])("%s is %s", (code, kind, retryable) => {
    const error = storageError(failure(code)) as ToolError;
    expect(error).toMatchObject({ code: kind, retryable });
    expect(error.hint).toMatch(/\S/);
    expect(JSON.stringify(error.toResult())).not.toMatch(/hunter2|example\.com/);
  });

  it.each([
    ["Connection terminated unexpectedly", "storage_error"],
    ["Connection terminated due to connection timeout", "storage_error"],
    ["timeout exceeded when trying to connect", "storage_error"],
    ["Query read timeout", "storage_error"],
    ["The server does not support SSL connections", "storage_error"],
    ["SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be a string", "storage_error"],
  ])("%j of the driver is %s", (message, code) => {
    expect(storageError(new Error(message))).toMatchObject({ code });
  });

  it("is given on as it is where it is a mistake of ours", () => {
    for (const error of [failure("42601"), new TypeError("x"), undefined, new ToolError("not_found", "x")]) {
      expect(storageError(error)).toBe(error);
    }
  });
});

describe.skipIf(NO_POSTGRES)(NO_POSTGRES ?? "a PostgreSQL database that refuses", () => {
  let server: PostgresServer;

  beforeAll(async () => {
    server = await startPostgres(["max_connections = 14", "superuser_reserved_connections = 3"]);
  });

  async function openStore(url: string): Promise<MemoryStore> {
    const store = await openPostgresStore({ ...LIMITS, url });
    whenDone(() => store.close());
    return store;
  }

  /** The URL for a role that may only log in. */
  async function asGuest(url: string): Promise<string> {
    await server.query(
      url,
      `do $$ begin if not exists (select from pg_roles where rolname = 'guest') then
         create role guest login password 'guest-password'; end if; end $$`,
    );
    const { password } = new URL(url);
    return url.replace(`patchbay:${password}`, "guest:guest-password");
  }

  it("needs a user who may make the schema", async () => {
    const url = await server.newDatabase();
    const guest = await asGuest(url);
    await expect(openPostgresStore({ ...LIMITS, url: guest })).rejects.toMatchObject({
      code: "storage_read_only",
      hint: expect.stringContaining("grant create on database"),
    });
    const { pathname } = new URL(url);
    await server.query(url, `grant create on database ${pathname.slice(1)} to guest`);
    const store = await openStore(guest);
    await store.add(ana, { content: "x" });
    expect((await store.list(ana)).total).toBe(1);
  });

  it("says that it is read-only, and still reads", async () => {
    const url = await server.newDatabase();
    const { pathname } = new URL(url);
    await (await openStore(url)).add(ana, { content: "tea" });
    await server.query(url, `alter database ${pathname.slice(1)} set default_transaction_read_only = on`);
    const store = await openStore(url);
    await expect(store.add(ana, { content: "more" })).rejects.toMatchObject({ code: "storage_read_only" });
    await expect(store.forget(ana, { all: true })).rejects.toMatchObject({ code: "storage_read_only" });
    expect((await store.search(ana, { query: "tea" })).results).toHaveLength(1);
    await server.query(url, `begin read write; alter database ${pathname.slice(1)} reset all; commit`);
  });

  it("says that no connection is free, and goes on once one is", async () => {
    const url = await server.newDatabase();
    const guest = await asGuest(url);
    const { pathname } = new URL(url);
    await server.query(url, `grant create on database ${pathname.slice(1)} to guest`);
    const store = await openStore(guest);
    await store.add(ana, { content: "x" });
    await server.query(url, "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'guest'");
    const held = await Promise.all(Array.from({ length: 11 }, () => hold(url)));
    await expect(store.list(ana)).rejects.toMatchObject({ code: "storage_locked", retryable: true });
    for (const release of held) await release();
    expect((await store.list(ana)).total).toBe(1);
  });

  it("says that the tables are gone, and that they are of a newer version or another encoding", async () => {
    const url = await server.newDatabase();
    const store = await openStore(url);
    await server.query(url, "update patchbay.schema_version set version = 99");
    await expect(openPostgresStore({ ...LIMITS, url })).rejects.toMatchObject({
      code: "storage_error",
      message: expect.stringContaining("newer version"),
    });
    await server.query(url, "drop schema patchbay cascade");
    await expect(store.add(ana, { content: "x" })).rejects.toMatchObject({ code: "storage_error" });
    await server.query(url, "create database ascii encoding 'SQL_ASCII' template template0");
    const ascii = url.replace(new URL(url).pathname, "/ascii");
    await expect(openPostgresStore({ ...LIMITS, url: ascii })).rejects.toMatchObject({
      code: "storage_error",
      message: expect.stringContaining("SQL_ASCII"),
    });
  });

  it.each(["postgres://ana:hunter2@db:port/x", "postgres://ana:hunter2@[::1/x", "postgres://ana:hun%zzter2@db/x"])(
    "says of a URL that is none what is wrong, without the password: %s",
    async (url) => {
      const error = await openPostgresStore({ ...LIMITS, url }).then(
        (store) => store.close(),
        (thrown: unknown) => thrown,
      );
      expect(error).toBeInstanceOf(ToolError);
      expect(`${JSON.stringify((error as ToolError).toResult())} ${(error as ToolError).cause}`).not.toMatch(
        /hunter2|ter2/,
      );
    },
  );

  it("finds what is wrong with the tables", async () => {
    const url = await server.newDatabase();
    const store = await openStore(url);
    await store.addAll(ana, [{ content: "green tea", tags: ["drinks"] }, { content: "black coffee" }]);
    expect(await store.verify()).toEqual([]);
    const damages: [sql: string, problem: RegExp][] = [
      ["delete from patchbay.posting where term = 'tea'", /1 entries of user \d+ are missing from the search index/],
      [
        "insert into patchbay.posting select uid, 'nothing', 7 from patchbay.owner",
        /holds 1 entries of user \d+ that belong/,
      ],
      ["update patchbay.owner set n = 5", /has 2 memories, but 5 are counted/],
      ["update patchbay.owner set bytes = 1", /has 21 bytes of memories, but 1 are counted/],
      ["insert into patchbay.trash values (999, 1, gen_random_uuid(), '{}', 0)", /table trash holds 1 rows of users/],
    ];
    for (const [sql, problem] of damages) {
      await server.query(url, sql);
      expect((await store.verify()).join("\n"), sql).toMatch(problem);
    }
  });

  /** Keeps a connection of the superuser's open. Gives what ends it. */
  async function hold(url: string): Promise<() => Promise<void>> {
    const { Client } = await import("pg");
    const client = new Client({ connectionString: url });
    client.on("error", () => {});
    await client.connect();
    return () => client.end();
  }
});
