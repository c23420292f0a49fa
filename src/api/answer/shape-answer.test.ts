import { describe, expect, it } from "vitest";
import { call, failure, openClient } from "../../../test/fixtures/api-client.ts";
import { type ScriptedAnswer, startHttpServer } from "../../../test/fixtures/http-server.ts";
import type { ApiRequest } from "../api-request.ts";

const people = Array.from({ length: 300 }, (_, id) => ({ id, name: `Name ${id}`, bio: "b".repeat(40), age: id % 90 }));

/** A client of an API that answers so, and what calls it once with these arguments. */
async function open(answer: ScriptedAnswer, maxAnswerLength = 2000) {
  const server = await startHttpServer(answer);
  const client = openClient({ x: { apiUrl: server.url, allow: ["* /*"], maxAnswerLength } });
  const ask = (more: Partial<ApiRequest> = {}, user?: string) =>
    call(client, { api: "x", operation: "GET /people", ...more }, user);
  return { server, client, ask };
}

describe("fields and select", () => {
  it("give a part of the answer; select comes first", async () => {
    const { ask } = await open({ json: { people: people.slice(0, 3), total: 3 } });
    expect((await ask({ fields: ["total"] })).data).toEqual({ total: 3 });
    expect((await ask({ select: "people[?id > `0`].name" })).data).toEqual(["Name 1", "Name 2"]);
    expect((await ask({ select: "people[:2]", fields: ["id"] })).data).toEqual([{ id: 0 }, { id: 1 }]);
    expect((await ask({ select: "nothing" })).data).toBeNull();
    expect((await ask({ fields: [] })).data).toMatchObject({ total: 3 });
    expect((await ask({ fields: ["totl"] })).warnings).toEqual(['There is no field "totl". There are: people, total.']);
  });

  it("that cannot be evaluated are told with the place, and one that never ends is ended", async () => {
    const { ask } = await open({ json: { people } });
    expect(await failure(ask({ select: "people[*.name" }))).toMatchObject({
      code: "invalid_input",
      message: expect.stringMatching(/^"select" cannot be evaluated at character 9 \("people\[\* ⟶ .name"\): /),
      hint: expect.stringContaining("JMESPath"),
      issues: [{ path: "/select", message: expect.any(String) }],
    });
    expect(await failure(ask({ select: "nope(@)" }))).toMatchObject({ hint: expect.stringContaining("sort_by") });
    const growing = `${"[@, @][] | ".repeat(40)}@`;
    expect((await failure(ask({ select: growing }))).code).toMatch(/^(too_large|deadline_exceeded)$/);
    expect((await ask({ select: "length(people)" })).data).toBe(300);
  });

  it("with a path that is no path are refused", async () => {
    const { ask } = await open({ json: { a: 1 } });
    expect(await failure(ask({ fields: ["a.".repeat(5000)] }))).toMatchObject({ code: "invalid_input" });
    expect(await ask({ fields: ["a.b.c"] })).toMatchObject({ data: {}, warnings: [expect.any(String)] });
  });

  it("are not applied to what is no JSON, which is said", async () => {
    const { ask } = await open({ text: "hello" });
    expect(await ask({ fields: ["a"] })).toMatchObject({
      data: "hello",
      warnings: [expect.stringContaining("not JSON")],
    });
  });

  it("leave a caller that goes nothing to wait for", async () => {
    const { client } = await open({ json: people });
    const gone = new AbortController();
    const request = { api: "x", operation: "GET /people", select: "map(&map(&length(to_string($)), $), @)" };
    setTimeout(() => gone.abort(), 300);
    expect(await failure(call(client, request, "ana", gone.signal))).toMatchObject({ code: "aborted" });
  });
});

