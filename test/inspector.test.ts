import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { temporaryFolder } from "./fixtures/cleanup.ts";
import { type RunningServer, runProcess, startHttpServer, USERS_PATH } from "./fixtures/spawn.ts";

/** The official Inspector, run as docs/clients.md says: from the checkout, where npx starts the checkout itself. */
const CONFIGURED = ["--config", "mcp.config.json", "--server", "patchbay"];
const ERAS = ["legacy", "auto", "modern"];

let home: string;
beforeAll(() => {
  home = temporaryFolder();
  // Memories of the calls below go to the data folder of this home.
  writeFileSync(join(home, ".npmrc"), "update-notifier=false\n");
});

async function inspect(...args: string[]) {
  const { code, stdout, stderr } = await runProcess({
    command: "npx",
    args: ["mcp-inspector", "--cli", ...args],
    env: { PATH: USERS_PATH, HOME: home, MCP_INSPECTOR_SECRET_STORE: "memory" },
  });
  return { code, stderr, json: (stdout.trim() === "" ? undefined : JSON.parse(stdout)) as never };
}

/** Calls a tool with `name=value` pairs. */
const call = (name: string, ...pairs: string[]) =>
  inspect(
    ...CONFIGURED,
    "--method",
    "tools/call",
    "--tool-name",
    name,
    ...pairs.flatMap((pair) => ["--tool-arg", pair]),
  );

describe("MCP Inspector with mcp.config.json", () => {
  it.each(ERAS)("lists every tool in the %s era, and finds every schema portable", async (era) => {
    const { code, json, stderr } = await inspect(
      ...CONFIGURED,
      ...["--method", "tools/list", "--strict", "--protocol-era", era],
    );
    expect(code, stderr).toBe(0);
    expect(stderr).not.toContain("Error: tool");
    // All that it remarks on: some fields of results may be anything.
    const remarks = [...stderr.matchAll(/^ {2}Path: (\S+)\n {2}Issue: (.*)$/gm)].map(([, path, issue]) => ({
      path,
      issue,
    }));
    for (const remark of remarks) {
      expect(remark).toEqual({
        path: expect.stringMatching(/^outputSchema\.properties\.\w+$/),
        issue: expect.stringContaining("accepts any value"),
      });
    }
    const { tools } = json as { tools: { name: string; outputSchema: object; annotations: object }[] };
    expect(tools).toHaveLength(14);
    expect(tools[0]).toMatchObject({ name: "memory_add", annotations: { readOnlyHint: false } });
  });

  it("calls tools, which keep what they are told from one start of the server to the next", async () => {
    const added = await call("memory_add", "content=Ana prefers tea", 'tags=["drinks"]');
    expect(added).toMatchObject({ code: 0, json: { structuredContent: { status: "success" } } });
    const found = await call("memory_search", "query=what does Ana drink? tea");
    expect(found.json).toMatchObject({
      structuredContent: { results: [{ content: "Ana prefers tea", tags: ["drinks"] }] },
    });
  });

  it("lists and reads memories as resources, and gets the prompt that recalls them", async () => {
    const { json } = await call("memory_add", "content=Ana lives in Weimar");
    const { memory } = (json as { structuredContent: { memory: { id: string } } }).structuredContent;
    const uri = `memory://${memory.id}`;
    const method = (...words: string[]) => inspect(...CONFIGURED, "--method", ...words);
    const listed = await method("resources/list");
    expect(listed.code, listed.stderr).toBe(0);
    expect((listed.json as { resources: object[] }).resources.slice(0, 4)).toMatchObject([
      { uri: "memory://list", mimeType: "application/json" },
      { uri: "pipeline://definitions", mimeType: "application/json" },
      { uri: "pipeline://reference", mimeType: "text/markdown" },
      { uri, title: "Ana lives in Weimar" },
    ]);
    expect(await method("resources/templates/list")).toMatchObject({
      json: {
        resourceTemplates: [
          "moa://runs/{id}/timeline",
          "moa://runs/{id}",
          "api://answers/{id}",
          "pipeline://runs/{run_id}/data",
          "pipeline://runs/{run_id}/quarantine",
          "pipeline://runs/{run_id}/report",
          "memory://{id}",
        ].map((uriTemplate) => ({ uriTemplate })),
      },
    });
    const read = await method("resources/read", "--uri", uri);
    const { contents } = read.json as { contents: [{ text: string }] };
    expect(JSON.parse(contents[0].text)).toMatchObject({ id: memory.id, content: "Ana lives in Weimar", history: [] });
    expect(await method("prompts/list")).toMatchObject({ json: { prompts: [{ name: "recall" }] } });
    const recall = await method(
      "prompts/get",
      "--prompt-name",
      "recall",
      "--prompt-args",
      "topic=Where does Ana live?",
    );
    const { messages } = recall.json as { messages: [{ role: string; content: { text: string } }] };
    expect(messages[0].role).toBe("user");
    expect(messages[0].content.text).toContain('"content":"Ana lives in Weimar"');
  });

  it("passes numbers, lists and objects, and gives the structured result", async () => {
    const { json } = await call(
      "run_pipeline",
      'data=[{"name":" Ana ","age":"41"}]',
      'steps=[{"name":"transform","operations":[{"op":"trim"},{"op":"cast","fields":{"age":"integer"}}]}]',
    );
    expect(json).toMatchObject({ structuredContent: { final_data: [{ name: "Ana", age: 41 }] } });
  });

  it("shows an error with its code, and ends with 5", async () => {
    const { code, json } = await call("display_result", "notification_type=loud");
    expect(code).toBe(5);
    const { content, isError } = json as { content: { text: string }[]; isError: boolean };
    expect(isError).toBe(true);
    expect(JSON.parse(content[0]?.text ?? "")).toMatchObject({ code: "invalid_input", retryable: false });
  });
});

describe("MCP Inspector over HTTP", () => {
  let server: RunningServer;
  beforeAll(async () => {
    server = await startHttpServer({
      built: true,
      config: { auth: { apiKeys: [{ key: "key-of-ana", user: "ana" }] } },
    });
  });
  const inspectUrl = (...args: string[]) => inspect(`${server.url}/mcp`, "--transport", "http", ...args);

  it.each(ERAS)("lists every tool in the %s era", async (era) => {
    const { code, json, stderr } = await inspectUrl(
      ...["--header", "Authorization: Bearer key-of-ana"],
      ...["--method", "tools/list", "--protocol-era", era],
    );
    expect(code, stderr).toBe(0);
    expect((json as { tools: unknown[] }).tools).toHaveLength(14);
  });

  it("calls a tool", async () => {
    const { json } = await inspectUrl(
      ...["--header", "Authorization: Bearer key-of-ana"],
      ...["--method", "tools/call", "--tool-name", "display_result", "--tool-arg", "message=It works"],
    );
    expect(json).toMatchObject({ structuredContent: { status: "success", message: "It works" } });
  });

  it("is refused without a key", async () => {
    const { code, json } = await inspectUrl("--stored-auth-only", "--method", "tools/list");
    expect(code).not.toBe(0);
    expect(json).toBeUndefined();
  });
});
