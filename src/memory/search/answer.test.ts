import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Memory } from "../store.ts";
import { answerOf, estimateTokens, tokensOf } from "./answer.ts";
import type { Hit } from "./rank-rows.ts";

const memory = (content: string, index: number): Memory => ({
  id: `00000000-0000-7000-8000-${String(index).padStart(12, "0")}`,
  content,
  tags: [],
  created_at: "2026-01-01T00:00:00.000Z",
  updated_at: "2026-01-01T00:00:00.000Z",
  version: 1,
  origin: "store",
});

const hit = (content: string, index: number): Hit => ({
  number: index,
  score: 1,
  reason: { matched: [] },
  terms: content,
});

describe("estimated tokens", () => {
  it.each([
    ["", 0],
    ["four characters a token", 6],
    ["我喜欢在上海的公园里跑步", 12],
    ["한국어", 3],
    ["Привет, мир", 6],
  ])("of %j are %i", (text, tokens) => {
    expect(estimateTokens(text)).toBe(tokens);
  });
});

describe("a pack", () => {
  it("that nothing fits into says that there is something, by going on where it is", () => {
    const pack = (texts: string[], offset: number, maxTokens: number) => {
      const hits = texts.map((text, index) => hit(text, index));
      const { needed, answer } = answerOf(hits, { limit: 5, offset, maxTokens });
      return answer(needed.map((number) => memory(texts[number] as string, number)));
    };
    expect(pack(["one", "two"], 0, 3)).toEqual({ results: [], tokens: 0, near_duplicates: 0, next_offset: 0 });
    expect(pack(["one", "two"], 1, 3)).toMatchObject({ results: [], next_offset: 1 });
    expect(pack([], 0, 3)).not.toHaveProperty("next_offset");
    expect(pack(["one"], 1, 3)).not.toHaveProperty("next_offset");
    expect(pack(["one ".repeat(1000), "two"], 0, 200)).not.toHaveProperty("next_offset");
  });

  const contents = fc.array(
    fc.array(fc.constantFrom("a", "b", "c", "d", "e", "f", "longer-word-than-others"), { minLength: 1, maxLength: 40 }),
    { maxLength: 30 },
  );

  it("never holds more than fits, keeps the order, and goes on without a gap or a repetition", () => {
    fc.assert(
      fc.property(
        contents,
        fc.integer({ min: 1, max: 400 }),
        fc.integer({ min: 1, max: 5 }),
        (texts, maxTokens, limit) => {
          const memories = texts.map((words, index) => memory(words.join(" "), index));
          const hits = texts.map((words, index) => hit(words.join(" "), index));
          const seen: number[] = [];
          let offset: number | undefined = 0;
          while (offset !== undefined) {
            const from: number = offset;
            const { needed, answer } = answerOf(hits, { limit, offset: from, maxTokens });
            const pack = answer(needed.map((number) => memories[number] as Memory));
            const tokens = pack.results.reduce((sum, one) => sum + tokensOf(one), 0);
            expect(pack.tokens).toBe(tokens);
            expect(tokens).toBeLessThanOrEqual(maxTokens);
            expect(pack.results.length).toBeLessThanOrEqual(limit);
            seen.push(...pack.results.map((one) => memories.findIndex(({ id }) => id === one.id)));
            offset = pack.next_offset;
            // Where nothing fits, more room is wanted.
            if (offset === from && pack.results.length === 0) break;
            if (offset !== undefined) expect(offset).toBeGreaterThan(from);
          }
          expect(seen).toEqual([...new Set(seen)].sort((a, b) => a - b));
        },
      ),
    );
  });
});
