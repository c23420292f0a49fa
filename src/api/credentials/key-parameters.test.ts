import { describe, expect, it } from "vitest";
import { call, failure, minimalDocument, openDocumented } from "../../../test/fixtures/api-client.ts";
import type { ApiSettings, AuthSettings } from "../configured-api.ts";

const BEARER = {
  security: [{ slack: [] }],
  components: { securitySchemes: { slack: { type: "oauth2", flows: {} } } },
};

function open(parameter: object, given: Partial<ApiSettings>, more: object = BEARER) {
  const parameters = [
    { required: true, schema: { type: "string" }, ...parameter },
    { name: "channel", in: "query", required: true, schema: { type: "string" } },
  ];
  return openDocumented(minimalDocument({ "/a": { get: { operationId: "a", parameters } } }, more), given);
}

describe("a parameter that is plainly the key", () => {
  it.each([
    { name: "token", in: "header" },
    { name: "X-API-Key", in: "header" },
    { name: "Ocp-Apim-Subscription-Key", in: "header" },
    { name: "token", in: "query", description: "Authentication token. Requires scope: `none`" },
    { name: "accessToken", in: "query" },
    { name: "api_key", in: "query" },
    { name: "auth_token", in: "cookie" },
  ])("need not be given, for the server sends one by the scheme: %j", async (parameter) => {
    const { client, requests } = await open(parameter, { apiKey: "xoxb-12345" });
    await call(client, { api: "x", operation: "a", query: { channel: "c" } });
    expect(requests[0]).toMatchObject({ url: "/a?channel=c", headers: { authorization: "Bearer xoxb-12345" } });
    expect(requests[0]?.headers.token).toBeUndefined();
    const [described] = (await client.describe({ operation: "a" })).parameters;
    expect(described).toMatchObject({ name: parameter.name, description: expect.stringMatching(/^Leave it out: /) });
    expect(described).not.toHaveProperty("required");
  });

  it.each<[parameter: object, settings: Partial<ApiSettings>, more?: object]>([
    [{ name: "token", in: "header" }, {}],
    [{ name: "token", in: "header" }, { apiKey: "xoxb-12345" }, { ...BEARER, security: [{}] }],
    [{ name: "token", in: "query", description: "The hash that authorizes the download." }, { apiKey: "xoxb-12345" }],
    [{ name: "key", in: "query" }, { apiKey: "xoxb-12345" }],
    [{ name: "page_token", in: "query" }, { apiKey: "xoxb-12345" }],
  ])("has to be given where the server sends none, and where it may be something else: %j %j", async (...all) => {
    const [parameter, given, more] = all;
    const { client } = await open(parameter, given, more);
    const { code } = await failure(call(client, { api: "x", operation: "a", query: { channel: "c" } }));
    expect(code).toBe("invalid_input");
  });

  it("is told of where no scheme says how the key travels, and then it is sent there", async () => {
    const header = { name: "token", in: "header" };
    const check = async (given: Partial<ApiSettings>) => {
      const { client, requests } = await open(header, { apiKey: "xoxb-12345", ...given }, {});
      await call(client, { api: "x", operation: "a", query: { channel: "c" } });
      const [{ problems } = { problems: [] }] = await client.check(new AbortController().signal);
      return { problems, sent: requests[0]?.headers.token };
    };
    expect(await check({})).toMatchObject({
      sent: undefined,
      problems: [{ key: "apis.x.apiKey", hint: expect.stringContaining("auth: { type: header, name: token }") }],
    });
    const auth = { type: "header", name: "token" } as AuthSettings;
    expect(await check({ auth })).toEqual({ sent: "xoxb-12345", problems: [] });
  });
});
