import { execFileSync } from "node:child_process";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { call, failure, openClient } from "../../../test/fixtures/api-client.ts";
import { temporaryFolder } from "../../../test/fixtures/connect.ts";
import { startHttpServer } from "../../../test/fixtures/http-server.ts";
import type { JsonObject } from "../operation.ts";
import type { ApiDocument } from "./document.ts";
import { readDocument } from "./load-document.ts";
import { readOperations } from "./operations.ts";

const HEAD = "openapi: 3.1.0\ninfo: {title: x, version: '1'}\n";

/** Writes files into a folder of their own and gives the path of the first one. */
function write(files: Record<string, string>): string {
  const folder = join(temporaryFolder(), "api");
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return join(folder, Object.keys(files)[0] ?? "");
}

const refOf = (document: ApiDocument, ...path: string[]): string => {
  let at: unknown = document.root;
  for (const key of path) at = (at as JsonObject)[key];
  return (at as { $ref: string }).$ref;
};

describe("documents of several files", () => {
  it("are read whole: every reference is relative to the file it stands in, cycles stay references", async () => {
    const file = write({
      "openapi.yaml": `${HEAD}paths:\n  /pets/{id}: {$ref: ./paths/pet.yaml}\ncomponents:\n  schemas:\n    Name: {type: string}\n`,
      "paths/pet.yaml": [
        "parameters:\n  - {$ref: '../shared/parameters.json#/Id'}",
        "get:\n  operationId: getPet\n  responses:\n    200:\n      description: ok",
        "      content: {application/json: {schema: {$ref: '../schemas/My%20Pet.yaml#/Pet'}}}",
      ].join("\n"),
      "shared/parameters.json":
        '{"Id":{"name":"id","in":"path","required":true,"schema":{"$ref":"#/IdSchema"}},"IdSchema":{"type":"integer"}}',
      "schemas/My Pet.yaml": [
        "Pet:\n  type: object\n  properties:",
        "    name: {$ref: ../openapi.yaml#/components/schemas/Name}",
        "    owner: {$ref: ./Owner.yaml}\n    friend: {$ref: '#/Pet'}",
      ].join("\n"),
      "schemas/Owner.yaml": "type: object\nproperties: {pets: {type: array, items: {$ref: './My%20Pet.yaml#/Pet'}}}\n",
    });
    const document = await readDocument(file, "x");
    const [operation] = readOperations(document, "x");
    expect(operation).toMatchObject({ id: "getPet", path: "/pets/{id}", parameterNames: ["id"] });
    const details = operation!.details();
    expect(details.problems).toEqual([]);
    expect(document.resolve(details.parameters[0]?.schema)).toEqual({ type: "integer" });
    const pet = document.resolve(details.responseSchema(200)) as { properties: Record<string, JsonObject> };
    expect(document.resolve(pet.properties.name)).toEqual({ type: "string" });
    expect(document.resolve(pet.properties.friend)).toBe(pet);
    const owner = document.resolve(pet.properties.owner) as { properties: { pets: { items: JsonObject } } };
    expect(document.resolve(owner.properties.pets.items)).toBe(pet);
  });

  it("may keep whole sections, lists of names and anchors in other files", async () => {
    const file = write({
      "openapi.yaml": `${HEAD}paths: {$ref: paths.yaml}\ncomponents:\n  schemas: {$ref: schemas/index.yaml}\n`,
      "paths.yaml":
        "/a:\n  post:\n    requestBody: {content: {application/json: {schema: {$ref: 'openapi.yaml#/components/schemas/Pet'}}}}\n",
      "schemas/index.yaml": "Pet: {$ref: Pet.yaml#pet}\n",
      "schemas/Pet.yaml": "$defs: {it: {$anchor: pet, type: object, title: Pet}}\n",
    });
    const document = await readDocument(file, "x");
    const [operation] = readOperations(document, "x");
    expect(document.resolve(operation!.details().body?.contents[0]?.schema)).toMatchObject({ title: "Pet" });
  });

  it("are called and described like any other", async () => {
    const server = await startHttpServer({ json: { name: "Rex" } });
    const file = write({
      "openapi.yaml": `${HEAD}paths:\n  /pets: {$ref: pets.yaml}\n`,
      "pets.yaml":
        "post:\n  operationId: addPet\n  requestBody: {required: true, content: {application/json: {schema: {$ref: Pet.yaml}}}}\n",
      "Pet.yaml": "type: object\nrequired: [name]\nproperties: {name: {type: string}, parent: {$ref: Pet.yaml}}\n",
    });
    const client = openClient({ x: { apiUrl: server.url, openapi: file } });
    expect(await failure(call(client, { api: "x", operation: "addPet", body: { parent: { name: 1 } } }))).toMatchObject(
      {
        issues: expect.arrayContaining([expect.objectContaining({ path: "/body/name" })]),
      },
    );
    await call(client, { api: "x", operation: "addPet", body: { name: "Rex" } });
    expect(server.requests.map(({ body }) => body)).toEqual(['{"name":"Rex"}']);
    const described = JSON.stringify(await client.describe({ operation: "addPet" }));
    expect(described).toContain('"name"');
  });

  it("leave what is data alone, and the names of schemas", async () => {
    const file = write({
      "openapi.yaml": [
        `${HEAD}paths:\n  /a:\n    get:\n      responses: {default: {$ref: 'b.yaml#/r'}}`,
        "components:\n  schemas:",
        "    default: {$ref: 'b.yaml#/s'}",
        "    A:\n      type: object\n      properties:",
        "        example: {$ref: 'b.yaml#/s'}",
        "        $ref: {type: string}",
        "      example: {$ref: 'of-the-example.yaml'}",
        "      default: {$ref: 'of-the-default.yaml'}",
        "    B: {$id: 'https://example.com/schemas/b', type: object}",
        "    C: {$ref: 'https://example.com/schemas/b'}",
      ].join("\n"),
      "b.yaml": "r: {description: ok}\ns: {type: string}\n",
    });
    const document = await readDocument(file, "x");
    const schemas = ["components", "schemas"];
    expect(document.lookUp(refOf(document, "paths", "/a", "get", "responses", "default"))).toEqual({
      description: "ok",
    });
    expect(document.lookUp(refOf(document, ...schemas, "default"))).toEqual({ type: "string" });
    expect(document.lookUp(refOf(document, ...schemas, "A", "properties", "example"))).toEqual({ type: "string" });
    expect(refOf(document, ...schemas, "A", "example")).toBe("of-the-example.yaml");
    expect(document.problemOf("of-the-example.yaml")).toBeUndefined();
    expect(refOf(document, ...schemas, "C")).toBe("https://example.com/schemas/b");
    expect(document.problemOf("https://example.com/schemas/b")).toBeUndefined();
  });

  it("may refer to themselves by the URL that they give themselves", async () => {
    const file = write({
      "openapi.yaml": [
        "openapi: 3.2.0\n$self: https://api.example.com/v1/openapi.yaml\ninfo: {title: x, version: '1'}",
        "servers: [{url: ./live}]",
        "paths:\n  /a:\n    get:\n      parameters:",
        "        - {$ref: 'https://api.example.com/v1/openapi.yaml#/components/parameters/P'}",
        "        - {$ref: 'https://api.example.com/v1/more/q.yaml'}",
        "components: {parameters: {P: {name: p, in: query}}}",
      ].join("\n"),
      "more/q.yaml": "{name: q, in: query}",
    });
    const document = await readDocument(file, "x");
    expect(readOperations(document, "x")[0]?.parameterNames).toEqual(["p", "q"]);
    const [check] = await openClient({ x: { openapi: file } }).check(AbortSignal.timeout(500));
    expect(check?.base_url).toBe("https://api.example.com/v1/live");
  });
});

