import { describe, expect, it } from "vitest";
import { call, failure, minimalDocument, openClient, openDocumented } from "../../../test/fixtures/api-client.ts";
import { startHttpServer } from "../../../test/fixtures/http-server.ts";

/** Ways out of a path that work where a server decodes, folds, splits or strips what it gets. */
const ESCAPES = [
  "..",
  ".",
  "../admin",
  "..\\admin",
  "%2e%2e",
  "%2E%2E%2Fadmin",
  ".%2e",
  "%252e%252e%252fadmin",
  "%25252e%25252e",
  "..%c0%afadmin",
  "%c0%ae%c0%ae",
  "..;/admin",
  "..;v=1",
  "..?x",
  "..#x",
  "..%00",
  "x\u0000",
  "x/../../admin",
  "..／admin",
  "．．",
  "‥",
  "..∕admin",
  "..⁄admin",
  "..\u2216admin",
  "..%E2%88%95admin",
  "x\r\nHost: evil.example",
  "x%0d%0aX-Evil: 1",
  " .. ",
  "..%20",
  "\t..",
];

const STYLES = ["simple", "label", "matrix"] as const;

async function openStyled(version = "3.1.1") {
  const paths = Object.fromEntries(
    STYLES.flatMap((style) =>
      [false, true].map((explode) => {
        const parameters = [{ name: "v", in: "path", required: true, style, explode, schema: {}, allowReserved: true }];
        return [`/${style}/${explode}/{v}/end`, { get: { operationId: `${style}-${explode}`, parameters } }];
      }),
    ),
  );
  return openDocumented({ ...minimalDocument(paths), openapi: version });
}

/** Shapes of a value in which a way out can be hidden. */
const SHAPES: [name: string, shape: (way: string) => unknown][] = [
  ["a text", (way) => way],
  ["the only item", (way) => [way]],
  ["a later item", (way) => ["x", way]],
  ["an item behind a slash", (way) => [`x/${way}/y`]],
  ["a member's value", (way) => ({ k: `/${way}/` })],
  ["a member's name", (way) => ({ [`/${way}/`]: "v" })],
  ["a nested value", (way) => ({ k: [`/${way}/`] })],
];

/** What a server may read in a URL, decoded as often as it likes. */
function readings(url: string): string[] {
  const all = [url];
  for (let round = 0; round < 4; round++) {
    const last = all.at(-1) as string;
    all.push(
      last.replace(/(?:%[0-9a-f]{2})+/gi, (run) => {
        try {
          return decodeURIComponent(run);
        } catch {
          return run;
        }
      }),
    );
  }
  return all.map((text) => text.normalize("NFKC"));
}

describe.each(["3.1.1", "3.2.0"])("path parameters of OpenAPI %s", (version) => {
  it.each(ESCAPES)("%j leads nowhere, in no style and no shape", async (way) => {
    const { client, requests } = await openStyled(version);
    let tried = 0;
    for (const style of STYLES) {
      for (const explode of [false, true]) {
        for (const [, shape] of SHAPES) {
          tried++;
          const request = { api: "x", operation: `${style}-${explode}`, path: { v: shape(way) } };
          await call(client, request).catch((error: { code?: string }) => {
            expect(["forbidden", "invalid_input"]).toContain(error.code);
          });
        }
      }
    }
    expect(tried).toBe(42);
    // What got through is one segment, however it is read, and nothing in it leads up or ends a line.
    for (const { url, headers } of requests) {
      expect(url).toMatch(/^\/(simple|label|matrix)\/(true|false)\/[^/?#]+\/end$/);
      for (const read of readings(url)) {
        expect(read.split(/[/\\∕⁄\u2216]/).map((part) => part.split(/[;?#]/)[0]?.trim())).not.toContain("..");
        expect(read).not.toMatch(/[\r\n\0\\]/);
      }
      expect(headers).not.toHaveProperty("x-evil");
    }
  });
});

describe("ordinary values", () => {
  it.each([
    ["an id with spaces", "order 7 b", "order%207%20b"],
    ["a time", "2026-11-28T18:00:00+01:00", "2026-11-28T18%3A00%3A00%2B01%3A00"],
    ["a date", "2026-11-28", "2026-11-28"],
    ["an e-mail address", "ana.b+c@example.com", "ana.b%2Bc%40example.com"],
    ["a URN", "urn:isbn:0451450523", "urn%3Aisbn%3A0451450523"],
    ["base64", "YWJj/ZGVm+Zw==", "YWJj%2FZGVm%2BZw%3D%3D"],
    ["a file's path, as one parameter", "docs/readme.md", "docs%2Freadme.md"],
    ["a branch", "feature/x..y", "feature%2Fx..y"],
    ["a hidden file", ".github/workflows/ci.yml", ".github%2Fworkflows%2Fci.yml"],
    ["a name of another alphabet", "Łódź 東京 😀", "%C5%81%C3%B3d%C5%BA%20%E6%9D%B1%E4%BA%AC%20%F0%9F%98%80"],
    ["a fraction", "½", "%C2%BD"],
    ["a percent sign", "100%", "100%25"],
    ["what looks encoded", "a%20b", "a%2520b"],
    ["a phone number", "+43 1 234", "%2B43%201%20234"],
    ["a range", "1...9", "1...9"],
    ["a query's characters", "a?b&c=d#e", "a%3Fb%26c%3Dd%23e"],
    ["quotes", `it's "x"`, "it%27s%20%22x%22"],
    ["a number", 7, "7"],
    ["a version", "~1.2.3", "~1.2.3"],
  ])("%s goes as it is, a slash in it as %%2F", async (_what, v, sent) => {
    const { client, requests } = await openStyled("3.0.4");
    await call(client, { api: "x", operation: "simple-false", path: { v } });
    await call(client, { api: "x", operation: "label-false", path: { v } });
    await call(client, { api: "x", operation: "matrix-true", path: { v } });
    expect(requests.map(({ url }) => url)).toEqual([
      `/simple/false/${sent}/end`,
      `/label/false/.${sent}/end`,
      `/matrix/true/;v=${sent}/end`,
    ]);
  });

  it("may hold a slash where the rule allows what a server would make of it, and only there", async () => {
    const server = await startHttpServer();
    const path = { path: "docs/readme.md" };
    const request = { api: "x", operation: "GET /contents/{path}", path };
    const open = openClient({ x: { apiUrl: server.url, allow: ["GET /contents/*"] } });
    await call(open, request);
    const closed = openClient({ x: { apiUrl: server.url, allow: ["GET /contents/{path}"] } });
    expect(await failure(call(closed, request))).toMatchObject({ code: "forbidden" });
    expect(server.requests.map(({ url }) => url)).toEqual(["/contents/docs%2Freadme.md"]);
  });

  it("are never empty, for the path would be another one", async () => {
    const { client, requests } = await openStyled();
    for (const [operation, v] of [
      ["simple-false", ""],
      ["simple-false", []],
      ["simple-true", {}],
      ["label-true", [""]],
      ["label-false", ""],
      ["matrix-true", []],
    ] as const) {
      const error = await failure(call(client, { api: "x", operation, path: { v } }));
      expect(["invalid_input", "forbidden"]).toContain(error.code);
      expect(error.issues?.[0]?.path).toBe("/path/v");
    }
    expect(requests).toEqual([]);
  });
});
