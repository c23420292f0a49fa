import { beforeAll, describe, expect, it } from "vitest";
import { call, failure, openClient } from "../../../test/fixtures/api-client.ts";
import { startHttpServer } from "../../../test/fixtures/http-server.ts";
import { DOCUMENTS_SETUP_MS, githubDocument, realDocument } from "../../../test/fixtures/real-documents.ts";
import type { ApiRequest } from "../api-request.ts";

let documents: Record<"github" | "stripe" | "slack", string>;
beforeAll(async () => {
  documents = {
    github: await githubDocument(),
    stripe: await realDocument("stripe.com"),
    slack: await realDocument("slack.com"),
  };
}, DOCUMENTS_SETUP_MS);

/** An API of a real document whose server is a local one. */
async function open(api: keyof typeof documents) {
  const server = await startHttpServer();
  const client = openClient({ x: { apiUrl: server.url, openapi: documents[api], timeout: 30 } });
  return {
    requests: server.requests,
    send: (request: Omit<ApiRequest, "api">) => call(client, { api: "x", ...request }),
  };
}

describe("Stripe", () => {
  it("gets forms with brackets, as its documents mean deepObject", async () => {
    const { send, requests } = await open("stripe");
    await send({
      operation: "PostCheckoutSessions",
      body: {
        success_url: "https://shop.example/ok?a=b&c=d",
        mode: "payment",
        line_items: [{ price: "price_1", quantity: "2" }],
        payment_method_types: ["card", "ideal"],
        metadata: { order: "7 b" },
        expand: ["customer"],
      },
    });
    const [request] = requests;
    expect(request?.headers["content-type"]).toBe("application/x-www-form-urlencoded");
    expect([...new URLSearchParams(request?.body)]).toEqual([
      ["success_url", "https://shop.example/ok?a=b&c=d"],
      ["mode", "payment"],
      ["line_items[0][price]", "price_1"],
      ["line_items[0][quantity]", "2"],
      ["payment_method_types[]", "card"],
      ["payment_method_types[]", "ideal"],
      ["metadata[order]", "7 b"],
      ["expand[]", "customer"],
    ]);
  });

  it("gets nested filters and lists in the query", async () => {
    const { send, requests } = await open("stripe");
    await send({
      operation: "GET /v1/charges?limit=3",
      query: { created: { gte: 1700000000 }, expand: "data.customer" },
    });
    expect([...new URLSearchParams(requests[0]?.url.split("?")[1])].sort()).toEqual([
      ["created[gte]", "1700000000"],
      ["expand[]", "data.customer"],
      ["limit", "3"],
    ]);
  });

  it("names the field that is wrong, however deep", async () => {
    const { send, requests } = await open("stripe");
    const body = { success_url: "https://shop.example", mode: "rent", line_items: [{ quantity: "some" }] };
    const { issues } = await failure(send({ operation: "PostCheckoutSessions", body }));
    expect(issues?.map(({ path }) => path).sort()).toEqual(["/body/line_items/0/quantity", "/body/mode"]);
    expect(requests).toEqual([]);
  });
});

describe("GitHub", () => {
  const repository = { owner: "acme", repo: "shop" };
  it.each([
    [
      "a file's path",
      "repos/get-content",
      { ...repository, path: "docs/read me.md" },
      "/repos/acme/shop/contents/docs%2Fread%20me.md",
    ],
    [
      "a branch",
      "git/get-ref",
      { ...repository, ref: "heads/feature/a" },
      "/repos/acme/shop/git/ref/heads%2Ffeature%2Fa",
    ],
    ["a number as text", "issues/get", { ...repository, issue_number: "7" }, "/repos/acme/shop/issues/7"],
  ])("gets %s", async (_what, operation, path, url) => {
    const { send, requests } = await open("github");
    await send({ operation, path });
    expect(requests[0]?.url).toBe(url);
  });

  it("gets text where it takes text, and JSON as it wants it", async () => {
    const { send, requests } = await open("github");
    await send({ operation: "markdown/render-raw", body: "# Hi" });
    await send({ operation: "issues/create", path: repository, body: { title: "t", labels: "bug", assignee: null } });
    expect(requests.map(({ headers, body }) => [headers["content-type"], body])).toEqual([
      ["text/plain", "# Hi"],
      ["application/json", '{"title":"t","labels":["bug"],"assignee":null}'],
    ]);
  });

  it("gets nothing where a name, a value or a type is wrong, and the error says what would be right", async () => {
    const { send, requests } = await open("github");
    const wrong = async (request: Omit<ApiRequest, "api">) => (await failure(send(request))).issues;
    expect(await wrong({ operation: "issues/list-for-repo", path: repository, query: { perPage: 5 } })).toEqual([
      { path: "/query/perPage", message: 'is no parameter of issues/list-for-repo; did you mean "per_page"?' },
    ]);
    expect(await wrong({ operation: "issues/list-for-repo", path: repository, query: { since: "last week" } })).toEqual(
      [{ path: "/query/since", message: 'must be a time such as 2026-11-28T18:00:00Z, not "last week"' }],
    );
    expect(
      await wrong({ operation: "checks/create", path: repository, body: { name: "n", head_sha: "x", status: "done" } }),
    ).toEqual([{ path: "/body/status", message: 'must be one of "queued", "in_progress", "completed", not "done"' }]);
    expect(await wrong({ operation: "issues/create", path: repository, body: {} })).toEqual([
      { path: "/body/title", message: "is required" },
    ]);
    expect(requests).toEqual([]);
  });
});

it("Slack gets a file's text in a form", async () => {
  const { send, requests } = await open("slack");
  const body = { channels: "C1", file: "a;b", filename: "a.csv" };
  await send({ operation: "files_upload", body });
  expect(Object.fromEntries(new URLSearchParams(requests[0]?.body))).toEqual(body);
});
