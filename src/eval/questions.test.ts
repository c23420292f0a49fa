import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readQuestions } from "./questions.ts";

describe("a file of questions", () => {
  it("has one object a line; ids are the numbers of the lines where none is given", () => {
    const text =
      '\ufeff{"question":"a","answer":4}\r\n\r\n{"question":"b","id":7}\n{"question":"c","answer":["x","y"]}\n';
    expect(readQuestions(text)).toEqual([
      { id: "1", question: "a", answers: ["4"] },
      { id: "7", question: "b" },
      { id: "4", question: "c", answers: ["x", "y"] },
    ]);
  });

  it.each([
    ["", "no questions"],
    ["{", "Line 1 of the questions is not JSON"],
    ['{"question":"a"}\n[]', "Line 2 of the questions is no object"],
    ['{"question":" "}', 'no text as "question"'],
    ['{"question":"a","anwser":"b"}', 'unknown key "anwser"'],
    ['{"question":"a","answer":{}}', 'an "answer" that is no text'],
    ['{"question":"a","answer":[]}', "an empty list"],
    ['{"question":"a","id":"2"}\n{"question":"b"}', 'has the id "2" of line 1'],
  ])("that is %j is refused: %s", (text, message) => {
    expect(() => readQuestions(text)).toThrow(message);
  });

  it("gives back every question that was written into it", () => {
    const question = fc.string({ minLength: 1, unit: "binary" }).filter((text) => text.trim() !== "");
    fc.assert(
      fc.property(fc.uniqueArray(question, { minLength: 1 }), (questions) => {
        const text = questions.map((one) => JSON.stringify({ question: one, id: `q${one}` })).join("\n");
        expect(readQuestions(text).map((one) => one.question)).toEqual(questions);
      }),
    );
  });
});
