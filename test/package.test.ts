import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { Client } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { expect, it, onTestFinished } from "vitest";
import { temporaryFolder } from "./fixtures/cleanup.ts";
import { callTool } from "./fixtures/connect.ts";
import { runProcess } from "./fixtures/spawn.ts";

it("works as its users install it: from the packed package, with nothing of this checkout", {
  timeout: 180_000,
}, async () => {
  const folder = temporaryFolder();
  const npm = async (args: string[], cwd: string) => {
    const { code, stderr } = await runProcess(
      { command: "npm", args, env: process.env as Record<string, string> },
      { cwd },
    );
    expect(code, stderr).toBe(0);
  };
  await npm(["pack", "--ignore-scripts", "--pack-destination", folder], resolve("."));
  const tarball = readdirSync(folder).find((file) => file.endsWith(".tgz"))!;
  await npm(["install", "--no-audit", "--no-fund", "--no-save", join(folder, tarball)], folder);

  const manifest = JSON.parse(readFileSync("package.json", "utf8")) as { version: string };
  const client = new Client({ name: "test", version: "0" });
  onTestFinished(() => client.close());
  await client.connect(
    new StdioClientTransport({
      command: process.execPath,
      args: [join(folder, "node_modules/patchbay-mcp/bin/patchbay-mcp.js"), "--data-dir", join(folder, "data")],
      cwd: folder,
    }),
  );
  const { tools } = await client.listTools();
  expect(tools).toHaveLength(14);
  expect(await callTool(client, "memory_add", { content: "Ana prefers tea" })).toMatchObject({ status: "success" });
  expect(await callTool(client, "memory_search", { query: "What does Ana prefer?" })).toMatchObject({
    results: [{ content: "Ana prefers tea" }],
  });
  const tool = readFileSync(join(folder, "node_modules/patchbay-mcp/open-webui/patchbay.py"), "utf8");
  expect(tool).toContain(`version: ${manifest.version}\n`);
  expect(tool).toBe(readFileSync("open-webui/patchbay.py", "utf8"));
  expect(readdirSync(join(folder, "node_modules")).filter((name) => !name.startsWith("."))).not.toContain("hono");
});
