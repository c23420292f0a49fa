import { termsIn } from "./tokenize.ts";

/** What a memory is found by, separated by spaces. */
export function termsOf(memory: {
  content: string;
  speaker?: string | null | undefined;
  tags: readonly string[];
}): string {
  const texts = [memory.content, ...(memory.speaker ? [memory.speaker] : []), ...memory.tags];
  const terms = texts.map((text) => termsIn(text)).filter((found) => found !== "");
  return terms.join(" ");
}
