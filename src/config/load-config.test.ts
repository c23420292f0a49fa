// biome-ignore-all lint/suspicious/noTemplateCurlyInString: configuration refers to variables that way
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { temporaryFolder } from "../../test/fixtures/cleanup.ts";
import { loadConfig, redactConfig } from "./load-config.ts";

let folder: string;
beforeEach(() => {
  folder = temporaryFolder();
});

/** Loads the text of a file, with nothing of this machine's environment. */
function load(
  text: string | undefined,
  env: Record<string, string> = {},
  options: { flags?: Record<string, unknown>; name?: string; file?: string } = {},
) {
  if (text !== undefined) writeFileSync(join(folder, options.name ?? "patchbay.yaml"), text);
  return loadConfig({ env: { HOME: folder, ...env }, cwd: folder, flags: options.flags ?? {}, file: options.file });
}

/** What is wrong with the file, one problem a line. */
async function problemsOf(text: string, env: Record<string, string> = {}, name?: string): Promise<string> {
  const error = await load(text, env, name === undefined ? {} : { name }).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toMatchObject({ code: "invalid_config" });
  return (error as Error).message;
}

describe("where values come from", () => {
  it("needs nothing", async () => {
    const { config, file, origins, warnings } = await load(undefined);
    expect(config).toMatchObject({ user: "local", http: { port: 8808 }, memory: { maxMemories: 1000 } });
    expect(config.dataDir).toContain("patchbay-mcp");
    expect([file, origins.size, warnings]).toEqual([undefined, 0, []]);
  });

  it("lets the environment win over the file, and the command line over both", async () => {
    const { config, origins } = await load(
      "user: ana\nhttp:\n  host: 127.0.0.2\n  port: 1\nmemory: { maxMemories: 5 }\n",
      { PATCHBAY_HTTP_HOST: "127.0.0.3", PATCHBAY_HTTP_PORT: "2" },
      { flags: { "http.port": 3, dataDir: "d" } },
    );
    expect(config).toMatchObject({ user: "ana", http: { host: "127.0.0.3", port: 3 }, memory: { maxMemories: 5 } });
    expect(Object.fromEntries(origins)).toMatchObject({
      user: "patchbay.yaml:1",
      "http.host": "PATCHBAY_HTTP_HOST",
      "http.port": "--port",
      "memory.maxMemories": "patchbay.yaml:5",
      dataDir: "--data-dir",
    });
    expect(origins.has("memory.maxMemoryLength")).toBe(false);
  });

  it("finds the file that is named, else the working folder's, else the user's", async () => {
    mkdirSync(join(folder, "xdg", "patchbay-mcp"), { recursive: true });
    mkdirSync(join(folder, ".config", "patchbay-mcp"), { recursive: true });
    writeFileSync(join(folder, ".config", "patchbay-mcp", "patchbay.yaml"), "user: home");
    expect((await load(undefined)).config.user).toBe("home");
    writeFileSync(join(folder, "xdg", "patchbay-mcp", "patchbay.yml"), "user: xdg");
    const env = { XDG_CONFIG_HOME: join(folder, "xdg") };
    expect((await load(undefined, env)).config.user).toBe("xdg");
    expect((await load("user: here", env)).config.user).toBe("here");
    writeFileSync(join(folder, "other.yaml"), "user: variable");
    expect((await load(undefined, { ...env, PATCHBAY_CONFIG: "other.yaml" })).config.user).toBe("variable");
    writeFileSync(join(folder, "named.yaml"), "user: option");
    const named = await load(undefined, { PATCHBAY_CONFIG: "other.yaml" }, { file: "named.yaml" });
    expect(named.config.user).toBe("option");
    await expect(load(undefined, {}, { file: "missing.yaml" })).rejects.toThrow('no configuration file "missing.yaml"');
  });

  it("reads JSON, with tabs too", async () => {
    const text = JSON.stringify({ user: "ana", http: { port: 9 } }, null, "\t");
    const { config, origins } = await load(text, {}, { name: "patchbay.json" });
    expect(config).toMatchObject({ user: "ana", http: { port: 9 } });
    expect(origins.get("http.port")).toBe("patchbay.json:4");
  });

  it("takes an empty file for no configuration", async () => {
    expect((await load("# nothing yet\n")).config.user).toBe("local");
  });

  it("takes paths relative to the file in the file, and to the working folder elsewhere", async () => {
    mkdirSync(join(folder, "etc"));
    const text = "dataDir: data\napis: { a: { openapi: a.json } }\npipelineRuns: { folders: { in: ../in } }\n";
    writeFileSync(join(folder, "etc", "p.yaml"), text);
    const inFile = (await load(undefined, {}, { file: "etc/p.yaml" })).config;
    expect(inFile.dataDir).toBe(join(folder, "etc", "data"));
    expect(inFile.apis.a?.openapi).toBe(join(folder, "etc", "a.json"));
    expect(inFile.pipelineRuns.folders).toEqual({ in: join(folder, "in") });
    const env = { PATCHBAY_DATA_DIR: "data", PATCHBAY_APIS_A_OPENAPI: "b.json" };
    const inVariable = (await load(undefined, env, { file: "etc/p.yaml" })).config;
    expect(inVariable.dataDir).toBe(join(folder, "data"));
    expect(inVariable.apis.a?.openapi).toBe(join(folder, "b.json"));
    expect((await load(undefined, {}, { flags: { dataDir: "~/x" } })).config.dataDir).toBe(join(folder, "x"));
  });
});

