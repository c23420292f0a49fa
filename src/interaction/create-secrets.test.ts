import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createSecrets, type SecretsOptions } from "./create-secrets.ts";
import { readForm } from "./form.ts";

const form = readForm({
  fields: [
    { name: "key", type: "password" },
    { name: "token", type: "password", api: "github" },
    { name: "name", type: "text" },
  ],
});

function start(options: SecretsOptions = {}) {
  const secrets = createSecrets(options);
  const keep = (user: string, data: Record<string, unknown>) =>
    secrets.keep(user, form, data) as Record<string, string>;
  return { secrets, keep };
}

const failure = (run: () => unknown) => {
  try {
    run();
  } catch (error) {
    const { code, message } = error as { code: string; message: string };
    return `${code}: ${message.replace(/[0-9a-f]{32}/, "…")}`;
  }
  return "nothing thrown";
};

describe("secrets of users", () => {
  it("stand in the answers as references, each another one, and other answers as they are", () => {
    const { keep } = start();
    const answers = keep("ana", { key: "hunter2", name: "Ana" });
    expect(answers).toEqual({ key: expect.stringMatching(/^secret:\/\/[0-9a-f]{32}$/), name: "Ana" });
    expect(keep("ana", { key: "hunter2" }).key).not.toBe(answers.key);
    expect(keep("ana", { name: "Ana" })).toEqual({ name: "Ana" });
  });

  it("come back in every text of a value, whole or inside, and nothing else changes", () => {
    const { secrets, keep } = start();
    const { key, token } = keep("ana", { key: "hunter2", token: "gh_12345" });
    const value = {
      a: [`Bearer ${token}`, 7, null],
      b: { c: `${key} and ${key}`, d: `x\n${key}, "${key}"` },
      e: "a secret",
    };
    expect(secrets.reveal("ana", "github", value)).toEqual({
      a: ["Bearer gh_12345", 7, null],
      b: { c: "hunter2 and hunter2", d: 'x\nhunter2, "hunter2"' },
      e: "a secret",
    });
    const json = JSON.stringify({ k: `a\n${key}`, l: `\u0007${key}` });
    expect(JSON.parse(secrets.reveal("ana", "x", json) as string)).toEqual({ k: "a\nhunter2", l: "\u0007hunter2" });
    const plain = { a: ["x"], b: 2n };
    expect(secrets.reveal("ana", "github", plain)).toBe(plain);
  });

  it.each([
    ["cut", (key: string) => key.slice(0, -1), "is no reference"],
    ["cut to a few digits", () => "secret://0000", "is no reference"],
    ["of nothing but its beginning", () => "see secret://", "is no reference"],
    ["made up", () => "secret://vault/db", "is no reference"],
    ["with more behind it", (key: string) => `${key}y`, "is no reference"],
    ["twice without a mark between", (key: string) => key + key, "is no reference"],
    ["of another", () => `secret://${"0".repeat(32)}`, "There is no secret"],
    ["behind a letter", (key: string) => `x${key}`, "touches a letter or digit"],
    ["behind a digit", (key: string) => `a 1${key}`, "touches a letter or digit"],
    ["percent-encoded", (key: string) => encodeURIComponent(key), "is escaped"],
    ["escaped as JSON", (key: string) => key.replaceAll("/", "\\/"), "is escaped"],
    ["as a name", (key: string) => ({ [key]: 1 }), "cannot be a name"],
  ])("are refused by a reference %s", (_how, write, message) => {
    const { secrets, keep } = start();
    const { key } = keep("ana", { key: "hunter2" });
    for (const value of [write(key!), { a: [write(key!)] }]) {
      expect(failure(() => secrets.reveal("ana", "x", value))).toMatch(new RegExp(`^invalid_input: .*${message}`));
    }
  });

  it("cannot end the text of a JSON that they stand in", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 4, unit: "binary" }), (value) => {
        const { secrets, keep } = start();
        const { key } = keep("ana", { key: value });
        const text = JSON.stringify({ user: "ana", password: key });
        expect(JSON.parse(secrets.reveal("ana", "x", text) as string)).toEqual({ user: "ana", password: value });
      }),
    );
  });

  it("count for their user, in this process, and for the API that they were given for", () => {
    const { secrets, keep } = start();
    const { key, token } = keep("ana", { key: "hunter2", token: "gh_12345" });
    expect(failure(() => secrets.reveal("ben", "github", key))).toBe("invalid_input: There is no secret secret://….");
    expect(failure(() => start().secrets.reveal("ana", "github", key))).toContain("There is no secret");
    expect(failure(() => secrets.reveal("ana", "gitlab", token))).toBe(
      'forbidden: The secret secret://… was given for the API "github" only.',
    );
    expect(secrets.reveal("ana", "gitlab", key!.toUpperCase().replace("SECRET", "secret"))).toBe("hunter2");
    expect(secrets.finderOf("ana")?.hide("a hunter2 gh_12345")).toBe("a [redacted] [redacted]");
    expect(secrets.finderOf("ben")).toBeUndefined();
  });

  it("end after a day", () => {
    let now = 1_000;
    const { secrets, keep } = start({ now: () => now });
    const { key } = keep("ana", { key: "hunter2" });
    now += 24 * 3_600_000 - 1;
    expect(secrets.reveal("ana", "x", key)).toBe("hunter2");
    expect(secrets.finderOf("ana")).toBe(secrets.finderOf("ana"));
    now += 1;
    expect(failure(() => secrets.reveal("ana", "x", key))).toContain("There is no secret");
    expect(secrets.finderOf("ana")).toBeUndefined();
  });

  it("are limited for each user, whose oldest goes, and in all, where no user's goes for another's", () => {
    const { secrets, keep } = start({ maxOfUser: 2, maxCharacters: 40 });
    const ben = keep("ben", { key: "b".repeat(10) });
    const [first, second, third] = ["one1", "two2", "three"].map((key) => keep("ana", { key }).key);
    expect(failure(() => secrets.reveal("ana", "x", first))).toContain("There is no secret");
    expect([second, third].map((key) => secrets.reveal("ana", "x", key))).toEqual(["two2", "three"]);
    expect(failure(() => keep("eve", { key: "e".repeat(30) }))).toContain("limit_reached");
    expect(secrets.finderOf("eve")).toBeUndefined();
    expect(secrets.reveal("ben", "x", ben.key)).toBe("b".repeat(10));
  });

  it("are limited in their characters for each user, whose oldest go", () => {
    const { secrets, keep } = start({ maxCharactersOfUser: 20 });
    const [first, second] = ["first-1", "second-2"].map((key) => keep("ana", { key }).key);
    const begun = secrets.finderOf("ana");
    const third = keep("ana", { key: "third-345678" }).key;
    expect(failure(() => secrets.reveal("ana", "x", first))).toContain("There is no secret");
    expect([second, third].map((key) => secrets.reveal("ana", "x", key))).toEqual(["second-2", "third-345678"]);
    // What a call hides that was under way does not come out because another call gave new ones.
    expect(begun?.hide("first-1 second-2")).toBe("[redacted] [redacted]");
    expect(secrets.finderOf("ana")?.hide("first-1 second-2 third-345678")).toBe("first-1 [redacted] [redacted]");
  });

  it("of one form are not given up for each other", () => {
    const { secrets, keep } = start({ maxCharactersOfUser: 20 });
    keep("ana", { key: "first-1" });
    expect(failure(() => keep("ana", { key: "eleven-char", token: "ten-chars!" }))).toBe(
      "validation_failed: A form takes 20 secrets with 20 characters together; these are 2 with 21.",
    );
    expect(secrets.finderOf("ana")?.hide("first-1")).toBe("[redacted]");
  });

  it("are hidden for every user, also where the writings of all are not kept", () => {
    const { secrets, keep } = start({ maxWritings: 500 });
    const users = Array.from({ length: 10 }, (_, at) => `user-${at}`);
    for (const user of users) keep(user, { key: `key of ${user}`, token: `token.of.${user}` });
    for (const user of [...users, ...users]) {
      const finder = secrets.finderOf(user);
      expect(finder?.hide(`a key of ${user}, token.of.${user}`)).toBe("a [redacted], [redacted]");
      expect(secrets.finderOf(user)).toBe(finder);
    }
  });

  it("are long enough to be told from ordinary words", () => {
    const { secrets, keep } = start();
    expect(failure(() => keep("ana", { key: "long enough", token: "abc" }))).toBe(
      "validation_failed: token has to have at least 4 characters.",
    );
    expect(secrets.finderOf("ana")).toBeUndefined();
  });
});
