import { join } from "node:path";
import { type Figure, median, round } from "./figure.ts";
import { withFolder } from "./folder.ts";
import { PATCHBAY, SERVER_MEMORY, startPeer } from "./stdio-peer.ts";

const ROUNDS = 21;

interface Start {
  wallMs: number;
  cpuMs: number;
  rssMb: number;
}

/** From starting the process to the answered `tools/list` over stdio, against @modelcontextprotocol/server-memory. */
export async function benchStart(): Promise<Figure[]> {
  const ours: Start[] = [];
  const theirs: Start[] = [];
  await withFolder(async (folder) => {
    const startOurs = () => measureStart([...PATCHBAY, "--data-dir", folder]);
    const startTheirs = () => measureStart(SERVER_MEMORY, { MEMORY_FILE_PATH: join(folder, "memory.jsonl") });
    await startOurs();
    await startTheirs();
    for (let round = 0; round < ROUNDS; round++) {
      ours.push(await startOurs());
      theirs.push(await startTheirs());
    }
  });
  const compare = (what: string, unit: string, key: keyof Start, atMost: number): Figure => {
    const a = median(ours.map((start) => start[key]));
    const b = median(theirs.map((start) => start[key]));
    return { what, measured: `${round(a)} ${unit} against ${round(b)} ${unit}`, ratio: a / b, limit: { atMost } };
  };
  return [
    compare("start to answered tools/list, wall, against server-memory", "ms", "wallMs", 0.6),
    compare("the same, CPU", "ms", "cpuMs", 0.6),
    compare("the same, resident memory", "MB", "rssMb", 1),
  ];
}

async function measureStart(args: readonly string[], env: Record<string, string> = {}): Promise<Start> {
  const startedAt = performance.now();
  const peer = await startPeer(args, env);
  await peer.request("tools/list");
  const wallMs = performance.now() - startedAt;
  const start = { wallMs, ...peer.usage() };
  await peer.close();
  return start;
}
