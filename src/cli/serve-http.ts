import { resolve } from "node:path";
import { toToolError } from "../errors.ts";
import { serveHttp } from "../http/serve.ts";
import { createIdentity } from "../identity/create-identity.ts";
import { createHttpMcpHandler } from "../mcp/http-handler.ts";
import { createServerFactory } from "../mcp/server.ts";
import { createStatusLines } from "../open-webui/create-status-lines.ts";
import { createPatchbay } from "../start.ts";
import type { StatusSink } from "../status/status-event.ts";
import { VERSION } from "../version.ts";
import { pagesUrl } from "./check-pages.ts";
import { checkAll } from "./checks.ts";
import type { CommandContext } from "./command-context.ts";
import { identityOptions } from "./identity-options.ts";
import { stopSignal, surviveRejections } from "./process-events.ts";
import { serveModels } from "./serve-models.ts";
import { connectionHelp, stdioCommand, toolTable } from "./start-page.ts";
import { printableText } from "./terminal-text.ts";

/** Milliseconds that calls under way may still take once the server is asked to stop. */
const GRACE_MS = 5_000;
/** Milliseconds in which answers that are complete reach the network before connections are cut. */
const FLUSH_MS = 100;
/** Milliseconds in which the last status lines reach Open-WebUI. */
const STATUS_LINES_MS = 2_000;

/** Serves HTTP until a signal asks to stop (another one cuts the grace short); prints what is on, what is off and why, and how to connect each client. */
export async function serveHttpCommand({ loaded, env }: CommandContext): Promise<number> {
  const stopped = stopSignal();
  let url: string | undefined;
  const patchbay = createPatchbay(loaded, env, { pagesUrl: () => pagesUrl(loaded.config.http, url) });
  surviveRejections(patchbay.log);
  const { http, auth, limits, openWebui } = loaded.config;
  const identity = createIdentity({
    ...identityOptions(loaded),
    listenUrl: () => url ?? `http://127.0.0.1:${http.port}`,
    log: patchbay.log,
  });
  const factory = createServerFactory({
    version: VERSION,
    boundary: patchbay.boundary,
    identify: (context) => {
      const id = context.http?.authInfo?.extra?.user;
      return typeof id === "string" ? { id } : undefined;
    },
    sinksOf: (context) => (context.http?.authInfo?.extra?.sinks ?? []) as readonly StatusSink[],
    stateKey: patchbay.stateKey,
    answerSeconds: loaded.config.interaction.answerTimeout,
  });
  const mcp = createHttpMcpHandler(factory, {
    limits: { maxBytes: limits.maxRequestBytes, maxDepth: limits.maxDepth },
    watch: (owner, tell) => patchbay.boundary.watch({ id: owner }, tell),
    needsOf: patchbay.boundary.needsOf,
    onerror: (error) => patchbay.log.debug({ err: error }, "protocol error"),
  });
  const statusLines =
    openWebui.url !== undefined && openWebui.statusLine
      ? createStatusLines({ url: openWebui.url, onFailure: (reason) => patchbay.log.warn({}, reason) })
      : undefined;
  const publicHost = http.publicUrl === undefined ? [] : [http.publicUrl];
  const models = serveModels(patchbay);
  const server = await serveHttp({
    host: http.host,
    port: http.port,
    mcp,
    identity,
    modelProvider: models,
    statusLines,
    pages: async (request, user) => (await patchbay.services.get(["pages"])).pages.fetch(request, user),
    allowedHosts: [...http.allowedHosts, ...publicHost],
    allowedOrigins: [...http.allowedOrigins, ...publicHost],
    ready: async () => {
      try {
        await patchbay.services.get(["memory"]);
        return { ready: true };
      } catch (error) {
        return { ready: false, reason: patchbay.redact(toToolError(error).message) };
      }
    },
    onerror: (error) => patchbay.log.error({ err: error }, "request failed by a bug"),
  });
  url = server.url;
  process.stdout.write(`Patchbay ${VERSION} listens on ${server.url}/mcp\n\n`);
  await Promise.race([stopped, printStartPage()]);
  await stopped;

  const closed = server.close(GRACE_MS + FLUSH_MS);
  await Promise.race([Promise.all([patchbay.boundary.idle(GRACE_MS), models?.idle(GRACE_MS)]), stopSignal()]);
  await Promise.all([patchbay.boundary.stop(), models?.stop()]);
  await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, FLUSH_MS))]);
  await mcp.close();
  await server.close(0);
  await statusLines?.close(STATUS_LINES_MS);
  await patchbay.dispose();
  return 0;

  async function printStartPage(): Promise<void> {
    const checks = await checkAll(loaded, patchbay.services);
    const start = stdioCommand(loaded, resolve(process.argv[1] ?? ""));
    const { header } = auth.trustedHeader;
    const caller = { mode: auth.mode, open: await identity.isOpen(), header, served: models !== undefined };
    const help = connectionHelp(http.publicUrl?.replace(/\/+$/, "") ?? server.url, caller, start);
    process.stdout.write(printableText(patchbay.redact(`${toolTable(checks, loaded.config)}\n${help}`)));
    // Now that the server is idle: the checks load only what listing models needs, and not even that where they are configured.
    if (!checks.some(({ service, state }) => service === "llm" && state === "ok")) return;
    const { llm } = await patchbay.services.get(["llm", "processor"]);
    await llm.warmUp();
  }
}
