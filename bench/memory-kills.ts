import { join } from "node:path";
import { killWhileChanging } from "../test/fixtures/memory-kills.ts";
import type { Figure } from "./figure.ts";
import { withFolder } from "./folder.ts";

const KILLS = 200;

/** Processes that add, change, delete, forget and import memories, each ended by SIGKILL at any time. */
export async function benchMemoryKills(): Promise<Figure[]> {
  const { acknowledged, wrong, problems, underWay } = await withFolder((folder) =>
    killWhileChanging(join(folder, "memory.db"), KILLS),
  );
  for (const problem of [...wrong, ...problems]) console.error(`  ${problem}`);
  return [
    {
      what: `changes that were acknowledged and lost, or done by half, by ${KILLS} kills -9 while writing`,
      measured: `${wrong.length} of ${acknowledged} (under way: ${underWay.kept} whole, ${underWay.dropped} not at all)`,
      ratio: wrong.length,
      limit: { atMost: 0 },
    },
    {
      what: "what verify found wrong after each of these kills",
      measured: `${problems.length} problems`,
      ratio: problems.length,
      limit: { atMost: 0 },
    },
  ];
}
