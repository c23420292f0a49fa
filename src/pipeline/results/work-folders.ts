import { createHash, randomBytes } from "node:crypto";
import { readlinkSync } from "node:fs";
import { readdir, rm, stat } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import type { WorkFolder } from "./result-store.ts";

/** Milliseconds after which what another machine made counts as left behind; no run is as long. */
const FOREIGN_MS = 24 * 3_600_000;

/** Names that this process uses now. */
const inUse = new Set<string>();

/**
 * A name that says which process made what it names. Process ids mean nothing on another machine or in another container that
 * shares the folder, so the name has both.
 */
export function ownedName(): string {
  return `${placeOfIds()}-${process.pid}-${randomBytes(6).toString("hex")}`;
}

/** A new name of a folder in `parent` for one run. Nothing is made. */
export function createWorkFolder(parent: string): WorkFolder {
  const name = ownedName();
  inUse.add(name);
  const path = join(parent, name);
  return {
    path,
    async remove() {
      try {
        await rm(path, { recursive: true, force: true, maxRetries: 3 });
        inUse.delete(name);
      } catch {
        // Left to the next process that sweeps.
      }
    },
  };
}

/** Runs with a name that no sweep takes for left behind. */
export async function withOwnedName<T>(work: (name: string) => Promise<T>): Promise<T> {
  const name = ownedName();
  inUse.add(name);
  try {
    return await work(name);
  } finally {
    inUse.delete(name);
  }
}

/** Removes what processes that have ended left in a folder. Never throws: what cannot be removed is left. */
export async function sweepLeftovers(folder: string, pattern: RegExp): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  for (const name of names) {
    const owned = pattern.exec(name)?.[1];
    if (owned === undefined || inUse.has(owned)) continue;
    const path = join(folder, name);
    if (await isLeftBehind(path, owned)) await rm(path, { recursive: true, force: true }).catch(() => {});
  }
}

async function isLeftBehind(path: string, owned: string): Promise<boolean> {
  const [place, pid] = owned.split("-");
  // Made by this process but not in use: by one before it that had the same id.
  if (place === placeOfIds()) return Number(pid) === process.pid || !isRunning(Number(pid));
  const found = await stat(path).catch(() => undefined);
  return found !== undefined && Date.now() - found.mtimeMs > FOREIGN_MS;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}

let place: string | undefined;

/** Names where process ids mean what they mean here: the machine and, of Linux, its namespace of process ids. */
function placeOfIds(): string {
  if (place === undefined) {
    let namespace = "";
    try {
      namespace = readlinkSync("/proc/self/ns/pid");
    } catch {}
    place = createHash("sha256").update(`${hostname()} ${namespace}`).digest("hex").slice(0, 8);
  }
  return place;
}
