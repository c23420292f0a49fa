import { z } from "zod";
import type { FoundMemory } from "../memory/store.ts";
import { defineTool } from "./define-tool.ts";
import { filterOf } from "./memory-fields.ts";

export default defineTool({
  name: "memory_search",
  title: "Search memories",
  description: "Finds memories that answer a question, best first. Use it whenever earlier knowledge may help.",
  effect: "read",
  uses: ["memory"],
  input: z.strictObject({
    query: z
      .string({ error: (issue) => (issue.input === undefined ? "Search query is required" : undefined) })
      .describe('Question or key words; "a phrase"; begin*.'),
    limit: z.int().min(1, "limit must be at least 1").optional().describe("10, at most 100."),
    offset: z.int().optional().describe("How many to skip."),
    max_tokens: z.int().optional().describe("Size of all results, without near-duplicates."),
    tag: z.string().optional().describe("Only this tag."),
    filter: filterOf({}).optional().describe("source, speaker, kind, after, before (ISO 8601)."),
  }),
  output: z.object({
    results: z.array(z.record(z.string(), z.unknown())),
    next_offset: z.int().optional(),
    tokens: z.int().optional(),
    near_duplicates: z.int().optional(),
  }),
  async run(input, { user, services, status }) {
    status.progress("Searching memories");
    const { max_tokens: maxTokens, filter, ...request } = input;
    const found = await services.memory.search(user, { ...request, ...filter, maxTokens });
    status.success(`Found ${found.results.length} matching memories`);
    const shown = maxTokens === undefined ? (memory: FoundMemory) => ({ ...memory }) : packed;
    return { ...found, results: found.results.map(shown) };
  },
});

/** What the size of a pack counts: what a model needs of a memory, and no more. */
function packed({ id, content, tags, source, speaker, occurred_at, score }: FoundMemory): Record<string, unknown> {
  return {
    id,
    content,
    tags,
    ...(source !== undefined && { source }),
    ...(speaker !== undefined && { speaker }),
    ...(occurred_at !== undefined && { occurred_at }),
    score,
  };
}
