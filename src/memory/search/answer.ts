import { ToolError } from "../../errors.ts";
import { readRange } from "../memory-filter.ts";
import type { FoundMemory, Memory, SearchRequest, SearchResult } from "../store.ts";
import type { Hit } from "./rank-rows.ts";

/** Default of `limit` where the size of the answer is limited. */
const MAX_PACKED = 100;
/** Share of their terms that two memories have in common which say nearly the same (Jaccard index). */
const NEARLY_SAME = 0.8;

/** Which part of the ranking a search gives. */
export interface WantedAnswer {
  limit: number;
  offset: number;
  maxTokens: number | undefined;
}

/** @throws ToolError `invalid_input` */
export function readAnswer(request: SearchRequest): WantedAnswer {
  const { maxTokens } = request;
  if (maxTokens !== undefined && !(maxTokens >= 1)) {
    throw new ToolError("invalid_input", `"max_tokens" must be at least 1, not ${maxTokens}.`);
  }
  return { ...readRange(request, maxTokens === undefined ? undefined : MAX_PACKED), maxTokens };
}

/** Which memories an answer needs, by their numbers, and what makes it of them, given in that order. */
export function answerOf(
  hits: readonly Hit[],
  { limit, offset, maxTokens }: WantedAnswer,
): { needed: number[]; answer: (memories: readonly Memory[]) => SearchResult } {
  const end = maxTokens === undefined ? offset + limit : hits.length;
  const wanted = hits.slice(offset, end);
  return {
    needed: wanted.map((hit) => hit.number),
    answer(memories) {
      if (maxTokens !== undefined) return packFound(wanted, memories, { limit, offset, maxTokens });
      const results = wanted.map((hit, index) => toFound(memories[index] as Memory, hit));
      return { results, ...(results.length > 0 && end < hits.length && { next_offset: end }) };
    },
  };
}

function toFound(memory: Memory, { score, reason }: Hit): FoundMemory {
  return { ...memory, score: Math.round(score * 1e4) / 1e4, reason };
}

/**
 * As many of the found memories, the best first, as fit into `maxTokens`, and none that says nearly the same as a better one.
 * What is larger than all of the room is left out; the pack ends before the first that only the others leave no room for. Where
 * there is something, but nothing fits, `next_offset` is the offset itself: the same again, with more room, gives it.
 */
function packFound(
  hits: readonly Hit[],
  memories: readonly Memory[],
  { maxTokens, limit, offset }: { maxTokens: number; limit: number; offset: number },
): SearchResult {
  const results: FoundMemory[] = [];
  const packed: ReadonlySet<string>[] = [];
  let tokens = 0;
  let nearDuplicates = 0;
  for (const [index, hit] of hits.entries()) {
    const memory = memories[index] as Memory;
    const size = tokensOf(memory);
    if (size > maxTokens) continue;
    const terms = new Set(hit.terms === "" ? [memory.content] : hit.terms.split(" "));
    if (packed.some((other) => sayNearlySame(terms, other))) {
      nearDuplicates++;
      continue;
    }
    if (results.length === limit || tokens + size > maxTokens) {
      return { results, tokens, near_duplicates: nearDuplicates, ...(limit > 0 && { next_offset: offset + index }) };
    }
    results.push(toFound(memory, hit));
    packed.push(terms);
    tokens += size;
  }
  const nothingFits = hits.length > 0 && results.length === 0 && limit > 0;
  return { results, tokens, near_duplicates: nearDuplicates, ...(nothingFits && { next_offset: offset }) };
}

/** Estimated tokens of a memory in a pack: what it says, by whom, when and where from, its id and its score. */
export function tokensOf({ id, content, tags, source, speaker, occurred_at }: Memory): number {
  return estimateTokens(JSON.stringify({ id, content, tags, source, speaker, occurred_at, score: 10.1234 }));
}

/**
 * About 4 ASCII letters, 2 other characters of ASCII or of an alphabet, 1 of a script that writes syllables or words make a
 * token; rather too many than too few.
 */
export function estimateTokens(text: string): number {
  const dense = text.match(DENSE)?.length ?? 0;
  const letters = text.match(/[A-Za-z ]/g)?.length ?? 0;
  const others = [...text].length - dense - letters;
  return Math.ceil(dense + letters / 4 + others / 2);
}

const DENSE =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}\p{Extended_Pictographic}]/gu;

function sayNearlySame(one: ReadonlySet<string>, other: ReadonlySet<string>): boolean {
  const [shorter, longer] = one.size <= other.size ? [one, other] : [other, one];
  let common = 0;
  for (const term of shorter) if (longer.has(term)) common++;
  return common / (one.size + other.size - common) >= NEARLY_SAME;
}