describe("a long answer", () => {
  it("comes in parts of whole items, each asked for by the id of the one before, without another call", async () => {
    const { server, ask } = await open({ json: { people, total: 300 } });
    const got: unknown[] = [];
    let result = await ask();
    expect(result).toMatchObject({ data: { total: 300 }, rest: { unit: "items", total: 300 }, http_status: 200 });
    expect(result.warnings).toEqual([
      expect.stringMatching(
        new RegExp(
          `^Items 1 to ${result.rest?.given} of 300 of "people"\\. call_api with rest "${result.rest?.id}" gives`,
        ),
      ),
    ]);
    for (let parts = 1; ; parts++) {
      expect(parts).toBeLessThan(50);
      expect(JSON.stringify(result.data).length).toBeLessThanOrEqual(2000);
      got.push(...(result.data as { people: unknown[] }).people);
      if (!result.rest) break;
      const rest = result.rest.id;
      expect(await ask({ rest })).toEqual(await ask({ rest }));
      result = await ask({ rest });
    }
    expect(got).toEqual(people);
    expect(result.warnings).toEqual([expect.stringMatching(/^Items \d+ to 300 of 300 of "people", the last ones\.$/)]);
    expect(server.requests).toHaveLength(1);
  });

  it("is asked for other parts of it while it is kept", async () => {
    const { server, ask } = await open({ json: { people, total: 300 } });
    const { rest } = await ask();
    const id = rest?.id as string;
    expect((await ask({ rest: id, select: "people[?id == `299`].name | [0]" })).data).toBe("Name 299");
    expect((await ask({ rest: id, fields: ["total"] })).data).toEqual({ total: 300 });
    const names = await ask({ rest: id.split(".")[0] as string, fields: ["people.name"] });
    expect(names.rest).toMatchObject({ unit: "items", total: 300 });
    const second = await ask({ rest: names.rest?.id as string });
    expect((second.data as { people: object[] }).people[0]).toEqual({ name: `Name ${names.rest?.given}` });
    expect((await ask({ rest: rest?.uri as string })).data).toMatchObject({ total: 300 });
    expect(server.requests).toHaveLength(1);
  });

  it("that a projection made short is given whole", async () => {
    const { ask } = await open({ json: people });
    expect(await ask({ select: "[*].id" })).toEqual({ data: people.map(({ id }) => id), http_status: 200 });
  });

  it("without a list is shortened, and its parts are read by select", async () => {
    const page = { id: 7, html: "<p>Hello</p>".repeat(1000), end: "last words" };
    const { ask } = await open({ json: page });
    const result = await ask();
    expect(result.data).toMatchObject({ id: 7, end: "last words", html: expect.stringMatching(/more characters\)$/) });
    expect(result).toMatchObject({ rest: { unit: "characters", total: JSON.stringify(page).length } });
    const rest = result.rest?.id as string;
    expect((await ask({ rest, select: "length(html)" })).data).toBe(12_000);
    let part = await ask({ rest, select: "html" });
    let html = part.data as string;
    while (part.rest) {
      part = await ask({ rest: part.rest.id });
      html += part.data as string;
    }
    expect(html).toBe(page.html);
  });

  it("that is text comes in whole lines", async () => {
    const text = Array.from({ length: 500 }, (_, n) => `${n};"name ${n}"\n`).join("");
    const { ask } = await open({ text, headers: { "content-type": "text/csv" } });
    let result = await ask();
    let got = "";
    for (;;) {
      expect(result).toMatchObject({ content_type: "text/csv", data: expect.stringMatching(/\n$/) });
      got += result.data as string;
      if (!result.rest) break;
      result = await ask({ rest: result.rest.id });
    }
    expect(got).toBe(text);
  });

  it("that is larger than what is kept says that it has to be asked for in less", async () => {
    const server = await startHttpServer({ json: Array.from({ length: 30 }, () => "x".repeat(1_000_000)) });
    const client = openClient({
      x: { apiUrl: server.url, allow: ["GET /a"], maxResponseBytes: 40_000_000, timeout: 15 },
    });
    const result = await call(client, { api: "x", operation: "GET /a" });
    expect(result.rest).toBeUndefined();
    expect(result.warnings).toEqual([expect.stringContaining("too large to be kept")]);
  });
});

describe("a kept answer", () => {
  it("is its own user's alone, and one that is not there is not found", async () => {
    const { ask } = await open({ json: people });
    const rest = (await ask()).rest?.id as string;
    for (const [id, user] of [
      [rest, "ben"],
      ["00000000-0000-4000-8000-000000000000.5", "ana"],
      ["../../etc", "ana"],
      ["", "ana"],
    ] as const) {
      expect(await failure(ask({ rest: id }, user))).toMatchObject({
        code: "not_found",
        hint: expect.stringContaining("Call the API again"),
      });
    }
    expect(await failure(ask({ rest: `${rest.split(".")[0]}.300` }))).toMatchObject({ code: "invalid_input" });
  });

  it("that is binary is told where to be read", async () => {
    const { ask } = await open({ bytes: Buffer.alloc(9000), headers: { "content-type": "image/png" } });
    const { resource } = await ask();
    expect(await ask({ rest: resource?.id as string })).toMatchObject({ resource, bytes: 9000 });
  });
});
