import { z } from "zod";
import { defineTool } from "./define-tool.ts";

export default defineTool({
  name: "memory_update",
  title: "Correct a memory",
  description: "Replaces the content or the tags of a memory that has changed or was wrong. What is left out stays.",
  effect: "write",
  idempotent: true,
  uses: ["memory"],
  input: z.strictObject({
    memory_id: z
      .string({ error: (issue) => (issue.input === undefined ? "Memory ID is required" : undefined) })
      .describe("Its id."),
    content: z.string().optional().describe("The new content."),
    tags: z.array(z.string()).optional().describe("The new tags, instead of all old ones."),
  }),
  output: z.object({ memory: z.record(z.string(), z.unknown()) }),
  async confirms(input, { user, services }) {
    const { content } = await services.memory.get(user, input.memory_id);
    return `Memory until now: ${JSON.stringify(content)}`;
  },
  async run(input, { user, services, status }) {
    status.progress("Updating memory");
    const { memory_id: id, ...changes } = input;
    const memory = await services.memory.update(user, id, changes);
    status.success("Memory updated successfully");
    return { memory: { ...memory } };
  },
});
