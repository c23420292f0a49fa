import { z } from "zod";
import { defineTool } from "./define-tool.ts";
import { filterOf } from "./memory-fields.ts";

export default defineTool({
  name: "memory_list",
  title: "List memories",
  description: "Lists the user's memories. To find something, use memory_search.",
  effect: "read",
  uses: ["memory"],
  input: z.strictObject({
    limit: z.int().min(1, "limit must be at least 1").default(10).describe("At most 100."),
    offset: z.int().optional().describe("How many to skip."),
    cursor: z.string().optional().describe("next_cursor of a page."),
    sort: z.string().optional().describe("newest, oldest, updated, occurred, importance."),
    tag: z.string().optional().describe("Only this tag."),
    filter: filterOf({ superseded: z.boolean().optional() })
      .optional()
      .describe("source, speaker, kind, after, before (ISO 8601); superseded: true."),
  }),
  output: z.object({
    memories: z.array(z.record(z.string(), z.unknown())),
    total: z.int(),
    limit: z.int(),
    offset: z.int(),
    next_cursor: z.string().optional(),
  }),
  async run(input, { user, services, status }) {
    status.progress("Retrieving memories");
    const { filter, ...request } = input;
    const page = await services.memory.list(user, { ...request, ...filter });
    status.success(`Retrieved ${page.memories.length} memories`);
    return { ...page, memories: page.memories.map((memory) => ({ ...memory })) };
  },
});
