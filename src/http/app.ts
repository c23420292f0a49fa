import { createHash, timingSafeEqual } from "node:crypto";
import type { Http2Bindings, HttpBindings } from "@hono/node-server";
import { Hono } from "hono";
import { cors } from "hono/cors";
import type { HttpMcpHandler } from "../mcp/http-handler.ts";

export interface AppOptions {
  mcp: HttpMcpHandler;
  /** Static keys, each of one user. Empty: everybody is `localUser`, which only a loopback server may allow. */
  apiKeys: readonly { key: string; user: string }[];
  localUser: string;
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
  const keys = options.apiKeys.map(({ key, user }) => ({ digest: digest(key), user }));

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
  // The slash at the end is easily copied along, and a redirect would cost a client its POST.
  app.on("ALL", ["/mcp", "/mcp/"], async (context) => {
    const user = identify(context.req.header("authorization"));
    if (user === undefined) {
      const response = refuse(401, "A valid API key is required: Authorization: Bearer …");
      response.headers.set("WWW-Authenticate", 'Bearer realm="patchbay"');
      return response;
    }
    const authInfo = { token: "", clientId: user, scopes: [], extra: { user } };
    return options.mcp.fetch(context.req.raw, authInfo, user);
  });
  app.notFound(() => refuse(404, "There is nothing here. The MCP endpoint is /mcp."));
  app.onError((error) => {
    options.onerror?.(error);
    return refuse(500, "The server failed.");
  });
  return app;

  function identify(authorization: string | undefined): string | undefined {
    if (keys.length === 0) return options.localUser;
    const token = /^Bearer +(\S+)$/i.exec(authorization ?? "")?.[1];
    if (token === undefined) return undefined;
    const given = digest(token);
    let user: string | undefined;
    // Every key is compared, so that the time says nothing about which one came close.
    for (const key of keys) if (timingSafeEqual(key.digest, given)) user = key.user;
    return user;
  }
}

function digest(key: string): Buffer {
  return createHash("sha256").update(key).digest();
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
