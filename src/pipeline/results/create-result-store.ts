import { createHash } from "node:crypto";
import { chmod, copyFile, mkdir, open, readdir, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ToolError } from "../../errors.ts";
import type { ResultPart } from "../run-request.ts";
import type { KeptResult, ResultContent, ResultStore } from "./result-store.ts";
import { createWorkFolder, sweepLeftovers, withOwnedName } from "./work-folders.ts";

export interface ResultStoreOptions {
  /** Made when it is needed. */
  folder: string;
  /** Hours for which a result is kept after it was kept last. */
  keepHours: number;
  /** Bytes of all results of a user. */
  maxUserBytes: number;
  /** Bytes that `read` gives at once. */
  maxReadBytes?: number;
}

/** Parts of a user. With no limit, runs with short results would be kept without end. */
const MAX_PARTS = 1000;
/** Milliseconds between two looks for what has expired, of any user. */
const SWEEP_MS = 10 * 60_000;
const HOUR_MS = 3_600_000;

/** Media types of the formats; xml and yaml as RFC 7303 and RFC 9512 have them. */
const MIME_TYPES: Record<string, string> = {
  json: "application/json",
  csv: "text/csv",
  tsv: "text/tab-separated-values",
  ndjson: "application/x-ndjson",
  yaml: "application/yaml",
  xml: "application/xml",
  markdown: "text/markdown",
};

/** A run's part, its rows, bytes and format, and whether it is escaped. The bytes tell what was cut off by a crash of the machine. */
const NAME = /^([0-9a-f]{8,64})\.(data|quarantine|report)\.(\d{1,15})\.(\d{1,15})\.([a-z0-9]{1,20})(\.escaped)?$/;
const TEMPORARY = /^(\w+-\d+-\w+)\.tmp$/;
const WORK_NAME = /^(\w+-\d+-\w+)$/;

/**
 * Each part is one file with all that is known of it in its name, in a folder of its user, so that it is there or not, and several
 * processes need not know of each other. A file gets its name once it is whole.
 */