describe("references that are not followed", () => {
  const secret = '{"name":"stolen","in":"query"}';

  it.each([
    ["out of the folder", "../outside.json", "leads out of the document's folder"],
    ["out of it in code", "%2e%2e/outside.json", "leads out of the document's folder"],
    ["out of it by a detour", "sub/../../outside.json", "leads out of the document's folder"],
    ["out of it with a slash in code", "..%2foutside.json", "leads out of the document's folder"],
    ["by an absolute path", "/etc/hostname", "is no path below the document's folder"],
    ["by an absolute path in code", "%2fetc/hostname", "is no path below the document's folder"],
    ["by backslashes", "..\\outside.json", "is no path below the document's folder"],
    ["by a URL", "http://127.0.0.1:9/outside.json", "is a URL, and the document is a file"],
    ["by a file URL", "file:///etc/hostname", "is a URL, and the document is a file"],
    ["by a link out of the folder", "link.json", "leads out of the document's folder"],
    ["by a link to a folder out of it", "linked/outside.json", "leads out of the document's folder"],
    ["to a pipe, which never ends", "pipe.json", "is no file"],
    ["to a folder", "sub", "is no file"],
    ["to what does not exist", "gone.json", "does not exist"],
    ["to what is no JSON or YAML", "broken.json", "is neither valid JSON nor YAML"],
    ["to a text", "note.md", "holds no object"],
    ["with a zero byte", "a%00.json", "is no path below the document's folder"],
  ])("%s are told with the operation, which stays callable", async (_what, ref, words) => {
    const file = write({
      "api.json": JSON.stringify({
        openapi: "3.0.3",
        paths: {
          "/a": { get: { operationId: "a", parameters: [{ $ref: ref }, { name: "own", in: "query" }] } },
          "/b": { get: { operationId: "b" } },
        },
      }),
      "sub/keep.json": "{}",
      "broken.json": '{"a":',
      "note.md": "Just words.",
    });
    const folder = dirname(file);
    writeFileSync(join(folder, "..", "outside.json"), secret);
    symlinkSync(join(folder, "..", "outside.json"), join(folder, "link.json"));
    symlinkSync(join(folder, ".."), join(folder, "linked"));
    execFileSync("mkfifo", [join(folder, "pipe.json")]);
    const document = await readDocument(file, "x");
    const [a, b] = readOperations(document, "x");
    expect(a?.parameterNames).toEqual(["own"]);
    const problems = a!.details().problems!;
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(words);
    expect(JSON.stringify(problems)).not.toContain(folder);
    expect(b!.details().problems).toEqual([]);
  });

  it("are a problem of one operation where its whole path is lost", async () => {
    const file = write({
      "api.yaml": `${HEAD}paths:\n  /a: {$ref: gone.yaml, get: {operationId: a}}\n  /b: {get: {$ref: 'gone.yaml#/b', operationId: b}}\n`,
    });
    const operations = readOperations(await readDocument(file, "x"), "x");
    expect(operations.map(({ id }) => id)).toEqual(["a", "b"]);
    expect(operations.map((operation) => operation.details().problems)).toEqual([
      ["The document refers to gone.yaml, which does not exist."],
      ["The document refers to gone.yaml#/b, which does not exist."],
    ]);
    const client = openClient({ x: { apiUrl: "https://api.example.com", openapi: file } });
    expect((await client.describe({ operation: "a" })).notes).toContain(
      "The document refers to gone.yaml, which does not exist.",
    );
  });

  it("are told where a schema has them", async () => {
    const schema = "{type: object, properties: {a: {$ref: gone.yaml}, b: {$ref: '#/nowhere'}}}";
    const file = write({
      "api.yaml": `${HEAD}paths:\n  /a: {post: {operationId: a, requestBody: {content: {application/json: {schema: ${schema}}}}}}\n`,
    });
    const client = openClient({ x: { apiUrl: "https://api.example.com", openapi: file } });
    const described = JSON.stringify(await client.describe({ operation: "a" }));
    expect(described).toContain("The document refers to gone.yaml, which does not exist.");
    expect(described).toContain("The document does not define this.");
  });

  it("are those beyond a number of files", async () => {
    const many = Object.fromEntries(Array.from({ length: 2100 }, (_, at) => [`/p${at}`, { $ref: `p/${at}.json` }]));
    const files = Object.fromEntries(
      Array.from({ length: 2100 }, (_, at) => [`p/${at}.json`, `{"get":{"operationId":"o${at}"}}`]),
    );
    const file = write({ "api.json": JSON.stringify({ openapi: "3.0.3", paths: many }), ...files });
    expect(readOperations(await readDocument(file, "x"), "x")).toHaveLength(2000);
  });
});
