import { describe, expect, it } from "vitest";
import { type Script, startHttpServer, unusedPort } from "../../test/fixtures/http-server.ts";
import { createSessions } from "./open-webui-session.ts";

async function setUp(script: Script = { json: { id: "5d0e", role: "user", expires_at: null } }) {
  const server = await startHttpServer(script);
  return { server, ask: createSessions(server.url) };
}

describe("a session", () => {
  it("is asked of Open-WebUI once a minute, and once by many at the same time", async () => {
    const { server, ask } = await setUp({ delayMs: 50, json: { id: "5d0e", role: "admin", expires_at: null } });
    const answers = await Promise.all(Array.from({ length: 20 }, () => ask("token-a")));
    expect(new Set(answers.map((answer) => JSON.stringify(answer)))).toEqual(new Set(['{"subject":"5d0e"}']));
    await ask("token-a");
    expect(server.requests.map(({ path, headers }) => [path, headers.authorization])).toEqual([
      ["/api/v1/auths/", "Bearer token-a"],
    ]);
    await ask("token-b");
    expect(server.requests).toHaveLength(2);
  });

  it("counts no longer than Open-WebUI says", async () => {
    const { server, ask } = await setUp(() => ({
      json: { id: "5d0e", role: "user", expires_at: Math.floor(Date.now() / 1000) - 1 },
    }));
    await ask("token");
    await ask("token");
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
    expect(await (await setUp(script)).ask("token")).toEqual(outcome);
  });

  it("that was refused is not asked for again at once, but one that could not be told is", async () => {
    const refused = await setUp({ status: 401 });
    await refused.ask("token");
    await refused.ask("token");
    expect(refused.server.requests).toHaveLength(1);
    const { ask } = await setUp((_request, count) =>
      count === 1 ? { status: 502 } : { json: { id: "5d0e", role: "user" } },
    );
    expect(await ask("token")).toBe("unavailable");
    expect(await ask("token")).toEqual({ subject: "5d0e" });
  });

  it("is not waited for without end", async () => {
    const { ask } = await setUp({ fault: "hang" });
    const startedAt = performance.now();
    expect(await ask("token")).toBe("unavailable");
    expect(performance.now() - startedAt).toBeLessThan(9_000);
    expect(await createSessions(`http://127.0.0.1:${await unusedPort()}`)("token")).toBe("unavailable");
  }, 15_000);

  it("is asked for by so many at once and no more", async () => {
    const { server, ask } = await setUp({ delayMs: 200, json: { id: "5d0e", role: "user" } });
    const answers = await Promise.all(Array.from({ length: 100 }, (_, index) => ask(`token-${index}`)));
    expect(answers.filter((answer) => answer === "unavailable")).toHaveLength(36);
    expect(server.requests).toHaveLength(64);
  });
});
