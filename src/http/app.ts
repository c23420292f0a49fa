import type { Http2Bindings, HttpBindings } from "@hono/node-server";
import { type Context, Hono } from "hono";
import { cors } from "hono/cors";
import { ToolError } from "../errors.ts";
import type { Caller, Identity, Refusal, ResourceName } from "../identity/identity.ts";
import type { HttpMcpHandler } from "../mcp/http-handler.ts";
import type { ModelProvider } from "../model-provider/model-provider.ts";
import type { StatusLines } from "../open-webui/status-line.ts";
import { isSimpleRequest } from "./simple-request.ts";

export interface AppOptions {
  mcp: HttpMcpHandler;
  identity: Identity;
  /** The models at `/v1`; undefined: none are offered. */
  modelProvider?: ModelProvider | undefined;
  /** Where status events are shown besides; undefined: nowhere. */
  statusLines?: StatusLines | undefined;
  /** Answers what browsers ask of a page below `/interact/`, which needs no credential but its address; `user` is who it is proven to be. */
  pages?: ((request: Request, user: string | undefined) => Promise<Response>) | undefined;
  /** Host names that a Host header may carry, besides loopback; a scheme and a port may stand with them and do not count. */
  allowedHosts: readonly string[];
  /** Likewise for the Origin header of browsers; pages of these origins, but not of loopback by itself, may read answers (CORS). */
  allowedOrigins: readonly string[];
  /** Whether calls can be answered now; the reason where not. */
  ready: () => Promise<{ ready: boolean; reason?: string }>;
  onerror?: (error: Error) => void;
}

type Env = { Bindings: HttpBindings | Http2Bindings };

const LOOPBACK_NAMES = ["localhost", "127.0.0.1", "[::1]"];

/** The web app: guards first, then health, then the MCP endpoint behind identity. */
export function createApp(options: AppOptions): Hono<Env> {
  const hosts = new Set([...LOOPBACK_NAMES, ...options.allowedHosts.map(nameOf)]);
  const trusted = new Set(options.allowedOrigins.map(nameOf));
  const origins = new Set([...LOOPBACK_NAMES, ...trusted]);
  const shareWithOrigin = cors({
    origin: (origin) => origin,
    allowMethods: ["GET", "POST", "DELETE"],
    exposeHeaders: ["Mcp-Session-Id", "WWW-Authenticate"],
  });

  const app = new Hono<Env>();
  app.use("*", async (context, next) => {
    if (!hosts.has(hostOfHeader(context.req.header("host")) ?? ""))
      return refuse(403, "This host name is not allowed. Add it to http.allowedHosts.");
    const origin = context.req.header("origin");
    if (origin === undefined) return next();
    const name = hostOfOrigin(origin) ?? "";
    if (!origins.has(name)) return refuse(403, "This origin is not allowed. Add its host name to http.allowedOrigins.");
    return trusted.has(name) ? shareWithOrigin(context, next) : next();
  });
  app.get("/livez", (context) => context.text("ok"));
  app.get("/readyz", async (context) => {
    const { ready, reason } = await options.ready();
    return ready ? context.text("ok") : context.text(reason ?? "not ready", 503);
  });
  for (const [path, metadata] of options.identity.metadata) {
    app.get(path, (context) =>
      context.json(metadata(context.req.raw.headers), 200, { "Access-Control-Allow-Origin": "*" }),
    );
  }
  // The slash at the end is easily copied along, and a redirect would cost a client its POST.
  app.on("ALL", ["/mcp", "/mcp/"], async (context) => {
    const caller = await callerOf(context, "mcp");
    if (caller instanceof Response) return caller;
    const { user, passedToken } = caller;
    const message = options.statusLines?.messageOf(context.req.raw.headers, passedToken);
    const sinks = message && options.statusLines ? [options.statusLines.sinkOf(message)] : [];
    const authInfo = { token: "", clientId: user, scopes: [...(caller.scopes ?? [])], extra: { user, sinks } };
    if (caller.scopes === undefined) return options.mcp.fetch(context.req.raw, authInfo, user);
    return options.mcp.fetch(context.req.raw, authInfo, user, (tool) => {
      const refusal = options.identity.refuseTool(caller, tool, { headers: context.req.raw.headers });
      if (refusal === undefined) return undefined;
      if (refusal.challenge !== undefined) return refuseCaller(refusal);
      return new ToolError("insufficient_scope", refusal.message, {
        hint: "Use a key that has it; the configuration gives scopes to keys and names those of tools (auth).",
      });
    });
  });
  if (options.modelProvider) {
    const { modelProvider, statusLines, identity } = options;
    app.on("ALL", "/v1/*", async (context) => {
      const caller = await callerOf(context, "v1", refuseModels);
      if (caller instanceof Response) return caller;
      const request = context.req.raw;
      const message = statusLines?.messageOf(request.headers, caller.passedToken);
      return modelProvider.fetch(request, {
        user: { id: caller.user },
        signal: request.signal,
        refuseTool: (tool) => identity.refuseTool(caller, tool, { resource: "v1", headers: request.headers }),
        lastStatus: message && statusLines?.sinkOf(message),
      });
    });
  }
  if (options.pages) {
    const { pages } = options;
    app.all("/interact/*", async (context) => {
      const peer = context.env.incoming?.socket?.remoteAddress;
      const { headers } = context.req.raw;
      const found = await options.identity.authenticate({ headers, peer, atPage: true });
      return pages(context.req.raw, "caller" in found ? found.caller.user : undefined);
    });
  }
  app.notFound(() => refuse(404, "There is nothing here. The MCP endpoint is /mcp."));
  app.onError((error) => {
    options.onerror?.(error);
    return refuse(500, "The server failed.");
  });
  return app;

  async function callerOf(
    context: Context<Env>,
    resource: ResourceName,
    refuse = refuseCaller,
  ): Promise<Caller | Response> {
    if (isSimpleRequest(context.req.raw)) return refuse(NOT_JSON);
    const peer = context.env.incoming?.socket?.remoteAddress;
    const found = await options.identity.authenticate({ headers: context.req.raw.headers, peer, resource });
    return "caller" in found ? found.caller : refuse(found.refusal);
  }
}