export function createResultStore({
  folder,
  keepHours,
  maxUserBytes,
  maxReadBytes = 4 * 2 ** 20,
}: ResultStoreOptions): ResultStore {
  const keepMs = keepHours * HOUR_MS;
  const results = join(folder, "results");
  const work = join(folder, "work");
  const listeners = new Map<string, Set<(runId: string, part: ResultPart) => void>>();
  let sweptAt = Number.NEGATIVE_INFINITY;

  interface Entry extends KeptResult {
    path: string;
  }

  function tell(user: string, changed: readonly Pick<KeptResult, "runId" | "part">[]): void {
    const parts = new Map(changed.map(({ runId, part }) => [`${runId} ${part}`, { runId, part }]));
    for (const { runId, part } of parts.values()) {
      for (const listener of listeners.get(user) ?? []) listener(runId, part);
    }
  }

  /** What is whole in a user's folder and begins so, expired ones included, the newest first. */
  async function entriesOf(userFolder: string, start = ""): Promise<Entry[]> {
    const names = await readdir(userFolder).catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return [];
      throw storageError(error);
    });
    const entries = await Promise.all(
      names.filter((name) => name.startsWith(start)).map((name) => entryOf(userFolder, name)),
    );
    return entries
      .filter((entry) => entry !== undefined)
      .sort((a, b) => b.keptAt.getTime() - a.keptAt.getTime() || (a.path < b.path ? 1 : -1));
  }

  async function entryOf(userFolder: string, name: string): Promise<Entry | undefined> {
    const [, runId = "", part, rows, size, format = "", escaped] = NAME.exec(name) ?? [];
    if (!part) return undefined;
    const path = join(userFolder, name);
    const found = await stat(path).catch(() => undefined);
    if (!found?.isFile() || found.size !== Number(size)) return undefined;
    const keptAt = found.mtime;
    const known = { runId, part: part as ResultPart, format, rows: Number(rows), size: found.size };
    return makeEntry({ ...known, escaped: escaped !== undefined, keptAt, path });
  }

  function makeEntry(known: Omit<Entry, "uri" | "mimeType" | "until">): Entry {
    return {
      ...known,
      uri: `pipeline://runs/${known.runId}/${known.part}`,
      mimeType: MIME_TYPES[known.format] ?? "text/plain",
      until: new Date(known.keptAt.getTime() + keepMs),
    };
  }

  const isKept = ({ until }: KeptResult) => until.getTime() > Date.now();

  async function findEntry(user: string, runId: string, part: ResultPart): Promise<Entry | undefined> {
    sweep();
    // What is asked for need not be an id.
    if (!NAME.test(`${runId}.${part}.0.0.json`)) return undefined;
    return (await entriesOf(folderOf(user), `${runId}.${part}.`)).find(isKept);
  }

  function folderOf(user: string): string {
    return join(results, createHash("sha256").update(user).digest("hex").slice(0, 32));
  }

  /** Removes what has expired, and of the rest the oldest until the limits hold. `kept` stays. Gives what went. */
  async function makeRoom(userFolder: string, kept?: Entry): Promise<Entry[]> {
    const gone: Entry[] = [];
    let bytes = 0;
    let parts = 0;
    const seen = new Set<string>();
    for (const entry of await entriesOf(userFolder)) {
      const key = `${entry.runId} ${entry.part}`;
      const replaced = kept !== undefined && key === `${kept.runId} ${kept.part}` && entry.path !== kept.path;
      const stays = entry.path === kept?.path;
      const fits = bytes + entry.size <= maxUserBytes && parts < MAX_PARTS && !seen.has(key);
      if (stays || (!replaced && fits && isKept(entry))) {
        bytes += entry.size;
        parts++;
        seen.add(key);
        continue;
      }
      await rm(entry.path, { force: true }).catch(() => {});
      gone.push(entry);
    }
    return gone;
  }

  /** Now and then, without anybody waiting for it: what has expired of any user, and what processes that ended left behind. */
  function sweep(): void {
    if (Date.now() - sweptAt < SWEEP_MS) return;
    sweptAt = Date.now();
    void (async () => {
      await sweepLeftovers(work, WORK_NAME);
      for (const user of await readdir(results).catch(() => [])) {
        await sweepLeftovers(join(results, user), TEMPORARY);
        await makeRoom(join(results, user)).catch(() => {});
      }
    })();
  }

  return {
    async keep({ id: user }, runId, part, { format, rows, escaped = false, ...content }) {
      sweep();
      const size = "text" in content ? Buffer.byteLength(content.text) : (await stat(content.path)).size;
      if (size > maxUserBytes) {
        throw new ToolError(
          "too_large",
          `The ${part} of the run has ${size} bytes; at most ${maxUserBytes} are kept.`,
          {
            hint: "Filter, pick or limit in the pipeline, or raise pipelineRuns.maxKeptBytes in the configuration.",
          },
        );
      }
      const userFolder = folderOf(user);
      const path = join(userFolder, `${runId}.${part}.${rows}.${size}.${format}${escaped ? ".escaped" : ""}`);
      const now = new Date();
      const entry = makeEntry({ runId, part, format, rows, size, escaped, keptAt: now, path });
      if (!NAME.test(path.slice(userFolder.length + 1))) throw new Error("This is no name of a kept result.");
      try {
        await mkdir(userFolder, { recursive: true, mode: 0o700 });
        await withOwnedName((name) => place(content, join(userFolder, `${name}.tmp`), path, now));
        tell(user, [entry, ...(await makeRoom(userFolder, entry))]);
      } catch (error) {
        throw storageError(error);
      }
      return withoutPath(entry);
    },
    async find({ id: user }, runId, part) {
      const entry = await findEntry(user, runId, part);
      return entry && withoutPath(entry);
    },
    async open({ id: user }, runId, part) {
      const entry = await findEntry(user, runId, part);
      const handle = entry && (await open(entry.path, "r").catch(() => undefined));
      if (!handle) return undefined;
      const name = `${part}.${entry.format === "markdown" ? "md" : entry.format}`;
      return { ...withoutPath(entry), fd: handle.fd, path: entry.path, name, close: () => handle.close() };
    },
    async read({ id: user }, runId, part) {
      const entry = await findEntry(user, runId, part);
      if (!entry) return undefined;
      if (entry.size > maxReadBytes) throw tooLong(entry, maxReadBytes);
      const handle = await open(entry.path, "r").catch(() => undefined);
      try {
        return await handle?.readFile("utf8");
      } finally {
        await handle?.close();
      }
    },
    async list({ id: user }) {
      sweep();
      return (await entriesOf(folderOf(user))).filter(isKept).map(withoutPath);
    },
    onChange({ id: user }, listener) {
      // An entry of its own for each registration, whichever function it calls.
      const call = (runId: string, part: ResultPart) => listener(runId, part);
      const own = listeners.get(user) ?? new Set();
      listeners.set(user, own.add(call));
      return () => {
        own.delete(call);
        if (own.size === 0 && listeners.get(user) === own) listeners.delete(user);
      };
    },
    workFolder() {
      sweep();
      return createWorkFolder(work);
    },
  };
}

/** Moves a file, or writes a text, into its place at once; where it comes from another disk, it is copied first. */
async function place(content: ResultContent, temporary: string, path: string, now: Date): Promise<void> {
  try {
    if ("text" in content) await writeFile(temporary, content.text, { mode: 0o600, flag: "wx" });
    else {
      await rename(content.path, temporary).catch(async (error: NodeJS.ErrnoException) => {
        if (error.code !== "EXDEV") throw error;
        await copyFile(content.path, temporary);
        const copy = await open(temporary, "r+");
        await copy.sync().finally(() => copy.close());
        await rm(content.path, { force: true });
      });
      await chmod(temporary, 0o600);
    }
    await utimes(temporary, now, now);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

function withoutPath({ path: _path, ...kept }: KeptResult & { path: string }): KeptResult {
  return kept;
}

function tooLong({ runId, part, size, until }: KeptResult, limit: number): ToolError {
  return new ToolError(
    "too_large",
    `The ${part} of run ${runId} has ${size} bytes; at most ${limit} are read at once.`,
    {
      hint:
        `Give "pipeline://runs/${runId}/${part}" as the "source" of another run, which reads it whole: filter, limit, pick or ` +
        `group there. It is kept until ${until.toISOString()}.`,
    },
  );
}

function storageError(error: unknown): unknown {
  if (error instanceof ToolError) return error;
  const { code } = error as NodeJS.ErrnoException;
  if (code === undefined) return error;
  const full = code === "ENOSPC" || code === "EDQUOT";
  return new ToolError(
    full ? "storage_full" : "storage_error",
    full ? "The disk is full; the result was not kept." : `Results cannot be kept or read (${code}).`,
    { hint: "The server's data folder needs space and permission to write.", cause: error },
  );
}
