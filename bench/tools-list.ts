import { describeTool } from "../src/mcp/tool-schema.ts";
import { tools } from "../src/tools/index.ts";
import type { Figure } from "./figure.ts";

/** Bytes of `tools/list`, which every conversation pays for. */
export async function benchToolsList(): Promise<Figure[]> {
  const size = (names: RegExp) =>
    Buffer.byteLength(JSON.stringify(tools.filter(({ name }) => names.test(name)).map(describeTool)));
  const figure = (what: string, bytes: number, limit: number): Figure => ({
    what,
    measured: `${bytes.toLocaleString("en")} bytes of ${limit.toLocaleString("en")}`,
    ratio: bytes / limit,
    limit: { atMost: 1 },
  });
  return [
    figure("size of tools/list", size(/./), 22_500),
    figure("the memory tools in it", size(/^memory_/), 5_000),
    figure("the API tools in it, whatever is configured", size(/api/), 6_000),
  ];
}
