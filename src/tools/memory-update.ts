import { z } from "zod";
import { defineTool } from "./define-tool.ts";

export default defineTool({
  name: "memory_update",
  title: "Correct a memory",
  description: "Changes what is given of a memory, or takes it back.",
  effect: "write",
  idempotent: true,
  uses: ["memory"],
  input: z.strictObject({
    memory_id: z
      .string({ error: (issue) => (issue.input === undefined ? "Memory ID is required" : undefined) })
      .describe("Its id."),
    content: z.string().optional().describe("New text."),
    tags: z.array(z.string()).optional().describe("New tags."),
    kind: z.string().optional().describe("Its kind."),
    importance: z.number().optional().describe("0 to 1."),
    occurred_at: z.string().optional().describe("When it happened."),
    expires_at: z.string().optional().describe("When to forget it, or never."),
    restore_version: z.int().optional().describe("Undo: back to this version."),
  }),
  output: z.object({ memory: z.record(z.string(), z.unknown()) }),
  async confirms(input, { user, services }) {
    const { content } = await services.memory.get(user, input.memory_id);
    return `Memory until now: ${JSON.stringify(content)}`;
  },
  async run(input, { user, services, status }) {
    status.progress("Updating memory");
    const { memory_id: id, ...changes } = input;
    const memory = await services.memory.update(user, id, changes, { origin: "memory_update" });
    status.success("Memory updated successfully");
    return { memory: { ...memory } };
  },
});