describe("the URL of Open-WebUI", () => {
  it.each(["", "/", "/api", "/api/", "?x=1#y", "/api?x=/"])("may end with %j", async (end) => {
    const { config } = await load(`openWebui: { url: "http://127.0.0.1:3000/chat${end}" }`);
    expect(config.openWebui.url).toBe("http://127.0.0.1:3000/chat");
  });

  it("still has to be one", async () => {
    expect(await problemsOf('openWebui: { url: "127.0.0.1:3000/api" }')).toContain("write http://127.0.0.1:3000/api");
  });
});

describe("the environment", () => {
  it("names every value by its path, nested keys and entries of records included", async () => {
    const { config } = await load("providers: { my-local: { baseUrl: 'http://a/v1' } }\napis: { weather: {} }", {
      PATCHBAY_MEMORY_MAX_MEMORY_LENGTH: "700",
      PATCHBAY_MEMORY_ENABLE_SEARCH: "off",
      PATCHBAY_LLM_SYSTEM_PROMPT: "Be kind, {friend}",
      PATCHBAY_OPEN_WEBUI_URL: "http://127.0.0.1:3000",
      PATCHBAY_PROVIDERS_MY_LOCAL_API_KEY: "key-of-local",
      PATCHBAY_APIS_WEATHER_CACHE_TTL: "2.5",
    });
    expect(config.memory).toMatchObject({ maxMemoryLength: 700, enableSearch: false });
    expect(config.llm.systemPrompt).toBe("Be kind, {friend}");
    expect(config.openWebui.url).toBe("http://127.0.0.1:3000");
    expect(config.providers["my-local"]).toMatchObject({ baseUrl: "http://a/v1", apiKey: "key-of-local" });
    expect(config.apis.weather?.cacheTtl).toBe(2.5);
  });

  it.each([
    ["a, b ,c", ["a", "b", "c"]],
    ['["a","b"]', ["a", "b"]],
    ["[a, 'b']", ["a", "b"]],
    ["a", ["a"]],
  ])("reads the list %j", async (text, models) => {
    expect((await load(undefined, { PATCHBAY_MOA_MODELS: text })).config.moa.models).toEqual(models);
  });

  it.each([
    ["true", true],
    ["0", false],
    ["memory_add,call_api", ["memory_add", "call_api"]],
    ['["memory_add"]', ["memory_add"]],
  ])("reads %j where a yes or a list may stand", async (text, value) => {
    const { config } = await load(undefined, { PATCHBAY_INTERACTION_CONFIRMATION_REQUIRED: text });
    expect(config.interaction.confirmationRequired).toEqual(value);
  });

  it("reads whole records as JSON or YAML, which further variables refine, and forgets what they replace", async () => {
    const { config, origins } = await load("apis:\n  old: { timeout: 1 }\n  a: { timeout: 2 }\n", {
      PATCHBAY_APIS: "a: { apiUrl: 'http://a' }",
      PATCHBAY_APIS_A_TIMEOUT: "9",
      PATCHBAY_AUTH_API_KEYS: '[{"key":"${ANA_KEY}","user":"ana"}]',
      ANA_KEY: "key-of-ana",
    });
    expect(Object.keys(config.apis)).toEqual(["a"]);
    expect(config.apis.a).toMatchObject({ apiUrl: "http://a", timeout: 9 });
    expect(config.auth.apiKeys).toEqual([{ key: "key-of-ana", user: "ana" }]);
    expect(origins.get("apis.a.timeout")).toBe("PATCHBAY_APIS_A_TIMEOUT");
    expect(origins.get("apis")).toBe("PATCHBAY_APIS");
    expect(origins.has("apis.old.timeout")).toBe(false);
  });

  it("takes an empty variable for unset", async () => {
    expect((await load("http: { port: 5 }", { PATCHBAY_HTTP_PORT: "", PATCHBAY_CONFIG: "" })).config.http.port).toBe(5);
  });

  it("warns of variables that are no settings, but not of those that are referred to or that Kubernetes sets", async () => {
    const { warnings } = await load("user: ${PATCHBAY_NAME}", {
      PATCHBAY_NAME: "ana",
      PATCHBAY_HTTP_PROT: "1",
      PATCHBAY_APIS_NONE_TIMEOUT: "1",
      PATCHBAY_PORT_8808_TCP_ADDR: "10.0.0.1",
      PATCHBAY_SERVICE_HOST: "10.0.0.1",
    });
    expect(warnings).toEqual([
      "The environment variable PATCHBAY_HTTP_PROT is no setting.",
      "The environment variable PATCHBAY_APIS_NONE_TIMEOUT is no setting.",
    ]);
  });
});

