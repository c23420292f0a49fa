import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Agent, Dispatcher, FormData } from "undici";
import { ToolError } from "../errors.ts";
import { createGuardedConnector, type GuardOptions } from "./address-guard.ts";
import { networkFailure } from "./network-failure.ts";

export interface HttpRequest {
  method: string;
  url: URL;
  headers: Readonly<Record<string, string>>;
  body: string | Uint8Array | FormData | null;
}

export interface HttpAnswer {
  status: number;
  /** Lower-case names; several values of one name joined. */
  headers: Readonly<Record<string, string>>;
  /** Decoded. */
  bytes: Buffer;
  /** Whether the body of a failed request was longer than what is kept of it. */
  cut: boolean;
}

export interface ExchangeOptions extends GuardOptions {
  /** Bytes of a decoded body. */
  maxResponseBytes: number;
}

/** Sends requests to one API over connections of its own. */
export interface Exchange {
  /**
   * One request, no redirect followed. `onSent` is called when it goes onto a connection.
   * @throws ToolError `upstream_unreachable`, `invalid_response`, `too_large`, `forbidden`; the signal's reason once it fires.
   */
  send(request: HttpRequest, signal: AbortSignal, onSent?: () => void): Promise<HttpAnswer>;
  /** Connects and sends nothing. @throws as `send` */
  probe(signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

const MAX_CONNECTIONS = 32;
const MAX_HEADER_BYTES = 64 * 1024;
/** Bytes kept of the body of a failed request. */
const MAX_ERROR_BODY = 16 * 1024;
const MAX_ENCODINGS = 3;

interface Loaded {
  undici: typeof import("undici");
  agent: Agent;
}

/** Nothing is loaded or connected before the first request. */
export function createExchange(options: ExchangeOptions): Exchange {
  const { api, base } = options;
  let loaded: Promise<Loaded> | undefined;
  const load = () => {
    loaded ??= import("undici").then((undici) => ({
      undici,
      agent: new undici.Agent({
        connect: createGuardedConnector(undici.buildConnector, options),
        connections: MAX_CONNECTIONS,
        maxHeaderSize: MAX_HEADER_BYTES,
        // Time is limited by the signal, which bounds the whole call and not the gaps between two bytes.
        headersTimeout: 0,
        bodyTimeout: 0,
      }),
    }));
    return loaded;
  };
  const failure = (error: unknown, signal: AbortSignal): unknown => {
    if (signal.aborted) return signal.reason;
    return error instanceof ToolError ? error : networkFailure(error, api, base.host);
  };

  return {
    async send(request, signal, onSent) {
      const { undici, agent } = await load();
      signal.throwIfAborted();
      try {
        const response = await undici.request(request.url, {
          dispatcher: onSent ? agent.compose(watchSending(onSent)) : agent,
          method: request.method as Dispatcher.HttpMethod,
          headers: { ...request.headers, "accept-encoding": "gzip, br" },
          body: request.body,
          signal,
        });
        const headers = joinHeaders(response.headers);
        const bodiless = request.method === "HEAD" || response.statusCode === 204 || response.statusCode === 304;
        if (bodiless) {
          await response.body.dump();
          return { status: response.statusCode, headers, bytes: Buffer.alloc(0), cut: false };
        }
        const failed = response.statusCode >= 300;
        const limit = failed ? MAX_ERROR_BODY : options.maxResponseBytes;
        const read = await readBody(response.body, headers["content-encoding"], limit, signal);
        if (read.cut && !failed) throw tooLarge(api, limit);
        return { status: response.statusCode, headers, ...read };
      } catch (error) {
        throw failure(error, signal);
      }
    },
    async probe(signal) {
      const { undici } = await load();
      const connect = createGuardedConnector(undici.buildConnector, options);
      const { protocol, hostname, host, port } = base;
      const connecting = new Promise<void>((resolve, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason), { once: true });
        connect({ protocol, hostname, host, port }, (error, socket) => {
          socket?.destroy();
          if (error) reject(error);
          else resolve();
        });
      });
      await connecting.catch((error) => {
        throw failure(error, signal);
      });
    },
    async close() {
      const current = loaded;
      loaded = undefined;
      await (await current)?.agent.destroy();
    },
  };
}

/** Tells when a request goes onto a connection, which may be long after it was asked for. */
function watchSending(onSent: () => void): Dispatcher.DispatcherComposeInterceptor {
  return (dispatch) => (options, handler) =>
    dispatch(options, {
      onRequestStart(controller, context) {
        onSent();
        handler.onRequestStart?.(controller, context);
      },
      onRequestUpgrade: (...args) => handler.onRequestUpgrade?.(...args),
      onResponseStart: (...args) => handler.onResponseStart?.(...args),
      onResponseData: (...args) => handler.onResponseData?.(...args),
      onResponseEnd: (...args) => handler.onResponseEnd?.(...args),
      onResponseError: (...args) => handler.onResponseError?.(...args),
    });
}

/** The decoded body up to a limit in bytes. What is compressed counts as what it becomes: that is what fills the memory. */
async function readBody(
  body: Readable,
  encoding: string | undefined,
  limit: number,
  signal: AbortSignal,
): Promise<{ bytes: Buffer; cut: boolean }> {
  const parts: Buffer[] = [];
  let size = 0;
  const full = new Error("limit reached");
  const collect = async (source: AsyncIterable<Buffer>) => {
    for await (const part of source) {
      const room = limit - size;
      size += part.length;
      parts.push(part.length > room ? part.subarray(0, room) : part);
      if (size > limit) throw full;
    }
  };
  try {
    await pipeline([body, ...(await decodersOf(encoding)), collect] as never, { signal });
  } catch (error) {
    body.on("error", () => {}).destroy();
    if (error === full) return { bytes: Buffer.concat(parts), cut: true };
    if (/^(Z_|ERR__?ERROR_|ERR_BROTLI|ERR_BUFFER|ERR_PADDING|ZSTD_)/.test(String((error as { code?: unknown }).code))) {
      throw new ToolError("invalid_response", "Request failed: the compressed answer is damaged.", { cause: error });
    }
    throw error;
  }
  return { bytes: Buffer.concat(parts), cut: false };
}

async function decodersOf(encoding: string | undefined): Promise<NodeJS.ReadWriteStream[]> {
  const names = (encoding ?? "")
    .toLowerCase()
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "" && name !== "identity");
  if (names.length === 0) return [];
  if (names.length > MAX_ENCODINGS) throw unreadable(names.join(", "));
  const zlib = await import("node:zlib");
  return names.reverse().map((name) => {
    if (name === "gzip" || name === "x-gzip") return zlib.createGunzip();
    if (name === "deflate") return zlib.createInflate();
    if (name === "br") return zlib.createBrotliDecompress();
    if (name === "zstd") return zlib.createZstdDecompress();
    throw unreadable(name);
  });
}

function unreadable(encoding: string): ToolError {
  const shown = JSON.stringify(encoding.slice(0, 40));
  return new ToolError("invalid_response", `Request failed: the answer's encoding ${shown} cannot be read.`);
}

function tooLarge(api: string, limit: number): ToolError {
  return new ToolError("too_large", `The answer of API "${api}" is larger than ${limit} bytes.`, {
    hint: `Ask for less, such as one page or fewer fields, or raise apis.${api}.maxResponseBytes in the configuration.`,
  });
}

function joinHeaders(headers: Readonly<Record<string, string | string[] | undefined>>): Record<string, string> {
  const joined: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) joined[name] = Array.isArray(value) ? value.join(", ") : value;
  }
  return joined;
}
