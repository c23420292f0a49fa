import { describe, expect, it } from "vitest";
import { createOpenQuestions } from "./open-questions.ts";

/** A question that waits until it is answered or given up. */
function question() {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const ask = (givenUp: AbortSignal) => {
    givenUp.addEventListener("abort", () => reject(givenUp.reason));
    return promise;
  };
  return { ask, answer: resolve };
}

describe("createOpenQuestions", () => {
  const full = expect.objectContaining({ code: "limit_reached", message: expect.stringMatching(/^2 questions wait/) });

  it("lets each user have a number of questions at a time, and more once one is answered", async () => {
    const questions = createOpenQuestions(2);
    const own = [question(), question()];
    const answers = own.map(({ ask }) => questions.during("ana", ask));
    await expect(questions.during("ana", question().ask)).rejects.toEqual(full);
    expect(await questions.during("ben", async () => "ben's")).toBe("ben's");
    own[0]?.answer("yes");
    expect(await answers[0]).toBe("yes");
    expect(await questions.during("ana", async () => "third")).toBe("third");
    own[1]?.answer("no");
    expect(await answers[1]).toBe("no");
  });

  it("gives up the oldest whose client is gone, of the same user, and only where its place is needed", async () => {
    const questions = createOpenQuestions(2);
    const heard = { ana1: true, ana2: true, ben: false };
    const during = (user: string, name: keyof typeof heard) =>
      questions.during(user, question().ask, { isHeard: () => heard[name] }).catch(({ code }) => `${name}: ${code}`);
    const bens = during("ben", "ben");
    const anas = [during("ana", "ana1"), during("ana", "ana2")];
    await expect(questions.during("ana", question().ask)).rejects.toEqual(full);
    heard.ana2 = false;
    const third = question();
    const thirds = questions.during("ana", third.ask);
    expect(await anas[1]).toBe("ana2: cancelled");
    await expect(questions.during("ana", question().ask)).rejects.toEqual(full);
    heard.ana1 = false;
    const fourth = questions.during("ana", async () => "fourth");
    expect(await Promise.all([fourth, anas[0]])).toEqual(["fourth", "ana1: cancelled"]);
    third.answer("third");
    expect(await thirds).toBe("third");
    const still = await Promise.race([bens, Promise.resolve("waits")]);
    expect(still).toBe("waits");
  });

  it("has ended what it gives up before it goes on, and counts what goes on with a question", async () => {
    const questions = createOpenQuestions(1);
    const ended: string[] = [];
    const slow = (givenUp: AbortSignal) =>
      new Promise<never>((_resolve, reject) => {
        givenUp.addEventListener("abort", () =>
          setTimeout(() => {
            ended.push("first");
            reject(givenUp.reason);
          }, 20),
        );
      });
    const first = questions.during("ana", slow, { isHeard: () => false, goesOn: true }).catch(({ code }) => code);
    await questions.during("ana", async () => ended.push("second"));
    expect(ended).toEqual(["first", "second"]);
    expect(await first).toBe("cancelled");
    expect(await questions.giveUp("ana")).toBe(false);
  });
});