describe("references", () => {
  it("reads variables, defaults and secret files, and leaves pipelines alone", async () => {
    writeFileSync(join(folder, "key.txt"), "key-of-file\n");
    const { config, secrets } = await load(
      [
        "user: ${NAME}-${ROLE:-guest}",
        "llm: { systemPrompt: 'Write $${NAME} for a variable' }",
        "providers:",
        "  a: { baseUrl: 'http://a/v1', apiKey: 'file:key.txt' }",
        "  b: { baseUrl: 'http://b/${VERSION:-v1}', apiKey: '${B_KEY}' }",
        "pipelines: { p: { description: '${row.x} stays' } }",
      ].join("\n"),
      { NAME: "ana", B_KEY: "key-of-b" },
    );
    expect(config.user).toBe("ana-guest");
    expect(config.llm.systemPrompt).toBe("Write ${NAME} for a variable");
    expect(config.providers.a?.apiKey).toBe("key-of-file");
    expect(config.providers.b).toMatchObject({ baseUrl: "http://b/v1", apiKey: "key-of-b" });
    expect(config.pipelines.p?.description).toBe("${row.x} stays");
    expect(secrets).toEqual(["key-of-file", "key-of-b"]);
  });

  it("reads a secret file that a variable names from the working folder", async () => {
    mkdirSync(join(folder, "etc"));
    writeFileSync(join(folder, "etc", "p.yaml"), "providers: { a: { baseUrl: 'http://a' } }");
    writeFileSync(join(folder, "key.txt"), "key-of-file");
    const { config } = await load(undefined, { PATCHBAY_PROVIDERS_A_API_KEY: "file:key.txt" }, { file: "etc/p.yaml" });
    expect(config.providers.a?.apiKey).toBe("key-of-file");
  });

  it("names the key, the line and the variable that is missing", async () => {
    expect(await problemsOf("user: ana\nproviders:\n  a:\n    baseUrl: http://a\n    apiKey: ${NONE}\n")).toContain(
      "providers.a.apiKey (patchbay.yaml:5): the environment variable NONE is not set. Set it, or write ${NONE:-default}.",
    );
    expect(await problemsOf("auth:\n  apiKeys: [{ key: 'file:none.txt', user: a }]\n")).toContain(
      'auth.apiKeys.0.key (patchbay.yaml:2): the secret file "none.txt" does not exist; relative paths start in the folder of patchbay.yaml.',
    );
  });
});

