import { execFileSync, spawn } from "node:child_process";
import { Agent, request } from "node:http";
import { join, resolve } from "node:path";
import { type Figure, median, round } from "./figure.ts";
import { withFolder } from "./folder.ts";
import { PATCHBAY, startPeer } from "./stdio-peer.ts";

const ROUNDS = 5;
const SECONDS = 1.5;
const CLIENTS = 64;
const SYNC_MS = 3;

/**
 * Durable adds, each acknowledged after its sync to disk. Disks differ in how long a sync takes, from 0.1 ms to 10 ms, and
 * what a group commit gains is just that; so it is measured on the disk as it is and with syncs of 3 ms.
 */
export async function benchMemoryWrites(): Promise<Figure[]> {
  return withFolder(async (folder) => [
    ...(await storeFigures()),
    ...(await slowStoreFigures(slowSync(folder))),
    ...(await measure("disk as it is", {}, false)),
    ...(await measure(`syncs of ${SYNC_MS} ms`, slowSync(folder), true)),
  ]);
}

async function measure(disk: string, env: Record<string, string>, judged: boolean): Promise<Figure[]> {
  const rates = { bare: [] as number[], stdio: [] as number[], one: [] as number[], many: [] as number[] };
  for (let turn = 0; turn < ROUNDS; turn++) {
    await withFolder(async (fresh) => {
      const count = judged ? "300" : "3000";
      const bare = execFileSync(process.execPath, ["bench/bare-insert.ts", fresh, count], {
        env: { ...process.env, ...env },
      });
      rates.bare.push(Number(bare));
      rates.stdio.push(await overStdio(fresh, env));
      const http = await startHttp(fresh, env);
      rates.one.push(await http.addsPerSecond(1));
      rates.many.push(await http.addsPerSecond(CLIENTS));
      await http.close();
    });
  }
  const [bare, stdio, one, many] = [rates.bare, rates.stdio, rates.one, rates.many].map(median) as [
    number,
    number,
    number,
    number,
  ];
  const limit = (atLeast: number) => (judged ? { limit: { atLeast } } : {});
  return [
    {
      what: `durable memory_add over stdio, one at a time, against bare better-sqlite3 inserts; ${disk}`,
      measured: `${round(stdio)}/s against ${round(bare)}/s`,
      ratio: stdio / bare,
      ...limit(0.8),
    },
    {
      what: `durable memory_add of ${CLIENTS} clients over HTTP against one client; ${disk}`,
      measured: `${round(many)}/s against ${round(one)}/s`,
      ratio: many / one,
      ...limit(4),
    },
  ];
}

/** The store alone, on the disk as it is: the harshest comparison, for a fast disk leaves nothing to wait for. */
async function storeFigures(): Promise<Figure[]> {
  const { bare, add, many } = await storeRates([], {});
  return [againstBare(add, bare, "disk as it is"), againstOne(many, add, "disk as it is", false)];
}

async function slowStoreFigures(env: Record<string, string>): Promise<Figure[]> {
  const { bare, add, many } = await storeRates(["100", "30"], env);
  const disk = `syncs of ${SYNC_MS} ms`;
  return [againstBare(add, bare, disk), againstOne(many, add, disk, true)];
}

async function storeRates(words: string[], env: Record<string, string>) {
  const output = await withFolder(async (folder) =>
    execFileSync(process.execPath, ["bench/store-adds.ts", folder, ...words], {
      encoding: "utf8",
      env: { ...process.env, ...env },
    }),
  );
  return JSON.parse(output) as { bare: number; add: number; many: number };
}

function againstBare(add: number, bare: number, disk: string): Figure {
  return {
    what: `durable add of the memory store, one at a time, against bare better-sqlite3 inserts; ${disk}`,
    measured: `${round(add)}/s against ${round(bare)}/s`,
    ratio: add / bare,
    limit: { atLeast: 0.8 },
  };
}

function againstOne(many: number, one: number, disk: string, judged: boolean): Figure {
  return {
    what: `durable adds of 64 writers at once at the memory store against one; ${disk}`,
    measured: `${round(many)}/s against ${round(one)}/s`,
    ratio: many / one,
    ...(judged ? { limit: { atLeast: 10 } } : {}),
  };
}

/** The environment in which syncs take longer. Needs a C compiler. */
function slowSync(folder: string): Record<string, string> {
  const library = join(folder, "slow-sync.so");
  execFileSync("cc", ["-shared", "-fPIC", "-O2", "-o", library, resolve("bench/slow-sync.c"), "-ldl"]);
  return { LD_PRELOAD: library, SLOW_SYNC_US: String(SYNC_MS * 1000) };
}

const SETTINGS = { PATCHBAY_MEMORY_MAX_MEMORIES: "1000000" };

async function overStdio(folder: string, env: Record<string, string>): Promise<number> {
  const peer = await startPeer([...PATCHBAY, "--data-dir", folder], { ...env, ...SETTINGS });
  let number = 0;
  const add = () =>
    peer.callTool("memory_add", { content: `Ana prefers green tea in the afternoon, note ${number++}` });
  for (let warm = 0; warm < 50; warm++) await add();
  const startedAt = performance.now();
  const endsAt = startedAt + SECONDS * 1000;
  const before = number;
  while (performance.now() < endsAt) await add();
  const rate = ((number - before) * 1000) / (performance.now() - startedAt);
  await peer.close();
  return rate;
}

/** Our HTTP server, and clients that add one memory after the other, each over a connection of its own. */
async function startHttp(folder: string, env: Record<string, string>) {
  const child = spawn(process.execPath, [...PATCHBAY, "http", "--port", "0", "--data-dir", folder], {
    stdio: ["ignore", "pipe", "ignore"],
    env: { PATH: process.env.PATH ?? "", ...env, ...SETTINGS },
  });
  const url = await new Promise<string>((done, fail) => {
    child.once("exit", () => fail(new Error("the server ended")));
    child.stdout.on("data", (data) => {
      const found = /listens on (\S+)/.exec(String(data))?.[1];
      if (found) done(found);
    });
  });
  let number = 0;
  const add = (agent: Agent) =>
    new Promise<void>((done, fail) => {
      const args = { content: `Ana prefers black tea in the evening, note ${number++}` };
      const call = request(url, {
        method: "POST",
        agent,
        headers: { "Content-Type": "application/json", Accept: "application/json, text/event-stream" },
      });
      call.once("error", fail);
      call.once("response", (response) => {
        let body = "";
        response.on("data", (data) => {
          body += data;
        });
        response.once("end", () => (body.includes('\\"status\\":\\"success\\"') ? done() : fail(new Error(body))));
      });
      call.end(
        JSON.stringify({
          jsonrpc: "2.0",
          id: 1,
          method: "tools/call",
          params: { name: "memory_add", arguments: args },
        }),
      );
    });
  return {
    async addsPerSecond(clients: number): Promise<number> {
      const startedAt = performance.now();
      const endsAt = startedAt + SECONDS * 1000;
      const before = number;
      const work = async () => {
        const agent = new Agent({ keepAlive: true, maxSockets: 1 });
        while (performance.now() < endsAt) await add(agent);
        agent.destroy();
      };
      await Promise.all(Array.from({ length: clients }, work));
      return ((number - before) * 1000) / (performance.now() - startedAt);
    },
    async close() {
      const exited = new Promise((done) => child.once("exit", done));
      child.kill("SIGTERM");
      await exited;
    },
  };
}
