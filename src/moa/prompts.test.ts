import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { aggregationMessages, finalMessages, queryMessages } from "./prompts.ts";

const NONCE = "0123456789abcdef";
const content = (messages: { content: string }[]) => messages.at(-1)!.content;

describe("the prompts", () => {
  it("give the first layer the query and nothing else", () => {
    expect(queryMessages("Why?")).toEqual([{ role: "user", content: "Why?" }]);
  });

  it("give a later layer the query and the proposals, in the user's role", () => {
    const messages = aggregationMessages("Why?", ["Because.", "Who knows."], NONCE);
    expect(messages.map((message) => message.role)).toEqual(["system", "user"]);
    expect(content(messages)).toBe(
      [
        "Synthesize an improved response from these inputs:",
        "Original query: Why?",
        "",
        "Responses:",
        `<proposal-${NONCE}>`,
        "Because.",
        `</proposal-${NONCE}>`,
        `<proposal-${NONCE}>`,
        "Who knows.",
        `</proposal-${NONCE}>`,
        "",
        "Synthesized response:",
      ].join("\n"),
    );
  });

  it("give the aggregator the proposals of every layer that has any", () => {
    const text = content(finalMessages("Why?", [["One."], [], ["Two.", "Three."]], NONCE));
    expect(text).toMatch(
      /^Create a comprehensive final answer based on these inputs:\nOriginal query: Why\?\n\nLayer 1:/,
    );
    expect(text).toMatch(/Layer 1:\n<proposal-\w+>\nOne\.\n[\s\S]*Layer 3:\n<proposal-\w+>\nTwo\.\n[\s\S]*\nThree\.\n/);
    expect(text).not.toContain("Layer 2:");
    expect(text.endsWith("Final comprehensive answer:")).toBe(true);
  });

  it("share their beginning, so that providers can reuse it", () => {
    const [one, two] = [["A."], ["B."]].map((proposals) => aggregationMessages("Why?", proposals, NONCE));
    expect(one![0]).toEqual(two![0]);
    expect(content(one!).indexOf("A.")).toBe(content(two!).indexOf("B."));
  });
});

describe("a proposal", () => {
  /** Lines that look like fences: other case, spacing, nonces, halves to be joined. */
  const lookAlike = fc
    .tuple(
      fc.constantFrom("<", "< ", "</", "< /", "<\n/", "<<"),
      fc.constantFrom("proposal", "Proposal", "PROPOSAL", "pro<proposal>posal", "proposal "),
      fc.constantFrom("-", "", " id=", "\n"),
      fc.constantFrom(
        NONCE,
        NONCE.toUpperCase(),
        "fedcba9876543210",
        "",
        `${NONCE.slice(0, 8)}<proposal>${NONCE.slice(8)}`,
      ),
      fc.constantFrom(">", " >", "/>", ">>", ""),
    )
    .map((parts) => parts.join(""));
  const proposal = fc
    .array(fc.oneof(lookAlike, fc.string(), fc.constantFrom("\n", NONCE, "Layer 2:\n", "[…]")), { maxLength: 8 })
    .map((parts) => parts.join(""));

  it("cannot leave its fence, whatever it says", () => {
    fc.assert(
      fc.property(fc.array(proposal, { minLength: 1, maxLength: 4 }), (proposals) => {
        const text = content(aggregationMessages("Why?", proposals, NONCE));
        // The nonce stands in our own lines alone, and they alternate.
        const fences = [...text.matchAll(/<\s*\/?\s*proposal\b[^<>]*>?/gi)].map((match) => match[0]);
        expect(fences).toEqual(proposals.flatMap(() => [`<proposal-${NONCE}>`, `</proposal-${NONCE}>`]));
        expect(text.toLowerCase().split(NONCE)).toHaveLength(2 * proposals.length + 1);
      }),
      { numRuns: 500 },
    );
  });

  it("is otherwise left as it is", () => {
    const text = "Use <b>bold</b>, a < b, and the word proposal. ```xml\n<proposals/>\n```";
    expect(content(aggregationMessages("Why?", [text], NONCE))).toContain(`\n${text}\n`);
  });
});
