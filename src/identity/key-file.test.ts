import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "../../test/fixtures/cleanup.ts";
import { runProcess, serverCommand } from "../../test/fixtures/spawn.ts";
import { addKey, keyFileOf, readKeys, revokeKey } from "./key-file.ts";
import { hashOf } from "./key-hash.ts";
import { createKeyRing } from "./key-ring.ts";

/** More than a ring waits between two looks at the file. */
const LOOK_MS = 700;

describe("keys.json", () => {
  it("holds hashes alone, for the eyes of its owner", async () => {
    const file = keyFileOf(join(temporaryFolder(), "new", "data"));
    const { key, kept } = await addKey(file, { user: "ana", name: "laptop", scopes: ["read"] });
    expect(key).toMatch(/^pb_[\w-]{43}$/);
    const text = readFileSync(file, "utf8");
    expect(text).not.toContain(key);
    expect(await readKeys(file)).toEqual([
      { ...kept, hash: hashOf(key), user: "ana", name: "laptop", scopes: ["read"] },
    ]);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it("keeps every change of many at once, in one process and in several", async () => {
    const folder = temporaryFolder();
    const config = { dataDir: folder };
    const file = keyFileOf(folder);
    const commands = Array.from({ length: 3 }, (_, index) =>
      runProcess(serverCommand({ config, args: ["keys", "add", "--user", `user-${index}`] })),
    );
    const own = await Promise.all(Array.from({ length: 20 }, (_, index) => addKey(file, { user: `own-${index}` })));
    await Promise.all([...own.slice(0, 10).map(({ kept }) => revokeKey(file, kept.id)), ...commands]);
    const users = ((await readKeys(file)) ?? []).map(({ user }) => user);
    expect(users.sort()).toEqual([...own.slice(10).map(({ kept }) => kept.user), "user-0", "user-1", "user-2"].sort());
    expect(readdirSync(folder).filter((name) => name.endsWith(".tmp"))).toEqual([]);
  }, 30_000);

  it("tells an id that there is not", async () => {
    const file = keyFileOf(temporaryFolder());
    await expect(revokeKey(file, "none")).rejects.toMatchObject({ code: "not_found" });
  });

  it.each([
    ["no JSON", "{"],
    ["another form", '{"keys": []}'],
    ["a hash that is none", '{"version": 1, "keys": [{"id": "a", "hash": "sha256:", "created": ""}]}'],
    [
      "an end that cannot be read",
      `{"version": 1, "keys": [{"id": "a", "hash": "${hashOf("k")}", "created": "", "expires": "soon"}]}`,
    ],
  ])("with %s keeps a server from starting", (_what, text) => {
    const file = keyFileOf(temporaryFolder());
    writeFileSync(file, text);
    expect(() => createKeyRing([], file)).toThrow(expect.objectContaining({ code: "invalid_config" }));
  });
});

describe("a key ring", () => {
  it("has the keys of the configuration and of the file, as it is now", async () => {
    const file = keyFileOf(temporaryFolder());
    const ring = createKeyRing([{ key: "key-of-ana", user: "ana" }], file);
    const { key, kept } = await addKey(file, { user: "ben", scopes: ["read"] });
    await sleep(LOOK_MS);
    expect(await ring.find("key-of-ana")).toMatchObject({ user: "ana", scopes: undefined });
    expect(await ring.find(key)).toMatchObject({ user: "ben", scopes: ["read"] });
    await revokeKey(file, kept.id);
    await sleep(LOOK_MS);
    expect(await ring.find(key)).toBeUndefined();
    expect(await ring.find("key-of-ana")).toMatchObject({ user: "ana" });
  });

  it("knows no key any more whose time is over", async () => {
    const file = keyFileOf(temporaryFolder());
    const { key } = await addKey(file, { user: "ana", expires: new Date(Date.now() + 300).toISOString() });
    const ring = createKeyRing([], file);
    expect(await ring.find(key)).toMatchObject({ user: "ana" });
    await sleep(350);
    expect(await ring.find(key)).toBeUndefined();
  });

  it("is never empty again once there was a key, whatever becomes of the file", async () => {
    const file = keyFileOf(temporaryFolder());
    const ring = createKeyRing([], file);
    expect(await ring.isEmpty()).toBe(true);
    const { kept } = await addKey(file, { user: "ana" });
    await sleep(LOOK_MS);
    expect(await ring.isEmpty()).toBe(false);
    await revokeKey(file, kept.id);
    expect(await createKeyRing([], file).isEmpty()).toBe(false);
    rmSync(file);
    await sleep(LOOK_MS);
    expect(await ring.isEmpty()).toBe(false);
  });

  it("takes the keys of a file that is damaged for none, and says so", async () => {
    const file = keyFileOf(temporaryFolder());
    const { key } = await addKey(file, { user: "ana" });
    const errors: unknown[] = [];
    const ring = createKeyRing([], file, (error) => errors.push(error));
    expect(await ring.find(key)).toBeDefined();
    writeFileSync(file, "{");
    await sleep(LOOK_MS);
    expect(await ring.find(key)).toBeUndefined();
    expect(errors).toMatchObject([{ code: "invalid_config" }]);
    expect(await ring.isEmpty()).toBe(false);
  });
});
