import { describe, expect, it } from "vitest";
import { ANSWER_SECONDS, createUsedAnswers } from "./used-answers.ts";

describe("createUsedAnswers", () => {
  const used = expect.objectContaining({ code: "invalid_input", message: "This confirmation was used already." });

  it("lets answers serve once, or again after they were given back", () => {
    const answers = createUsedAnswers();
    answers.claim("a");
    answers.claim("b");
    expect(() => answers.claim("a")).toThrow(used);
    answers.release("a");
    answers.claim("a");
    expect(() => answers.claim("b")).toThrow(used);
  });

  it("remembers them as long as their state can be opened, and no more than it may", () => {
    let now = 0;
    const answers = createUsedAnswers({ now: () => now, max: 2 });
    answers.claim("a");
    now = ANSWER_SECONDS * 1000 - 1;
    expect(() => answers.claim("a")).toThrow(used);
    now += 1;
    answers.claim("a");
    answers.claim("b");
    answers.claim("c");
    expect(() => answers.claim("c")).toThrow(used);
    answers.claim("a");
  });
});
