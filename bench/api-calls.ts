import { execFile } from "node:child_process";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { createAnswerStore } from "../src/api/answer/create-answer-store.ts";
import { createApiClient } from "../src/api/api-client.ts";
import { api } from "../src/config/api-settings.ts";
import { type Figure, median, round } from "./figure.ts";

const ROUNDS = 5;
const MEGABYTE = 1_048_576;
const run = promisify(execFile);

/** What calls of APIs cost and hold to, against real servers in this process. */
export async function benchApiCalls(): Promise<Figure[]> {
  return [await overhead(1), await overhead(16), await bomb(), await dripping(), await window(), await credentials()];
}

const PET = JSON.stringify({ id: 7, name: "Rex", tags: ["a", "b"], owner: { name: "Ana", city: "Oslo" } });

/** CPU of the process that calls; each side in processes of its own, in turn, so that neither's code is the other's. */
async function overhead(atOnce: number): Promise<Figure> {
  const server = await serve((_request, response) => {
    response.setHeader("content-type", "application/json");
    response.end(PET);
  });
  const measure = async (side: string): Promise<number> => {
    const { stdout } = await run(process.execPath, ["bench/api-call.ts", side, server.url, String(atOnce)]);
    return Number(stdout);
  };
  const ours: number[] = [];
  const bare: number[] = [];
  for (let turn = 0; turn < ROUNDS; turn++) {
    bare.push(await measure("undici"));
    ours.push(await measure("ours"));
  }
  await server.close();
  const [a, b] = [median(ours), median(bare)];
  const how = atOnce === 1 ? "one after another" : `${atOnce} at once`;
  return {
    what: `a checked call of an API against undici's request and JSON.parse, ${how}, CPU`,
    measured: `${round(a)} µs against ${round(b)} µs`,
    ratio: a / b,
    limit: { atMost: 1.5 },
  };
}

/** A gigabyte of zeros in a megabyte of gzip, asked for by a process of its own. */
async function bomb(): Promise<Figure> {
  const part = gzipSync(Buffer.alloc(16 * MEGABYTE));
  const server = await serve((request, response) => {
    response.setHeader("content-encoding", "gzip");
    if (request.url === "/small") return response.end(gzipSync("{}"));
    response.setHeader("content-type", "application/json");
    for (let written = 0; written < 64; written++) response.write(part);
    response.end();
  });
  const { stdout } = await run(process.execPath, ["bench/api-call.ts", "bomb", server.url]);
  await server.close();
  const grown = Number(stdout) / MEGABYTE;
  return {
    what: "RSS that a gzip answer of 1 GiB decoded adds, against 50 MiB",
    measured: `${round(grown)} MiB of 50 MiB`,
    ratio: grown / 50,
    limit: { atMost: 1 },
  };
}

/** How long after its time limit a call ends whose answer comes byte by byte. */
async function dripping(): Promise<Figure> {
  const server = await serve((_request, response) => {
    const timer = setInterval(() => response.write(" "), 10);
    response.on("close", () => clearInterval(timer));
  });
  const client = open({ x: { apiUrl: server.url, timeout: 0.3 } });
  let worst = 0;
  for (let turn = 0; turn < 10; turn++) {
    const startedAt = performance.now();
    await client.call({ id: "bench" }, { api: "x" }, { signal: never }).catch(() => {});
    worst = Math.max(worst, performance.now() - startedAt - 300);
  }
  await client.close();
  await server.close();
  return {
    what: "time after the limit at which a dripping answer is ended, worst of 10, against 100 ms",
    measured: `${round(worst)} ms of 100 ms`,
    ratio: worst / 100,
    limit: { atMost: 1 },
  };
}

/** Requests that one user's calls make, with failures, redirects and slow answers among them, counted where they arrive. */
async function window(): Promise<Figure> {
  const limit = { requests: 20, per: 0.5 };
  const arrivals: number[] = [];
  const server = await serve((request, response) => {
    arrivals.push(performance.now());
    const kind = arrivals.length % 10;
    if (kind === 1) response.writeHead(503, { "retry-after": "0" }).end();
    else if (kind === 2) response.writeHead(302, { location: "/b" }).end();
    else if (kind === 3) request.socket.destroy();
    else setTimeout(() => response.end("1"), kind === 4 ? 150 : 0);
  });
  const client = open({ x: { apiUrl: server.url, allow: ["GET /*"], rateLimit: limit, timeout: 60, concurrency: 64 } });
  await Promise.allSettled(
    Array.from({ length: 200 }, async (_, index) => {
      await sleep((index * 7) % 400);
      return client.call({ id: "bench" }, { api: "x", operation: "GET /a" }, { signal: never });
    }),
  );
  await client.close();
  await server.close();
  const inSpan = (from: number) => arrivals.filter((at) => at >= from && at < from + limit.per * 1000).length;
  const worst = Math.max(...arrivals.map(inSpan));
  const over = arrivals.filter((from) => inSpan(from) > limit.requests).length;
  return {
    what: `spans of ${limit.per} s with more than ${limit.requests} requests of a user, as the server sees ${arrivals.length} of them`,
    measured: `${over}, the fullest has ${worst}`,
    ratio: over,
    limit: { atMost: 0 },
  };
}

/** Answers that were kept for other credentials, of users with keys of their own and of two APIs at one place. */
async function credentials(): Promise<Figure> {
  const server = await serve((request, response) => {
    response.writeHead(200, {
      "content-type": "application/json",
      etag: '"same"',
      "cache-control": "public, max-age=60",
    });
    response.end(JSON.stringify({ for: Buffer.from(String(request.headers["x-api-key"])).toString("hex") }));
  });
  const names = Array.from({ length: 20 }, (_, index) => `user-${index}`);
  const keyOf = (name: string, user: string) => `key of ${user} for ${name}`;
  const one = (name: string) => ({
    apiUrl: server.url,
    allow: ["GET /*"],
    cacheTtl: 60,
    apiKeyHeader: "X-Api-Key",
    users: Object.fromEntries(names.map((user) => [user, { apiKey: keyOf(name, user) }])),
  });
  const client = open({ a: one("a"), b: one("b") });
  let wrong = 0;
  let kept = 0;
  for (let turn = 0; turn < 3; turn++) {
    for (const name of ["a", "b"]) {
      for (const user of names) {
        const result = await client.call({ id: user }, { api: name, operation: "GET /a" }, { signal: never });
        if (result.cached) kept += 1;
        const own = Buffer.from(keyOf(name, user)).toString("hex");
        if ((result.data as { for: string }).for !== own) wrong += 1;
      }
    }
  }
  await client.close();
  await server.close();
  if (kept !== 80) throw new Error(`${kept} of 80 answers were kept.`);
  return {
    what: "answers of the cache that were kept for other credentials, of 20 users and 2 APIs",
    measured: `${wrong} of ${kept}`,
    ratio: wrong,
    limit: { atMost: 0 },
  };
}

const never = new AbortController().signal;

function open(apis: Record<string, object>) {
  const filled = Object.fromEntries(Object.entries(apis).map(([name, given]) => [name, api.parse(given)]));
  return createApiClient(filled, createAnswerStore());
}

async function serve(listener: RequestListener): Promise<{ url: string; close(): Promise<void> }> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
