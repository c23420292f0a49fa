import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { serveHttp } from "../src/http/serve.ts";
import { createIdentity } from "../src/identity/create-identity.ts";
import { createToolBoundary } from "../src/mcp/call-tool.ts";
import { createHttpMcpHandler } from "../src/mcp/http-handler.ts";
import { createServerFactory } from "../src/mcp/server.ts";
import { prompts } from "../src/prompts/index.ts";
import { resources } from "../src/resources/index.ts";
import { tools } from "../src/tools/index.ts";
import { temporaryFolder, whenDone } from "./fixtures/cleanup.ts";
import { withConformanceFeatures } from "./fixtures/conformance-features.ts";
import { conformanceTools } from "./fixtures/conformance-tools.ts";
import { startPatchbay } from "./fixtures/connect.ts";
import { runProcess } from "./fixtures/spawn.ts";

const SUITE = resolve("node_modules/@modelcontextprotocol/conformance");

/** What the suite runs without scoring it and this product does not offer, with the reason. Everything scored has to pass. */
const NOT_OFFERED: Record<string, string> = {
  "tasks-lifecycle": "the Tasks extension",
  "tasks-capability-negotiation": "the Tasks extension",
  "tasks-wire-fields": "the Tasks extension",
  "tasks-request-state-removal": "the Tasks extension",
  "tasks-mrtr-input": "the Tasks extension",
  "tasks-request-headers": "the Tasks extension",
  "tasks-dispatch-and-envelope": "the Tasks extension",
  "tasks-required-task-error": "the Tasks extension",
  "tasks-status-notifications": "the Tasks extension",
  "tasks-mrtr-composition": "the Tasks extension",
  "json-schema-2020-12": "tools with composed schemas, which bridges would break",
  "http-custom-header-server-validation": "parameters that are repeated in HTTP headers",
  "server-session-lifecycle": "sessions for clients that cannot be asked",
};

/** Recommendations (the suite warns, and passes the scenario) that this product does not follow, with the reason. */
const NOT_FOLLOWED: Record<string, string> = {
  "sep-2322-ignore-unexpected-params":
    "the suite answers a question before it was asked; here an answer counts only with the sealed state of its question",
};

interface Check {
  id: string;
  status: "SUCCESS" | "FAILURE" | "WARNING" | "SKIPPED" | "INFO";
  errorMessage?: string;
}

describe("the official conformance suite", () => {
  it.each(["2025-11-25", "2026-07-28"])(
    "passes every scored requirement of %s",
    async (revision) => {
      const results = temporaryFolder();
      const program = join(SUITE, "dist", "index.js");
      const run = await runProcess({
        command: process.execPath,
        args: [program, "server", "--url", await startServer(), "--requirements", revision, "-o", results],
        env: { PATH: process.env.PATH ?? "" },
      });

      const { server: scored } = parse(readFileSync(join(SUITE, "requirements", `${revision}.yaml`), "utf8")) as {
        server: string[];
      };
      const checks = readChecks(results);
      expect(scored.filter((scenario) => !checks.has(scenario))).toEqual([]);
      expect(scored.flatMap((scenario) => problems(checks.get(scenario)))).toEqual([]);
      expect(run.code, run.stdout + run.stderr).toBe(0);

      const others = [...checks.keys()].filter((scenario) => !scored.includes(scenario));
      const passed = others.filter((scenario) => passes(checks.get(scenario)));
      const missed = others.filter((scenario) => !passed.includes(scenario));
      expect(missed.filter((scenario) => !(scenario in NOT_OFFERED))).toEqual([]);
      console.info(`${revision}: ${scored.length} scored scenarios passed. Not scored: ${passed.join(", ")} passed.`);
      for (const scenario of missed) console.info(`Not offered: ${NOT_OFFERED[scenario]} (${scenario})`);
    },
    120_000,
  );
});

/** The product's HTTP server with its own tools and those that the suite calls; gives the URL of its endpoint. */
async function startServer(): Promise<string> {
  const patchbay = await startPatchbay();
  const { limits, user } = patchbay.loaded.config;
  const boundary = createToolBoundary({
    tools: [...tools, ...conformanceTools],
    resources,
    prompts,
    services: patchbay.services,
    disabled: [],
    confirmationRequired: false,
    callTimeoutMs: limits.callTimeout * 1000,
    redact: patchbay.redact,
  });
  const factory = createServerFactory({
    version: "0.0.0",
    boundary,
    identify: ({ http }) => ({ id: String(http?.authInfo?.extra?.user) }),
    stateKey: patchbay.stateKey,
  });
  const mcp = createHttpMcpHandler(withConformanceFeatures(factory, patchbay.stateKey), {
    limits: { maxBytes: limits.maxRequestBytes, maxDepth: limits.maxDepth },
    watch: (owner, tell) => boundary.watch({ id: owner }, tell),
    onerror: () => {},
  });
  const server = await serveHttp({
    host: "127.0.0.1",
    port: 0,
    mcp,
    identity: createIdentity({ mode: "static-user", apiKeys: [], localUser: user }),
    allowedHosts: [],
    allowedOrigins: [],
    ready: async () => ({ ready: true }),
  });
  whenDone(async () => {
    await mcp.close();
    await server.close(0);
  });
  return `${server.url}/mcp`;
}

/** The checks of each scenario that ran, from the folders that the suite leaves. */
function readChecks(folder: string): Map<string, Check[]> {
  return new Map(
    readdirSync(folder).map((name) => {
      const scenario = /^server-(.+)-\d{4}-\d\d-\d\dT/.exec(name)?.[1] ?? name;
      return [scenario, JSON.parse(readFileSync(join(folder, name, "checks.json"), "utf8")) as Check[]];
    }),
  );
}

function problems(checks: Check[] = []): string[] {
  return checks
    .filter(({ id, status }) => status === "FAILURE" || (status === "WARNING" && !(id in NOT_FOLLOWED)))
    .map(({ id, status, errorMessage }) => `${id}: ${status} ${errorMessage ?? ""}`);
}

function passes(checks: Check[] = []): boolean {
  return problems(checks).length === 0 && checks.some(({ status }) => status === "SUCCESS");
}
