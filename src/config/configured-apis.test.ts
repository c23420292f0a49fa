// biome-ignore-all lint/suspicious/noTemplateCurlyInString: configuration refers to variables that way
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "../../test/fixtures/cleanup.ts";
import { loadConfig, redactConfig } from "./load-config.ts";

const folder = temporaryFolder();

/** Loads the text of a file, with nothing of this machine's environment. */
function load(text: string, env: Record<string, string> = {}) {
  writeFileSync(join(folder, "patchbay.yaml"), text);
  return loadConfig({ env: { HOME: folder, ...env }, cwd: folder, flags: {}, file: undefined });
}

/** What is wrong with the file, one problem a line. */
async function problemsOf(text: string, env: Record<string, string> = {}): Promise<string> {
  const error = await load(text, env).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toMatchObject({ code: "invalid_config" });
  return (error as Error).message;
}

describe("API keys", () => {
  it.each([
    ["an empty key", "''", "at least 6 characters"],
    ["a short key", "short", "at least 6 characters"],
    ["a key with a space", "'key with spaces'", "no spaces"],
    ["a key beyond ASCII", "schlüssel", "letters, digits and signs of ASCII"],
  ])("refuses %s", async (_what, key, message) => {
    expect(await problemsOf(`auth: { apiKeys: [{ key: ${key}, user: ana }] }`)).toContain(message);
  });

  it("refuses a key that stands for two users", async () => {
    const text = "auth:\n  apiKeys:\n    - { key: key-of-ana, user: ana }\n    - { key: key-of-ana, user: ben }\n";
    expect(await problemsOf(text)).toContain(
      "auth.apiKeys.1.key (patchbay.yaml:4): the same key stands for another entry already",
    );
  });
});

describe("APIs", () => {
  it.each([
    [
      "{ auth: { type: basic } }",
      "apis.a.auth.username (patchbay.yaml:1): is needed with auth.type basic, here or in users.",
    ],
    [
      "{ auth: { type: bearer } }",
      "apis.a.apiKey (patchbay.yaml:1): is needed with auth.type bearer, here or in users.",
    ],
    ["{ auth: { type: header, name: X-Key }, users: { ana: { username: a } } }", "apis.a.apiKey"],
    ["{ auth: { type: query }, apiKey: key-123456 }", "apis.a.auth.name (patchbay.yaml:1): is needed with type query"],
    ["{ auth: { type: oauth2, tokenUrl: 'https://t.example', clientId: c } }", "apis.a.auth.clientSecret"],
    ["{ auth: { type: oauth2, clientId: c, clientSecret: s } }", "apis.a.auth.tokenUrl"],
    ["{ requireUserCredentials: true }", "apis.a.users (patchbay.yaml:1): is needed with requireUserCredentials"],
    [
      "{ allow: [GET /v1/*, v1/items] }",
      'apis.a.allow.1 (patchbay.yaml:1): must be METHOD /path, such as `GET /v1/*` (got "v1/items").',
    ],
    ["{ confirm: [DELETE everything] }", "apis.a.confirm"],
    ["{ confirm: sometimes }", "must be true, false or a list of rules"],
    ["{ tools: [{ operation: getItem, name: Get-Item }] }", "apis.a.tools.0"],
    [
      "{ redirectHosts: ['http://127.0.0.1:9105/'] }",
      'apis.a.redirectHosts.0 (patchbay.yaml:1): must be a host, `name` or `name:port`, not a URL: write 127.0.0.1:9105 (got "http://127.0.0.1:9105/").',
    ],
    ["{ redirectHosts: ['cdn.example.com/files'] }", "not a URL: write cdn.example.com (got"],
    ["{ redirectHosts: ['*.example.com'] }", "must be a host, `name` or `name:port`, without * (got"],
    ["{ redirectHosts: ['two words'] }", "must be a host, `name` or `name:port` (got"],
    ["{ users: { ana: {} } }", "apis.a.users.ana (patchbay.yaml:1): holds no credentials; leave it out, or write"],
  ])("refuse %s", async (api, problem) => {
    expect(await problemsOf(`apis: { a: ${api} }`)).toContain(problem);
  });

  it.each([
    "{ auth: { type: basic, username: ana, password: '' } }",
    "{ auth: { type: basic }, apiKey: 'ana:password' }",
    "{ auth: { type: basic }, apiUrl: 'https://ana:password@api.example' }",
    "{ auth: { type: bearer }, users: { ana: { apiKey: key-of-ana } } }",
    "{ redirectHosts: [cdn.example.com, 'cdn:8080', 127.0.0.1, '127.0.0.1:80', '::1', '[::1]:8080', münchen.example] }",
    "{ auth: { type: oauth2, tokenUrl: 'https://t.example' }, users: { ana: { clientId: c, clientSecret: s } } }",
    "{ allow: [get /v1/*, '* /v2/{id}'], confirm: ['DELETE /v2/{id}'] }",
    "{ confirm: true, tools: [getItem, { operation: GET /items, name: list_items }] }",
  ])("take %s", async (api) => {
    expect((await load(`apis: { a: ${api} }`)).config.apis).toHaveProperty("a");
  });

  it("never show what is in headers and credentials of users, whatever it is called", async () => {
    const users = "{ ana: { apiKey: key-of-ana, password: pass-of-ana, headers: { X-Org: org-of-ana } } }";
    const { config, secretPaths } = await load(`apis: { a: { headers: { X-Any: any-value }, users: ${users} } }`);
    const shown = JSON.stringify(redactConfig(config, secretPaths));
    expect(shown).toContain('"X-Org":"[redacted]"');
    expect(shown).not.toMatch(/any-value|key-of-ana|pass-of-ana|org-of-ana/);
  });

  it("take the path of a document from the file's folder, and a URL as it is", async () => {
    const { config } = await load("apis: { a: { openapi: a.yaml }, b: { openapi: 'https://api.example/b.json' } }");
    expect(config.apis.a?.openapi).toBe(join(folder, "a.yaml"));
    expect(config.apis.b?.openapi).toBe("https://api.example/b.json");
  });

  it("have settings in the environment down to single users", async () => {
    const { config, secrets } = await load("apis: { a: { users: { ana: {} } } }", {
      PATCHBAY_APIS_A_AUTH_TYPE: "header",
      PATCHBAY_APIS_A_AUTH_NAME: "X-Key",
      PATCHBAY_APIS_A_USERS_ANA_API_KEY: "key-of-ana",
      PATCHBAY_APIS_A_READ_ONLY: "true",
      PATCHBAY_APIS_A_BREAKER_FAILURES: "3",
    });
    expect(config.apis.a).toMatchObject({
      auth: { type: "header", name: "X-Key" },
      users: { ana: { apiKey: "key-of-ana" } },
      readOnly: true,
      breaker: { failures: 3 },
    });
    expect(secrets).toContain("key-of-ana");
  });
});
