import type { Dispatcher, Pool } from "undici";
import { ToolError } from "../../errors.ts";
import { createGuardedConnector, type GuardOptions } from "./address-guard.ts";
import { type BodyCollector, collectBody } from "./collect-body.ts";
import { networkFailure } from "./network-failure.ts";

export interface HttpRequest {
  method: string;
  url: URL;
  headers: Readonly<Record<string, string>>;
  body: string | Uint8Array | null;
}

export interface HttpAnswer {
  status: number;
  /** Lower-case names; several values of one name joined. */
  headers: Readonly<Record<string, string>>;
  /** Decoded. */
  bytes: Buffer;
  /** Whether the body of a failed request was longer than what is kept of it, or a stream was ended at its limit of time or size. */
  cut: boolean;
}

export interface ExchangeOptions extends GuardOptions {
  /** Bytes of a decoded body. */
  maxResponseBytes: number;
  /** Connections at most; default 32. */
  connections?: number | undefined;
}

/** What is told of a request that is under way. */
export interface SendingListener {
  /** It goes onto a connection now. */
  sent(): void;
  /** Its answer has begun. */
  answered(): void;
}

/** Sends requests to one API over connections of its own. */
export interface Exchange {
  /**
   * One request, no redirect followed.
   * @throws ToolError `upstream_unreachable`, `invalid_response`, `too_large`, `forbidden`; the signal's reason once it fires.
   */
  send(request: HttpRequest, signal: AbortSignal, listener?: SendingListener): Promise<HttpAnswer>;
  /** Connects and sends nothing. @throws as `send` */
  probe(signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

const MAX_CONNECTIONS = 32;
const MAX_HEADER_BYTES = 64 * 1024;
/** Bytes kept of the body of a failed request. */
const MAX_ERROR_BODY = 16 * 1024;

interface Loaded {
  undici: typeof import("undici");
  zlib: typeof import("node:zlib");
  pool: Pool;
}

const STREAM = /^\s*(?:text\/event-stream|application\/(?:x-)?(?:ndjson|jsonl|jsonlines|json-seq))\s*(?:;|$)/i;

/** Nothing is loaded or connected before the first request. */
export function createExchange(options: ExchangeOptions): Exchange {
  const { api, base } = options;
  let loading: Promise<Loaded> | undefined;
  let loaded: Loaded | undefined;
  const load = async (): Promise<Loaded> => {
    loading ??= Promise.all([import("undici"), import("node:zlib")]).then(([undici, zlib]) => ({
      undici,
      zlib,
      pool: new undici.Pool(base.origin, {
        connect: createGuardedConnector(undici.buildConnector, options),
        connections: options.connections ?? MAX_CONNECTIONS,
        allowH2: false,
        maxHeaderSize: MAX_HEADER_BYTES,
        // Time is limited by the signal, which bounds the whole call and not the gaps between two bytes.
        headersTimeout: 0,
        bodyTimeout: 0,
      }),
    }));
    loaded = await loading;
    return loaded;
  };
  const failure = (error: unknown, sent: boolean | undefined): unknown =>
    error instanceof ToolError ? error : networkFailure(error, api, base.host, sent);

  function exchange(
    { pool, zlib }: Loaded,
    request: HttpRequest,
    signal: AbortSignal,
    listener: SendingListener | undefined,
  ): Promise<HttpAnswer> {
    return new Promise((resolve, reject) => {
      let controller: Dispatcher.DispatchController | undefined;
      let body: BodyCollector | undefined;
      let status = 0;
      let headers: Record<string, string> = {};
      let settled = false;
      let ended = false;
      const settle = (): boolean => {
        if (settled) return false;
        settled = true;
        signal.removeEventListener("abort", leave);
        return true;
      };
      /** Ends the request and its connection; does nothing where it is over. */
      const stop = (error: unknown) => {
        body?.destroy();
        controller?.abort(error as Error);
      };
      const fail = (error: unknown) => {
        if (!settle()) return;
        reject(error);
        stop(error);
      };
      /** What comes piece by piece is worth having in part; its end may never come. */
      const isStream = () => status < 300 && STREAM.test(headers["content-type"] ?? "");
      const leave = () => {
        const isLate = signal.reason instanceof ToolError && signal.reason.code === "deadline_exceeded";
        if (!(isLate && isStream() && body?.cutShort())) fail(signal.reason);
      };
      signal.addEventListener("abort", leave, { once: true });

      const begin = (encoding: string | undefined, length: string | undefined): BodyCollector => {
        const isError = status >= 300;
        const limit = isError ? MAX_ERROR_BODY : options.maxResponseBytes;
        const isBodiless = request.method === "HEAD" || status === 204 || status === 304;
        if (!isError && !isBodiless && Number(length) > limit) throw tooLarge(api, limit);
        return collectBody(zlib, isBodiless ? undefined : encoding, limit, {
          drained: () => controller?.resume(),
          failed: fail,
          done({ bytes, cut }) {
            if (cut && !isError && !isStream()) return fail(tooLarge(api, limit));
            if (!settle()) return;
            resolve({ status, headers, bytes, cut });
            if (!ended) stop(new Error("Enough was read."));
          },
        });
      };
      const handler: Dispatcher.DispatchHandler = {
        onRequestStart(started) {
          controller = started;
          if (settled) return started.abort(new Error("The caller has gone."));
          listener?.sent();
        },
        onResponseStart(_controller, statusCode, received) {
          // Interim answers (RFC 9110, 15.2) say nothing of the final one.
          if (statusCode < 200 || settled) return;
          listener?.answered();
          status = statusCode;
          headers = joinHeaders(received);
          try {
            const isCompressed = headers["content-encoding"] !== undefined;
            body = begin(headers["content-encoding"], isCompressed ? undefined : headers["content-length"]);
          } catch (error) {
            fail(error);
          }
        },
        onResponseData(receiving, chunk) {
          if (!settled && body && !body.write(chunk)) receiving.pause();
        },
        onResponseEnd() {
          ended = true;
          body?.end();
        },
        onResponseError(_controller, error) {
          if (!settle()) return;
          body?.destroy();
          reject(failure(error, controller !== undefined));
        },
      };
      pool.dispatch(
        {
          path: request.url.pathname + request.url.search,
          method: request.method as Dispatcher.HttpMethod,
          headers: { ...request.headers, "accept-encoding": "gzip, br" },
          body: request.body,
        },
        handler,
      );
    });
  }

  return {
    async send(request, signal, listener) {
      const ready = loaded ?? (await load());
      signal.throwIfAborted();
      return exchange(ready, request, signal, listener);
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
        throw signal.aborted ? signal.reason : failure(error, false);
      });
    },
    async close() {
      const current = loading;
      loading = undefined;
      loaded = undefined;
      await (await current)?.pool.destroy();
    },
  };
}

function tooLarge(api: string, limit: number): ToolError {
  return new ToolError("too_large", `The answer of API "${api}" is larger than ${limit} bytes.`, {
    hint: `Ask for less, such as one page or fewer fields, or raise apis.${api}.maxResponseBytes in the configuration.`,
  });
}

function joinHeaders(headers: Readonly<Record<string, string | string[] | undefined>>): Record<string, string> {
  const joined: Record<string, string> = {};
  for (const name in headers) {
    const value = headers[name];
    if (value !== undefined) joined[name] = typeof value === "string" ? value : value.join(", ");
  }
  return joined;
}
