// biome-ignore-all lint/suspicious/noTemplateCurlyInString: configuration refers to variables that way
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { temporaryFolder } from "../../test/fixtures/cleanup.ts";
import { runProcess, startProcess } from "../../test/fixtures/spawn.ts";
import { VERSION } from "../version.ts";

/** Runs the program in a folder of its own that holds the given configuration. */
async function run(args: string[], options: { config?: string; env?: Record<string, string>; input?: string } = {}) {
  const folder = temporaryFolder();
  if (options.config !== undefined) writeFileSync(join(folder, "patchbay.yaml"), options.config);
  const env = { PATH: process.env.PATH ?? "", HOME: folder, ...options.env };
  const command = { command: process.execPath, args: [resolve("src/main.ts"), ...args], env };
  return runProcess(command, { cwd: folder, input: options.input ?? "" });
}

describe("patchbay-mcp", () => {
  it("prints its version and its help", async () => {
    expect(await run(["--version"])).toMatchObject({ code: 0, stdout: `${VERSION}\n`, stderr: "" });
    const help = await run(["-h"]);
    expect(help).toMatchObject({ code: 0, stderr: "" });
    expect(help.stdout).toContain("patchbay-mcp http");
  });

  it.each<[string, string[], string, string?]>([
    ["an unknown command", ["serve"], 'There is no command "serve".'],
    ["a command that only prototypes know", ["constructor"], 'There is no command "constructor".'],
    ["an unknown option", ["--prot", "1"], "There is no option --prot."],
    ["an option without its value", ["--port"], "argument missing"],
    ["a word too many", ["http", "now"], 'http takes no "now".', "http "],
    ["an option of others", ["doctor", "--expires", "1h"], "--expires is an option of keys.", "doctor "],
    ["keys without a command", ["keys"], "keys needs add, list or revoke.", "keys "],
    ["an expiry that is none", ["keys", "add", "--user", "a", "--expires", "soon"], '--expires: "soon" is', "keys "],
  ])(
    "exits with 2 on %s and says in two lines what is wrong and where the help is",
    async (_what, args, message, of = "") => {
      const { code, stdout, stderr } = await run(args);
      expect([code, stdout]).toEqual([2, ""]);
      expect(stderr).toContain(message);
      expect(stderr.split("\n")).toEqual([
        expect.stringMatching(/^patchbay-mcp: /),
        `patchbay-mcp ${of}--help shows how it is used.`,
        "",
      ]);
    },
  );

  it.each([
    [
      "a wrong configuration",
      ["http"],
      { config: "http: { prot: 1 }" },
      "http.prot (patchbay.yaml:1): unknown key. Did you mean port?",
    ],
    ["a port that is text", ["http", "--port", "eighty"], {}, 'http.port (--port): must be a number (got "eighty").'],
    ["a missing file", ["--config", "none.yaml"], {}, 'There is no configuration file "none.yaml".'],
    [
      "a tool that does not exist",
      [],
      { config: "tools: { disabled: [memory_ad] }" },
      'tools.disabled: there is no tool "memory_ad".',
    ],
    [
      "a misspelt tool to confirm",
      [],
      { config: "interaction: { confirmationRequired: [memory_del] }" },
      'interaction.confirmationRequired: there is no tool "memory_del".',
    ],
    [
      "an address for everybody without keys",
      ["http", "--host", "0.0.0.0", "--port", "0"],
      {},
      "Refusing to listen on 0.0.0.0 without authentication",
    ],
    [
      "an address for everybody with a short key",
      ["http", "--host", "0.0.0.0", "--port", "0"],
      { config: "auth: { apiKeys: [{ key: key-of-ana, user: ana }] }" },
      "Refusing to listen on 0.0.0.0 with a key of less than 16 characters",
    ],
  ])("exits with 1 on %s and says why on stderr", async (_what, args, options, message) => {
    const { code, stdout, stderr } = await run(args, options);
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toContain(message);
    expect(stderr).not.toMatch(/^\s+at |node_modules|key-of-ana/m);
  });
});

describe("patchbay-mcp config", () => {
  it("does not mind a reader that stops reading", async () => {
    const env = { PATH: process.env.PATH ?? "", HOME: temporaryFolder() };
    const running = startProcess({ command: process.execPath, args: [resolve("src/main.ts"), "config"], env });
    running.process.stdout?.destroy();
    await once(running.process, "exit");
    expect([running.process.exitCode, running.stderr()]).toEqual([0, ""]);
  });

  it("shows every value with its origin, and no secret", async () => {
    const { code, stdout, stderr } = await run(["config", "--user", "ana"], {
      config: [
        "memory: { maxMemories: 5 }",
        "auth: { apiKeys: [{ key: key-of-ana, user: ana }] }",
        "providers: { a: { baseUrl: 'http://u:pass-word@a/v1', apiKey: '${A_KEY}' } }",
        "apis: { b: { apiUrl: 'http://b/?appid=${B_TOKEN}', headers: { Authorization: 'Bearer auth-of-b' } } }",
      ].join("\n"),
      env: { A_KEY: "key-of-a", B_TOKEN: "token-of-b", PATCHBAY_HTTP_PORT: "9", PATCHBAY_HTTP_PROT: "9" },
    });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^# read from .*patchbay\.yaml\n/);
    for (const line of [
      "user: ana  # --user",
      "  port: 9  # PATCHBAY_HTTP_PORT",
      "  maxMemories: 5  # patchbay.yaml:1",
      "  maxMemoryLength: 500  # default",
      '  apiKeys: [ { key: "[redacted]", user: ana } ]  # patchbay.yaml:2',
      '    apiKey: "[redacted]"  # patchbay.yaml:3',
    ])
      expect(stdout).toContain(line);
    expect(stdout + stderr).not.toMatch(/key-of-ana|key-of-a|token-of-b|auth-of-b|pass-word/);
    expect(stderr).toContain("PATCHBAY_HTTP_PROT is no setting");
    expect(parse(stdout)).toMatchObject({ http: { port: 9 }, interaction: { buttonLabel: "Interact" } });
  });

  it("prints YAML that means the same, patterns of models included", async () => {
    const config = 'providers: {p: {baseUrl: "http://127.0.0.1:9/v1", prices: {"*": {input: 1, output: 2}}}}';
    const { stdout } = await run(["config"], { config });
    expect(parse(stdout).providers.p.prices).toEqual({ "*": { input: 1, output: 2 } });
  });

  it("prints the JSON Schema, also where the configuration is broken", async () => {
    const { code, stdout } = await run(["config", "--schema"], { config: "nosuch: [" });
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ type: "object", properties: { http: { type: "object" } } });
  });
});
