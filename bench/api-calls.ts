import { execFile, fork } from "node:child_process";
import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { createAnswerStore } from "../src/api/answer/create-answer-store.ts";
import { createApiClient } from "../src/api/api-client.ts";
import { api } from "../src/config/api-settings.ts";
import { type Figure, median, round } from "./figure.ts";

const WARM_UP_CALLS = 5000;
const TURNS = 40;
const CALLS = 480;
const MEGABYTE = 1_048_576;
const run = promisify(execFile);

/** What calls of APIs cost and hold to, against real servers in this process. */
export async function benchApiCalls(): Promise<Figure[]> {
  const overheads: Figure[] = [];
  for (const kind of ["item", "list"] as const) {
    for (const atOnce of [1, 16]) overheads.push(await overhead(kind, atOnce));
  }
  return [...overheads, await bomb(), await dripping(), await window(), await credentials()];
}

const PET = {
  id: 1007,
  name: "Rex of the Northern Woods",
  status: "available",
  born: "2021-04-17T09:30:00Z",
  weight: 12.4,
  tags: ["friendly", "vaccinated", "house-trained"],
  photos: ["https://images.example.com/pets/1007/front.jpg", "https://images.example.com/pets/1007/side.jpg"],
  owner: { name: "Ana Lindqvist", city: "Oslo", phone: "+47 22 00 00 00" },
};
const ANSWERS = { item: JSON.stringify(PET), list: JSON.stringify(Array.from({ length: 5 }, () => PET)) };

/**
 * CPU of the process that calls; each side in a process of its own, in short turns, so that what else the machine does meets
 * both alike. The median of the turns' ratios.
 */
async function overhead(kind: keyof typeof ANSWERS, atOnce: number): Promise<Figure> {
  const server = await serve((_request, response) => {
    response.setHeader("content-type", "application/json");
    response.end(ANSWERS[kind]);
  });
  const sides = ["undici", "ours"].map((side) => {
    const child = fork("bench/api-call.ts", [side, kind, server.url, String(atOnce)]);
    const failed = once(child, "exit").then(() => Promise.reject(new Error(`The side "${side}" of the bench failed.`)));
    failed.catch(() => {});
    return { child, failed };
  });
  const measure = async (count: number): Promise<number[]> => {
    const costs: number[] = [];
    for (const { child, failed } of sides) {
      child.send(count);
      const told = new Promise<number>((resolve) => child.once("message", (cost) => resolve(cost as number)));
      costs.push(await Promise.race([told, failed]));
    }
    return costs;
  };
  for (let turn = 0; turn < 3; turn++) await measure(WARM_UP_CALLS);
  const turns: number[][] = [];
  for (let turn = 0; turn < TURNS; turn++) turns.push(await measure(CALLS));
  for (const { child } of sides) child.disconnect();
  await server.close();
  const [bare, ours] = [0, 1].map((side) => median(turns.map((costs) => costs[side]!))) as [number, number];
  const how = atOnce === 1 ? "one after another" : `${atOnce} at once`;
  return {
    what: `a checked call of an API (${kind}, ${ANSWERS[kind].length} bytes) against undici's request and JSON.parse, ${how}, CPU`,
    measured: `${round(ours)} µs against ${round(bare)} µs`,
    ratio: median(turns.map(([bare, ours]) => ours! / bare!)),
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
  const { stdout } = await run(process.execPath, ["bench/api-bomb.ts", server.url]);
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
