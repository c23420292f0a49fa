import { describe, expect, it } from "vitest";
import { type Script, startHttpServer, unusedPort } from "../../test/fixtures/http-server.ts";
import { sessionOf } from "../../test/fixtures/identities.ts";
import { createSessions } from "./open-webui-session.ts";

async function setUp(script: Script = { json: { id: "5d0e", role: "user", expires_at: null } }) {
  const server = await startHttpServer(script);
  return { server, ask: createSessions(server.url) };
}

describe("a session", () => {
  it("is asked of Open-WebUI once a minute, and once by many at the same time", async () => {
    const { server, ask } = await setUp({ delayMs: 50, json: { id: "5d0e", role: "admin", expires_at: null } });
    const answers = await Promise.all(Array.from({ length: 20 }, () => ask(sessionOf("a"))));
    expect(new Set(answers.map((answer) => JSON.stringify(answer)))).toEqual(new Set(['{"subject":"5d0e"}']));
    await ask(sessionOf("a"));
    expect(server.requests.map(({ path, headers }) => [path, headers.authorization])).toEqual([
      ["/api/v1/auths/", `Bearer ${sessionOf("a")}`],
    ]);
    await ask(sessionOf("b"));
    expect(server.requests).toHaveLength(2);
  });

  it("counts no longer than Open-WebUI says", async () => {
    const { server, ask } = await setUp(() => ({
      json: { id: "5d0e", role: "user", expires_at: Math.floor(Date.now() / 1000) - 1 },
    }));
    await ask(sessionOf("x"));
    await ask(sessionOf("x"));
    expect(server.requests).toHaveLength(2);
  });

  it.each<[string, Script, unknown]>([
    ["that Open-WebUI refuses is none", { status: 401, json: { detail: "no" } }, undefined],
    ["that it forbids is none", { status: 403 }, undefined],
    ["of an account that waits is pending", { json: { id: "5d0e", role: "pending" } }, "pending"],
    ["of a failing Open-WebUI cannot be told", { status: 500 }, "unavailable"],
    ["is not told by a redirect", { status: 302, headers: { location: "http://127.0.0.1:1/" } }, "unavailable"],
    ["is not told by a web page", { text: "<html>" }, "unavailable"],
    ["is not told by JSON of something else", { json: { ok: true } }, "unavailable"],
    ["without a role is not told", { json: { id: "5d0e" } }, "unavailable"],
    ["of an id that is none is not told", { json: { id: "a\nb", role: "user" } }, "unavailable"],
    [
      "is not told by an answer that breaks off",
      { fault: "truncate", json: { id: "5d0e", role: "user" } },
      "unavailable",
    ],
    ["is not told by an answer of many megabytes", { text: " ".repeat(2_000_000) }, "unavailable"],
  ])("%s", async (_what, script, outcome) => {
    expect(await (await setUp(script)).ask(sessionOf("x"))).toEqual(outcome);
  });

  it("that was refused is not asked for again at once, but one that could not be told is", async () => {
    const refused = await setUp({ status: 401 });
    await refused.ask(sessionOf("x"));
    await refused.ask(sessionOf("x"));
    expect(refused.server.requests).toHaveLength(1);
    const { ask } = await setUp((_request, count) =>
      count === 1 ? { status: 502 } : { json: { id: "5d0e", role: "user" } },
    );
    expect(await ask(sessionOf("x"))).toBe("unavailable");
    expect(await ask(sessionOf("x"))).toEqual({ subject: "5d0e" });
  });

  it("is not waited for without end", async () => {
    const { ask } = await setUp({ fault: "hang" });
    const startedAt = performance.now();
    expect(await ask(sessionOf("x"))).toBe("unavailable");
    expect(performance.now() - startedAt).toBeLessThan(9_000);
    expect(await createSessions(`http://127.0.0.1:${await unusedPort()}`)(sessionOf("x"))).toBe("unavailable");
  }, 15_000);

  it.each([
    "session-of-ana",
    "key-of-ana-012345678X",
    "sk-proj-ABCDEFGHIJ1234567890",
    `pb_${"x".repeat(43)}`,
    sessionOf("ana", { iss: "https://other.example" }),
    sessionOf("ana", { aud: "other" }),
    sessionOf("ana", { id: undefined }),
    sessionOf("ana", { exp: 1_700_000_000 }),
  ])("that is plainly none is not asked for: %s", async (token) => {
    const { server, ask } = await setUp();
    expect(await ask(token)).toBeUndefined();
    expect(server.requests).toHaveLength(0);
  });

  it("of one who is alone at an address is told while a crowd at another makes sessions up", async () => {
    const { ask } = await setUp(({ headers }) => ({
      delayMs: 20,
      ...(headers.authorization === `Bearer ${sessionOf("ana")}`
        ? { json: { id: "ana", role: "user" } }
        : { status: 401, json: {} }),
    }));
    const crowd = Array.from({ length: 600 }, (_, index) => ask(sessionOf(`${index}`), "192.0.2.1"));
    const startedAt = performance.now();
    expect(await ask(sessionOf("ana"), "192.0.2.2")).toEqual({ subject: "ana" });
    expect(performance.now() - startedAt).toBeLessThan(1_000);
    const answers = await Promise.all(crowd);
    expect(answers.filter((answer) => answer === "unavailable")).toHaveLength(600 - 32 - 256);
  });
});
