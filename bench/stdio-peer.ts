import { type ChildProcess, spawn } from "node:child_process";
import { resolve } from "node:path";
import { createInterface } from "node:readline";
import { treeCpuMs, treeMemory } from "../test/fixtures/process-tree.ts";

/**
 * A server under measurement, started as a child process and spoken to in bare JSON lines, so that what is measured is the
 * server and not an SDK's client. Every server is spoken to in the same way (revision 2025-11-25, which all of them know).
 */
export interface StdioPeer {
  request(method: string, params?: Record<string, unknown>): Promise<Record<string, unknown>>;
  /** The text block of a tool's result. @throws Error where the result is an error */
  callTool(name: string, args: Record<string, unknown>): Promise<string>;
  /** CPU time used so far in ms, and resident memory in MB, now and at most so far, of it and what it has started (Linux). */
  usage(): { cpuMs: number; rssMb: number; peakMb: number };
  close(): Promise<void>;
}

export const PATCHBAY = [resolve("dist/main.js")];
export const SERVER_MEMORY = [resolve("node_modules/@modelcontextprotocol/server-memory/dist/index.js")];

/** Starts `node <args>` and does the handshake. */
export async function startPeer(args: readonly string[], env: Record<string, string> = {}): Promise<StdioPeer> {
  const child: ChildProcess = spawn(process.execPath, args, {
    stdio: ["pipe", "pipe", "ignore"],
    env: { PATH: process.env.PATH ?? "", ...env },
  });
  const waiting = new Map<number, (message: Record<string, unknown>) => void>();
  const exited = new Promise<void>((done) => child.once("exit", () => done()));
  createInterface({ input: child.stdout! }).on("line", (line) => {
    const message = JSON.parse(line) as Record<string, unknown>;
    waiting.get(message.id as number)?.(message);
    waiting.delete(message.id as number);
  });
  let nextId = 1;
  const send = (message: Record<string, unknown>) =>
    child.stdin!.write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`);

  const peer: StdioPeer = {
    request(method, params = {}) {
      const id = nextId++;
      return new Promise((done, fail) => {
        waiting.set(id, (message) => {
          if (message.error) fail(new Error(JSON.stringify(message.error)));
          else done(message.result as Record<string, unknown>);
        });
        send({ id, method, params });
      });
    },
    async callTool(name, args) {
      const result = await peer.request("tools/call", { name, arguments: args });
      const text = (result.content as { text: string }[])[0]!.text;
      if (result.isError) throw new Error(text);
      return text;
    },
    usage: () => ({ cpuMs: treeCpuMs(child.pid as number), ...treeMemory(child.pid as number) }),
    async close() {
      child.stdin!.end();
      const timer = setTimeout(() => child.kill("SIGKILL"), 5_000);
      await exited;
      clearTimeout(timer);
    },
  };
  await peer.request("initialize", {
    protocolVersion: "2025-11-25",
    capabilities: {},
    clientInfo: { name: "bench", version: "0" },
  });
  send({ method: "notifications/initialized" });
  return peer;
}
