import { z } from "zod";
import { defineTool } from "./define-tool.ts";

export default defineTool({
  name: "memory_search",
  title: "Search memories",
  description:
    "Finds the user's memories that answer a question or mention words, best first. Use it whenever earlier knowledge about the user may help.",
  effect: "read",
  uses: ["memory"],
  input: z.strictObject({
    query: z
      .string({ error: (issue) => (issue.input === undefined ? "Search query is required" : undefined) })
      .describe('A question or key words. "In quotes": a phrase; word*: what begins so.'),
    limit: z.int().min(1, "limit must be at least 1").default(10).describe("How many; above 100 counts as 100."),
    tag: z.string().optional().describe("Only those with this tag."),
  }),
  output: z.object({ results: z.array(z.record(z.string(), z.unknown())) }),
  async run(input, { user, services, status }) {
    status.progress("Searching memories");
    const { results } = await services.memory.search(user, input);
    status.success(`Found ${results.length} matching memories`);
    return { results: results.map((memory) => ({ ...memory })) };
  },
});
