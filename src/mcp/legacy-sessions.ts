import { randomUUID } from "node:crypto";
import {
  type AuthInfo,
  isInitializeRequest,
  type Server,
  WebStandardStreamableHTTPServerTransport,
} from "@modelcontextprotocol/server";
import { createEventStore } from "./event-store.ts";
import type { ServerFactory } from "./server.ts";

/** Milliseconds after which a client that lost its stream should come back to read on. */
const RECONNECT_MS = 1000;

interface Session {
  transport: WebStandardStreamableHTTPServerTransport;
  server: Server;
  owner: string;
  lastUsedAt: number;
  /** Requests whose answer is still under way. */
  open: number;
  /** Those of them that read on where a lost stream ended. */
  resumed: number;
}

export interface LegacySessions {
  /** Whether this request belongs to the session leg: it names a session, or opens one because its client can be asked. */
  handles(request: Request, body: unknown): boolean;
  fetch(
    request: Request,
    options: { authInfo?: AuthInfo | undefined; parsedBody?: unknown; owner: string },
  ): Promise<Response>;
  close(): Promise<void>;
}

/**
 * Sessions of 2025-era clients over HTTP, for those that need one: a client that can be asked is reached by a request from
 * the server, which has no road without a session. Every other legacy client is served statelessly and survives restarts.
 * Bounded in number and in idle time; each owner has at most a share, and the idlest makes room, of the same owner first. A
 * session answers only its owner.
 */
export function createLegacySessions(
  factory: ServerFactory,
  options: { maxSessions?: number; maxPerOwner?: number; idleMs?: number; keepAliveMs: number },
): LegacySessions {
  const maxSessions = options.maxSessions ?? 256;
  const maxPerOwner = options.maxPerOwner ?? 64;
  const idleMs = options.idleMs ?? 30 * 60_000;
  const sessions = new Map<string, Session>();

  const drop = async (id: string): Promise<void> => {
    const session = sessions.get(id);
    sessions.delete(id);
    await session?.server.close().catch(() => {});
  };
  const sweep = setInterval(() => {
    const before = Date.now() - idleMs;
    for (const [id, session] of sessions) if (session.open === 0 && session.lastUsedAt < before) void drop(id);
  }, 60_000).unref();

  async function open(owner: string, authInfo: AuthInfo | undefined): Promise<Session | undefined> {
    const own = [...sessions].filter(([, session]) => session.owner === owner);
    const hasShare = own.length < maxPerOwner;
    if (!hasShare || sessions.size >= maxSessions) {
      const idlest = idlestOf(own) ?? (hasShare ? idlestOf([...sessions]) : undefined);
      if (idlest === undefined) return undefined;
      await drop(idlest);
    }
    const server = await factory({
      era: "legacy",
      ...(authInfo && { authInfo }),
      isResumed: () => session.resumed > 0,
    });
    const transport = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      eventStore: createEventStore(),
      retryInterval: RECONNECT_MS,
      keepAliveMs: options.keepAliveMs,
      onsessioninitialized: (id) => void sessions.set(id, session),
      onsessionclosed: (id) => drop(id),
    });
    const session: Session = { transport, server, owner, lastUsedAt: Date.now(), open: 0, resumed: 0 };
    await server.connect(transport);
    return session;
  }

  return {
    handles: (request, body) => request.headers.has("mcp-session-id") || opensSession(body),
    async fetch(request, { authInfo, parsedBody, owner }) {
      const id = request.headers.get("mcp-session-id");
      let session = id === null ? undefined : sessions.get(id);
      if (id !== null && session?.owner !== owner) return failure(404, -32001, "Session not found");
      session ??= await open(owner, authInfo);
      if (!session) return failure(503, -32000, "Too many sessions are open. Try again later.");
      session.lastUsedAt = Date.now();
      const resumes = request.headers.has("last-event-id") ? 1 : 0;
      session.open++;
      session.resumed += resumes;
      const done = (): void => {
        session.open--;
        session.resumed -= resumes;
        session.lastUsedAt = Date.now();
      };
      try {
        const options = { ...(authInfo && { authInfo }), ...(parsedBody !== undefined && { parsedBody }) };
        return whenDone(await session.transport.handleRequest(request, options), request.signal, done);
      } catch (error) {
        done();
        throw error;
      }
    },
    async close() {
      clearInterval(sweep);
      await Promise.all([...sessions.keys()].map(drop));
    },
  };
}

/** The id of the session that nobody has used for the longest time; none where each has a stream that is read. */
function idlestOf(sessions: readonly [string, Session][]): string | undefined {
  return sessions.filter(([, { open }]) => open === 0).sort(([, a], [, b]) => a.lastUsedAt - b.lastUsedAt)[0]?.[0];
}

function opensSession(body: unknown): boolean {
  return (
    isInitializeRequest(body) &&
    (body as { params: { capabilities: { elicitation?: object } } }).params.capabilities.elicitation !== undefined
  );
}

function failure(status: number, code: number, message: string): Response {
  return Response.json({ jsonrpc: "2.0", error: { code, message }, id: null }, { status });
}

/** The response with its end reported once. A dropped connection cancels the stream, which otherwise stays open until its next chunk. */
function whenDone(response: Response, signal: AbortSignal, done: () => void): Response {
  if (!response.body) {
    done();
    return response;
  }
  const reader = response.body.getReader();
  let ended = false;
  const end = (): void => {
    if (ended) return;
    ended = true;
    signal.removeEventListener("abort", onAbort);
    done();
  };
  const onAbort = (): void => {
    void reader.cancel().catch(() => {});
    end();
  };
  signal.addEventListener("abort", onAbort, { once: true });
  const body = new ReadableStream({
    async pull(controller) {
      try {
        const { done: finished, value } = await reader.read();
        if (finished) {
          end();
          controller.close();
        } else controller.enqueue(value);
      } catch (error) {
        end();
        controller.error(error);
      }
    },
    async cancel() {
      end();
      await reader.cancel().catch(() => {});
    },
  });
  return new Response(body, { status: response.status, headers: response.headers });
}
