import { z } from "zod";
import { ToolError } from "../errors.ts";
import { defineTool } from "./define-tool.ts";
import { inMemories, memoryFields, memoryObject } from "./memory-fields.ts";

export default defineTool({
  name: "memory_add",
  title: "Remember",
  description: "Stores a self-contained memory about the user or their work for later conversations. Not for secrets.",
  effect: "write",
  uses: ["memory"],
  input: z.strictObject({
    ...memoryFields,
    memories: z.array(memoryObject).optional().describe("Or several such objects."),
    idempotency_key: z.string().optional().describe("For safe retries."),
  }),
  output: z.object({
    memory: z.record(z.string(), z.unknown()).optional(),
    memories: z.array(z.record(z.string(), z.unknown())).optional(),
    existing: z.boolean().optional(),
  }),
  async run(input, { user, services, status }) {
    const { memories, idempotency_key: idempotencyKey, ...one } = input;
    const options = { origin: "memory_add", idempotencyKey };
    if (memories === undefined) {
      status.progress("Adding new memory");
      const { existing, ...memory } = await services.memory.add(user, one, options);
      status.success(existing ? "Memory is stored already" : "Memory added successfully");
      return { memory, ...(existing && { existing }) };
    }
    if (Object.values(one).some((value) => value !== undefined)) {
      throw new ToolError("invalid_input", '"memories" goes with no other field of a memory.', {
        hint: "Write the fields into each of its objects.",
      });
    }
    status.progress(`Adding ${inMemories(memories.length)}`);
    const added = await services.memory.addAll(user, memories, options);
    status.success(`${inMemories(added.filter(({ existing }) => !existing).length)} added successfully`);
    return { memories: added.map((memory) => ({ ...memory })) };
  },
});