/** What a page of another site could send blindly, in the name of whoever this browser or this machine is. */
const NOT_JSON = { status: 415, message: "What a browser sends has to be of the type application/json." } as const;

type Refused = Omit<Refusal, "status"> & { status: Refusal["status"] | typeof NOT_JSON.status };

function refuseCaller({ status, message, challenge }: Refused): Response {
  const response = refuse(status, message);
  if (challenge !== undefined) response.headers.set("WWW-Authenticate", challenge);
  return response;
}

/** As clients of OpenAI's protocol read it. */
function refuseModels({ status, message, challenge }: Refused): Response {
  const type = status === 403 ? "permission_error" : status === 503 ? "server_error" : "invalid_request_error";
  const error = { message, type, param: null, code: status === 401 ? "invalid_api_key" : null };
  const headers = challenge === undefined ? undefined : { "WWW-Authenticate": challenge };
  return Response.json({ error }, { status, ...(headers && { headers }) });
}

/** Host and optional port, and nothing else: a URL parser alone would find a host in `evil@127.0.0.1` too. */
const HOST_HEADER = /^(?:\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::\d{1,5})?$/i;

function hostOfHeader(header: string | undefined): string | undefined {
  return header !== undefined && HOST_HEADER.test(header) ? hostOfOrigin(`http://${header}`) : undefined;
}

function hostOfOrigin(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).hostname : undefined;
}

/** The host name of an entry such as `example.com`, `example.com:8808` or `https://example.com`. */
function nameOf(entry: string): string {
  return hostOfOrigin(entry.includes("://") ? entry : `http://${entry}`) ?? entry;
}

function refuse(status: number, message: string): Response {
  return Response.json(
    { jsonrpc: "2.0", id: null, error: { code: status === 401 ? -32001 : -32000, message } },
    { status },
  );
}
