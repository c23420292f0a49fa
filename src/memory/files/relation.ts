import type { FileMemory } from "./file-entry.ts";
import { type JsonObject, Problem, textOf } from "./json-memory.ts";

/** The kind of memories that say how two entities of a graph are related. */
export const RELATION = "relation";
/** What the store takes at most as a tag. */
const MAX_TAG_LENGTH = 50;

/** Such as "Ana works at ACME": the source is the first entity, the tags are both, so that it is found by either. @throws Problem */
export function readRelation(value: JsonObject, from: string, type: string, to: string): FileMemory {
  const [first, middle, last] = [from, type, to].map((name) => required(value, name)) as [string, string, string];
  return { content: `${first} ${middle} ${last}`, kind: RELATION, source: first, tags: [first, last].filter(isTag) };
}

/** @throws Problem when it is absent or no text */
export function required(value: JsonObject, name: string): string {
  const text = textOf(value, name);
  if (text === undefined) throw new Problem(`"${name}" is missing`);
  return text;
}

export function isTag(text: string): boolean {
  return text.trim() !== "" && text.length <= MAX_TAG_LENGTH;
}
