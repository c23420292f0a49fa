import { z } from "zod";

/** What several memory tools take. As plain objects in their schemas, for every byte of `tools/list` is paid for; the names are told. */

/** A memory, all of it optional. */
export const memoryFields = {
  content: z.string().optional().describe("Self-contained: full names, absolute dates."),
  tags: z.array(z.string()).optional().describe("Topics."),
  kind: z.string().optional().describe("fact, preference, event, …"),
  importance: z.number().optional().describe("0 to 1."),
  source: z.string().optional().describe("Conversation or document."),
  speaker: z.string().optional().describe("Who said it."),
  occurred_at: z.string().optional().describe("When it happened, ISO 8601."),
  expires_at: z.string().optional().describe("When to forget it."),
  supersedes: z.string().optional().describe("Id it replaces."),
};

const filterFields = {
  tag: z.string().optional(),
  source: z.string().optional(),
  speaker: z.string().optional(),
  kind: z.string().optional(),
  after: z.string().optional(),
  before: z.string().optional(),
};

/** An object of these fields, and of `more`. */
export function filterOf<More extends z.ZodRawShape>(more: More) {
  return z.record(z.string(), z.unknown()).pipe(z.strictObject({ ...filterFields, ...more }));
}

/** An object of the fields of a memory. */
export const memoryObject = z.record(z.string(), z.unknown()).pipe(z.strictObject(memoryFields));

/** How many memories, as people say it. */
export function inMemories(count: number): string {
  return count === 1 ? "1 memory" : `${count} memories`;
}
