import { describe, expect, it } from "vitest";
import type { ChatRequest, RecordedRequest } from "../../test/fixtures/fake-provider.ts";
import { injections, NONCE } from "../../test/fixtures/injections.ts";
import { legitimateAnswers } from "../../test/fixtures/legitimate-answers.ts";
import { isFinal, isLater, mixtureOn, promptOf } from "../../test/fixtures/mixture.ts";

const nonceOf = (prompt: string) => /<proposal-([0-9a-f]{16})>/.exec(prompt)?.[1];

/** What stands outside of the proposals, and what in each of them. */
function readPrompt(request: RecordedRequest): { outside: unknown; inside: string[] } {
  const prompt = promptOf(request);
  const nonce = nonceOf(prompt)!;
  const fence = new RegExp(`<proposal-${nonce}>\n([\\s\\S]*?)\n</proposal-${nonce}>`, "g");
  const outside = request.body!.messages.slice(0, -1).concat({ role: "user", content: prompt.replace(fence, "◻") });
  return { outside, inside: [...prompt.matchAll(fence)].map((match) => match[1]!) };
}

/** What the second layer and the aggregator get where one of three agents answers so, in both layers. */
async function promptsWith(answer: string) {
  // From the second layer on, the attacker knows the nonce.
  const reply = ({ messages }: ChatRequest) =>
    answer.replaceAll(NONCE, nonceOf(messages.at(-1)!.content) ?? NONCE) || "Fine.";
  const { server, run } = await mixtureOn({ a: { reply: "A." }, b: { reply }, c: { reply: "C." } });
  const result = await run();
  expect(result).toMatchObject({ answer: "A.", degraded: false });
  return [server.chats.find(isLater)!, server.chats.find(isFinal)!].map(readPrompt);
}

describe("one agent's answer", () => {
  it("changes nothing outside of its own proposal, whatever it says", async () => {
    const [later, final] = await promptsWith("Fine.");
    expect([later!.inside, final!.inside].map(({ length }) => length)).toEqual([3, 6]);
    for (const attack of injections) {
      const [attackedLater, attackedFinal] = await promptsWith(attack);
      for (const [attacked, expected] of [
        [attackedLater!, later!],
        [attackedFinal!, final!],
      ] as const) {
        expect(attacked.outside).toEqual(expected.outside);
        expect(attacked.inside).toHaveLength(expected.inside.length);
        for (const [index, text] of expected.inside.entries())
          if (text !== "Fine.") expect(attacked.inside[index]).toBe(text);
      }
    }
  }, 60_000);

  it("is shown whole where it is a good one", async () => {
    for (const answer of Object.values(legitimateAnswers)) {
      const [, final] = await promptsWith(answer);
      expect(final!.inside.filter((text) => text === answer.trim() || text === answer)).toHaveLength(2);
    }
  }, 20_000);
});
