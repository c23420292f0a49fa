import { describeTool } from "../src/mcp/tool-schema.ts";
import { tools } from "../src/tools/index.ts";
import type { Figure } from "./figure.ts";

/** Bytes of `tools/list`, which every conversation pays for. */
export async function benchToolsList(): Promise<Figure[]> {
  const size = (prefix: string) =>
    Buffer.byteLength(JSON.stringify(tools.filter((tool) => tool.name.startsWith(prefix)).map(describeTool)));
  const figure = (what: string, bytes: number, limit: number): Figure => ({
    what,
    measured: `${bytes.toLocaleString("en")} bytes of ${limit.toLocaleString("en")}`,
    ratio: bytes / limit,
    limit: { atMost: 1 },
  });
  return [figure("size of tools/list", size(""), 19_500), figure("the memory tools in it", size("memory_"), 5_000)];
}
