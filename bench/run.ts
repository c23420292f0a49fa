import { arch, cpus, platform, totalmem } from "node:os";
import { benchApiCalls } from "./api-calls.ts";
import { benchApiDocuments } from "./api-documents.ts";
import { benchApiSearch } from "./api-search.ts";
import { benchBoundary } from "./boundary.ts";
import { type Figure, holds, table } from "./figure.ts";
import { benchLocomo } from "./locomo.ts";
import { benchMemoryKills } from "./memory-kills.ts";
import { benchMemoryProcesses } from "./memory-processes.ts";
import { benchMemoryScale } from "./memory-scale.ts";
import { benchMemorySearch } from "./memory-search.ts";
import { benchMemoryWrites } from "./memory-writes.ts";
import { benchMixture } from "./mixture.ts";
import { benchMixtureTail } from "./mixture-tail.ts";
import { benchModels } from "./models.ts";
import { benchOpenWebUi } from "./open-webui.ts";
import { benchPipelines } from "./pipelines.ts";
import { benchProgress } from "./progress.ts";
import { benchStart } from "./start.ts";
import { benchToolsList } from "./tools-list.ts";

/** `npm run bench [-- name …]`: measures and prints the figures of docs/benchmarks.md; exits with 1 where one is missed. */
const benches: Record<string, () => Promise<Figure[]>> = {
  start: benchStart,
  "tools-list": benchToolsList,
  "memory-search": benchMemorySearch,
  locomo: benchLocomo,
  "memory-writes": benchMemoryWrites,
  "memory-kills": benchMemoryKills,
  "memory-processes": benchMemoryProcesses,
  "memory-scale": benchMemoryScale,
  mixture: benchMixture,
  "mixture-tail": benchMixtureTail,
  models: benchModels,
  "api-documents": benchApiDocuments,
  "api-calls": benchApiCalls,
  boundary: benchBoundary,
  "api-search": benchApiSearch,
  pipelines: benchPipelines,
  progress: benchProgress,
  "open-webui": benchOpenWebUi,
};

const wanted = process.argv.slice(2);
const unknown = wanted.find((name) => !(name in benches));
if (unknown !== undefined) {
  console.error(`There is no bench "${unknown}". Benches: ${Object.keys(benches).join(", ")}.`);
  process.exit(2);
}
console.log(
  `Node ${process.versions.node}, ${platform()} ${arch()}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB\n`,
);
const figures: Figure[] = [];
for (const name of wanted.length > 0 ? wanted : Object.keys(benches)) {
  console.error(`measuring ${name} …`);
  figures.push(...(await benches[name]!()));
}
console.log(table(figures));
process.exit(figures.every(holds) ? 0 : 1);
