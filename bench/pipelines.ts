import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { createReadStream, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { stringify } from "yaml";
import { locked } from "../test/fixtures/locked.ts";
import { bundle } from "./bundle.ts";
import { type Figure, median, round } from "./figure.ts";
import { withFolder } from "./folder.ts";
import { STEPS, writeOrders } from "./pipeline-orders.ts";
import { PATCHBAY, startPeer } from "./stdio-peer.ts";

const run = promisify(execFile);

const ROWS = 100_000;
const MANY_ROWS = 1_000_000;
const ROUNDS = 5;
const MANY_ROUNDS = 3;
/** Times that a process does the same, where it is one that has done it before. */
const TURNS = 4;
const RSS_MB = 200;
/** Too large to be installed with the other packages. */
const DUCKDB = "@duckdb/node-api@1.5.6-r.1";
const DUCKDB_FOLDER = resolve("node_modules/.cache/patchbay/duckdb-1.5.6-r.1");

/** What it costs to clean, check and write rows of csv, against programs that do the same, and the memory that it takes. */
export async function benchPipelines(): Promise<Figure[]> {
  await installDuckDb();
  return withFolder(async (folder) => {
    await bundle("plain", "bench/pipeline-plain.ts", folder);
    await bundle("jsonata", "bench/pipeline-jsonata.ts", folder);
    await bundle("ours", "bench/pipeline-ours.ts", folder, {
      "pipelines-process": "src/pipeline/process/process-main.ts",
    });
    const few = join(folder, "orders.csv");
    const many = join(folder, "many-orders.csv");
    writeOrders(few, ROWS);
    writeOrders(many, MANY_ROWS);
    return [...(await againstPrograms(folder, few)), ...(await manyRows(folder, many)), await memory(folder, many)];
  });
}

interface Measured {
  /** From the start of the process to the end of the first turn. */
  cpuMs: number;
  wallMs: number;
  /** Of each further turn in the same process. */
  laterCpuMs?: number[];
}

/** Runs a program of the bench in a process of its own. What it measures is from the start of the process. */
async function measure(program: string, ...args: string[]): Promise<Measured> {
  const { stdout } = await run(process.execPath, [program, ...args]);
  return JSON.parse(stdout) as Measured;
}

const PROGRAMS = {
  ours: (folder: string, input: string, output: string, turns: string) =>
    measure(join(folder, "ours.mjs"), input, output, turns, join(folder, "kept")),
  plain: (folder: string, input: string, output: string, turns: string) =>
    measure(join(folder, "plain.mjs"), input, output, turns),
  jsonata: (folder: string, input: string, output: string) => measure(join(folder, "jsonata.mjs"), input, output),
  duckdb: (_folder: string, input: string, output: string) =>
    measure("bench/pipeline-duckdb.ts", DUCKDB_FOLDER, input, output),
};

/** Runs the programs in turn. Gives the medians. Those that write as we do have to give the same bytes. */
async function inTurn<Name extends keyof typeof PROGRAMS>(
  names: readonly Name[],
  rounds: number,
  folder: string,
  input: string,
  turns = 1,
): Promise<Record<Name, Measured>> {
  const all = Object.fromEntries(names.map((name) => [name, [] as Measured[]])) as Record<Name, Measured[]>;
  for (let turn = 0; turn < rounds; turn++) {
    for (const name of names)
      all[name].push(await PROGRAMS[name](folder, input, join(folder, `${name}.csv`), String(turns)));
  }
  const hashes = new Set<string>();
  for (const name of names) if (name !== "duckdb") hashes.add(await hashOf(join(folder, `${name}.csv`)));
  if (hashes.size > 1) throw new Error("The programs do not give the same bytes.");
  return Object.fromEntries(
    names.map((name) => [
      name,
      {
        cpuMs: median(all[name].map(({ cpuMs }) => cpuMs)),
        wallMs: median(all[name].map(({ wallMs }) => wallMs)),
        laterCpuMs: all[name].flatMap(({ laterCpuMs = [] }) => laterCpuMs),
      },
    ]),
  ) as Record<Name, Measured>;
}

async function againstPrograms(folder: string, input: string): Promise<Figure[]> {
  const { ours, plain, jsonata, duckdb } = await inTurn(
    ["ours", "plain", "jsonata", "duckdb"],
    ROUNDS,
    folder,
    input,
    TURNS,
  );
  const [ourTurn, plainTurn] = [median(ours.laterCpuMs ?? []), median(plain.laterCpuMs ?? [])];
  const against = (peer: Measured) => `${round(ours.cpuMs)} ms against ${round(peer.cpuMs)} ms`;
  return [
    {
      what: "100k rows of csv cleaned, checked and written, against plain JavaScript for these columns, CPU in processes that have done it before",
      measured: `${round(ourTurn)} ms against ${round(plainTurn)} ms`,
      ratio: ourTurn / plainTurn,
      limit: { atMost: 2 },
    },
    {
      what: "the same in new processes, from their start: most is loading and compiling",
      measured: against(plain),
      ratio: ours.cpuMs / plain.cpuMs,
    },
    {
      what: "the same with ajv and JSONata, against ours, new processes",
      measured: `${round(jsonata.cpuMs)} ms against ${round(ours.cpuMs)} ms`,
      ratio: jsonata.cpuMs / ours.cpuMs,
      limit: { atLeast: 5 },
    },
    {
      what: "the same against SQL in DuckDB, new processes",
      measured: against(duckdb),
      ratio: ours.cpuMs / duckdb.cpuMs,
    },
  ];
}

async function manyRows(folder: string, input: string): Promise<Figure[]> {
  const { ours, plain, duckdb } = await inTurn(["ours", "plain", "duckdb"], MANY_ROUNDS, folder, input);
  return [
    {
      what: "1M rows (113 MB) against SQL in DuckDB, CPU of the server and of the process of the run",
      measured: `${round(ours.cpuMs)} ms against ${round(duckdb.cpuMs)} ms`,
      ratio: ours.cpuMs / duckdb.cpuMs,
      limit: { atMost: 2 },
    },
    {
      what: "the same, time; DuckDB works with all cores",
      measured: `${round(ours.wallMs)} ms against ${round(duckdb.wallMs)} ms`,
      ratio: ours.wallMs / duckdb.wallMs,
      limit: { atMost: 2 },
    },
    {
      what: "the same against plain JavaScript, CPU",
      measured: `${round(ours.cpuMs)} ms against ${round(plain.cpuMs)} ms`,
      ratio: ours.cpuMs / plain.cpuMs,
    },
  ];
}

/** What a server takes at most during a run, more than before it. */
async function memory(folder: string, input: string): Promise<Figure> {
  const config = join(folder, "patchbay.yaml");
  writeFileSync(config, stringify({ dataDir: "data", pipelineRuns: { folders: { in: "." } } }));
  const peer = await startPeer([...PATCHBAY, "--config", config], { HOME: folder });
  try {
    await peer.request("tools/list");
    const idle = peer.usage().rssMb;
    const { rows } = JSON.parse(
      await peer.callTool("run_pipeline", {
        source: input.slice(folder.length + 1).replace(/^/, "in/"),
        output_format: "csv",
        steps: STEPS,
      }),
    ) as { rows: number };
    if (!(rows > MANY_ROWS / 2)) throw new Error(`The run gave ${rows} rows.`);
    const more = peer.usage().peakMb - idle;
    return {
      what: "memory (RSS) of the server and of the process of the run while 1M rows (113 MB) stream, above that of the idle server, against 200 MB",
      measured: `${round(more)} MB above ${round(idle)} MB`,
      ratio: more / RSS_MB,
      limit: { atMost: 1 },
    };
  } finally {
    await peer.close();
  }
}

async function hashOf(file: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  return hash.digest("hex");
}

/** Downloads the package (70 MB unpacked) the first time; it is kept. */
async function installDuckDb(): Promise<void> {
  if (existsSync(DUCKDB_FOLDER)) return;
  await locked(`${DUCKDB_FOLDER}.lock`, 300_000, async () => {
    if (existsSync(DUCKDB_FOLDER)) return;
    const parent = resolve(DUCKDB_FOLDER, "..");
    mkdirSync(parent, { recursive: true });
    const installing = mkdtempSync(join(parent, "installing-"));
    try {
      writeFileSync(join(installing, "package.json"), '{ "private": true }');
      await run("npm", ["install", DUCKDB, "--ignore-scripts", "--no-audit", "--no-fund", "--silent"], {
        cwd: installing,
        shell: process.platform === "win32",
      });
      // Only what is whole has the name.
      renameSync(installing, DUCKDB_FOLDER);
    } finally {
      rmSync(installing, { recursive: true, force: true });
    }
  });
}