describe("what is wrong", () => {
  it.each([
    ["an unknown section", "nosuch: 1", "nosuch (patchbay.yaml:1): unknown key. Known: dataDir, user, readOnly, http"],
    ["an unknown key", "memory:\n  maxSize: 1", "memory.maxSize (patchbay.yaml:2): unknown key. Known: maxMemories"],
    ["a key in another spelling", "memory:\n  max_memories: 1", "unknown key. Did you mean maxMemories?"],
    ["a wrong type", "http:\n  host: a\n  port: '80'", 'http.port (patchbay.yaml:3): must be a number (got "80").'],
    [
      "a value beyond its limits",
      "http: { port: 70000 }",
      "http.port (patchbay.yaml:1): must be at most 65535 (got 70000).",
    ],
    [
      "a word that is no choice",
      "logLevel: loud",
      'logLevel (patchbay.yaml:1): must be one of fatal, error, warn, info, debug (got "loud").',
    ],
    [
      "a URL that is none",
      "apis:\n  a:\n    apiUrl: nowhere",
      'apis.a.apiUrl (patchbay.yaml:3): must be an http or https URL, such as https://api.example.com (got "nowhere").',
    ],
    [
      "a URL without its scheme",
      "apis:\n  a:\n    apiUrl: 127.0.0.1:9101/v1",
      'apis.a.apiUrl (patchbay.yaml:3): must be an http or https URL: write http://127.0.0.1:9101/v1 or https://… (got "127.0.0.1:9101/v1").',
    ],
    [
      "a mapping where a list belongs",
      "moa:\n  models: { a: 1 }",
      "moa.models (patchbay.yaml:2): must be a list (got a mapping).",
    ],
    [
      "half a price",
      'providers:\n  a:\n    kind: ollama\n    prices: { "*": { input: 1 } }',
      "providers.a.prices.*.output (patchbay.yaml:4): is missing; give a number.",
    ],
    [
      "a part of a number where only whole ones may stand",
      "llm: { maxTokens: 1.5 }",
      "llm.maxTokens (patchbay.yaml:1): must be a whole number (got 1.5).",
    ],
    [
      "a budget without a unit",
      "llm:\n  budgets: { perUser: 500 }",
      "llm.budgets.perUser (patchbay.yaml:2): a budget has a unit: write { tokens: 50000 } or { costUsd: 0.5 } (got 500).",
    ],
    ["an unknown key of a budget", "llm: { budgets: { perDay: { usd: 1 } } }", "unknown key. Did you mean costUsd?"],
    [
      "a key of an entry that may also be a text",
      "apis: { a: { tools: [{ operation: getItem, nam: a }] } }",
      "apis.a.tools.0.nam (patchbay.yaml:1): unknown key. Did you mean name?",
    ],
    [
      "a missing value",
      "providers:\n  a: {}",
      "providers.a.baseUrl (patchbay.yaml:2): a provider of this kind needs its URL.",
    ],
    ["a bad name", "apis:\n  'a b': {}", "apis.a b (patchbay.yaml:2): a name may have letters, digits, - and _"],
    [
      "a list where a yes may stand",
      "interaction: { confirmationRequired: maybe }",
      'must be true, false or a list of tools and of rules { tool, effect, costUsd } (got "maybe")',
    ],
    [
      "an effect that no tool has, in a list that may also be a yes",
      "interaction:\n  confirmationRequired:\n    - memory_delete\n    - { effect: delete }",
      'interaction.confirmationRequired.1.effect (patchbay.yaml:4): must be one of read, write, destroy, read-open, write-open (got "delete").',
    ],
    [
      "a price that is a text",
      "interaction: { confirmationRequired: [{ costUsd: 50 cents }] }",
      'interaction.confirmationRequired.0.costUsd (patchbay.yaml:1): must be a number (got "50 cents").',
    ],
    [
      "an entry that is neither a tool nor a rule",
      "interaction: { confirmationRequired: [5] }",
      "interaction.confirmationRequired.0 (patchbay.yaml:1): must be the name of a tool or a rule { tool, effect, costUsd } (got 5).",
    ],
    [
      "a part of a rule that there is not",
      "interaction: { confirmationRequired: [{ efect: write }] }",
      "interaction.confirmationRequired.0.efect (patchbay.yaml:1): unknown key. Did you mean effect?",
    ],
    [
      "an empty list",
      "interaction: { form: [] }",
      "interaction.form (patchbay.yaml:1): must name a way to ask: elicitation, page or chat; the list is empty (got a list).",
    ],
    [
      "an entry of a list that may also be a word",
      "interaction: { form: [page, phone] }",
      'interaction.form.1 (patchbay.yaml:1): must be one of elicitation, page, chat (got "phone").',
    ],
    ["an empty text", "http: { host: '' }", 'http.host (patchbay.yaml:1): must have at least 1 character (got "").'],
    [
      "a step that is none",
      "pipelines: { p: { processingSteps: [1] } }",
      "a step is a name or { name: options } (got 1)",
    ],
    ["broken YAML", "user: ana\nhttp: { port: 1\n", "patchbay.yaml:3 is not valid YAML"],
    ["a key twice", "user: a\nuser: b", "patchbay.yaml:2 is not valid YAML: Map keys must be unique"],
    ["no mapping", "- a\n", "patchbay.yaml must hold a mapping of sections."],
    ["text", "hello", "patchbay.yaml must hold a mapping of sections."],
  ])("names %s", async (_what, text, message) => {
    expect(await problemsOf(text)).toContain(message);
  });

  it("names everything at once, and variables and options by their names", async () => {
    const error = await load(
      "memory: { maxMemories: 0, nosuch: 1 }",
      { PATCHBAY_HTTP_PORT: "many" },
      { flags: { user: "" } },
    ).catch((thrown: Error) => thrown.message);
    expect(error).toContain("memory.maxMemories (patchbay.yaml:1)");
    expect(error).toContain("memory.nosuch (patchbay.yaml:1)");
    expect(error).toContain('http.port (PATCHBAY_HTTP_PORT): must be a number (got "many")');
    expect(error).toContain("user (--user)");
  });

  it("survives aliases that multiply, folders for files and prototype keys", async () => {
    const bomb = `a: &a [x]\n${"bcdefghij"
      .split("")
      .map((key, index) => `${key}: &${key} [${`*${"abcdefghij"[index]},`.repeat(9)}]`)
      .join("\n")}\n`;
    expect(await problemsOf(bomb)).toContain("uses aliases (*name) in excess");
    expect(await problemsOf("__proto__: { user: eve }")).toContain("__proto__");
    expect(await problemsOf("constructor: 1")).toContain("constructor (patchbay.yaml:1): unknown key");
    expect(await problemsOf("http: { hasOwnProperty: 1 }")).toContain(
      "http.hasOwnProperty (patchbay.yaml:1): unknown key",
    );
    mkdirSync(join(folder, "folder.yaml"));
    await expect(load(undefined, {}, { file: "folder.yaml" })).rejects.toMatchObject({
      code: "invalid_config",
      message: "folder.yaml cannot be read (EISDIR).",
    });
  });

  it("never shows what may be a secret", async () => {
    const texts = [
      "auth: { apiKeys: [{ key: [top-secret], user: a }] }",
      "auth: { apiKeys: top-secret }",
      "auth: { apiKeys: [top-secret] }",
      "providers: { a: top-secret }",
      "providers: [{ apiKey: top-secret }]",
      "providers: { a: { baseUrl: 'http://a', apiKey: { value: top-secret } } }",
      "apis: { a: { headers: { Authorization: [top-secret] } } }",
      "auth: { apiKeys: [{ key: 'top-secret', user: a }, { key: 'top-secret', user: b }] }",
    ];
    for (const text of texts) expect(await problemsOf(text)).not.toContain("top-secret");
    for (const text of ['[{"key":"top-secret"', "top-secret", '{"key":"top-secret"}']) {
      expect(await problemsOf("", { PATCHBAY_AUTH_API_KEYS: text })).not.toContain("top-secret");
    }
  });
});

describe("secrets", () => {
  const text = [
    "providers: { a: { baseUrl: 'http://user:pass%20word@a/v1', apiKey: key-of-a } }",
    "apis:",
    "  b:",
    "    apiUrl: http://b/?appid=${B_TOKEN}",
    "    headers:",
    "      Accept: application/json",
    "      X-Api-Version: '2022-11-28'",
    "      X-Api-Key: key-of-b",
    "      Authorization: Bearer ${B_AUTH}",
    "      X-Tenant: ${TENANT}",
  ].join("\n");
  const env = { B_TOKEN: "token-of-b", B_AUTH: "auth-of-b", TENANT: "tenant-7" };

  it("are known for redaction wherever they stand, and ordinary headers are not", async () => {
    const { secrets } = await load(text, env);
    expect([...secrets].sort()).toEqual(
      [
        "Bearer auth-of-b",
        "auth-of-b",
        "key-of-a",
        "key-of-b",
        "pass word",
        "pass%20word",
        "tenant-7",
        "token-of-b",
      ].sort(),
    );
  });

  it("in the query of a URL are known too, and ordinary parameters are not", async () => {
    const url = "https://api.example.com/v1?api_key=key-in-url&lang=german";
    const { secrets } = await load(`apis: { c: { apiUrl: "${url}" } }`);
    expect(secrets).toEqual(["key-in-url"]);
  });

  it("are not what stands there by default, which everyone knows", async () => {
    expect(await load("memory: { database: sqlite }")).toMatchObject({ secrets: [], secretPaths: new Set() });
    const { secrets, secretPaths } = await load("memory: { database: 'postgres://ana:pass%40word@db/memories' }");
    expect(secrets.sort()).toEqual(["pass%40word", "pass@word", "postgres://ana:pass%40word@db/memories"]);
    expect(secretPaths).toEqual(new Set(["memory.database"]));
  });

  it("are replaced where the configuration is shown", async () => {
    const { config, secretPaths } = await load(text, env);
    expect(redactConfig(config, secretPaths)).toMatchObject({
      providers: { a: { apiKey: "[redacted]" } },
      apis: {
        b: {
          headers: {
            Accept: "[redacted]",
            "X-Api-Version": "[redacted]",
            "X-Api-Key": "[redacted]",
            Authorization: "[redacted]",
            "X-Tenant": "[redacted]",
          },
        },
      },
    });
  });
});
