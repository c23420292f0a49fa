import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { labelsIn, readTask, taskMessages } from "./task-prompts.ts";

describe("a task", () => {
  it.each([
    ["analyze", "analyze"],
    ["Analyse the tone", "analyze"],
    ["summarise in 3 bullets", "summarize"],
    ["Summarize:", "summarize"],
    ["EXTRACT all dates", "extract"],
    ["categorize as a or b", "classify"],
    ["translate to German", "translate"],
    ["Could you please translate this to German?", "translate"],
    ["paraphrase", "rewrite"],
    ["answer: what is it?", "answer"],
    ["What is the total?", "answer"],
    ["合計はいくらですか？", "answer"],
    ["Count the vowels", undefined],
    ["summary of the summarized", undefined],
    ["constructor", undefined],
    ["", undefined],
  ])("%j is %s", (task, name) => {
    expect(readTask(task).name).toBe(name);
  });

  it.each([
    ["classify as spam, ham or unsure", ["spam", "ham", "unsure"]],
    ["Classify the sentiment: positive, negative, neutral.", ["positive", "negative", "neutral"]],
    ['classify into "Bug report" / "Feature request"', ["Bug report", "Feature request"]],
    ["classify as one of: a | b | c", ["a", "b", "c"]],
    ["classify as either urgent or not urgent", ["urgent", "not urgent"]],
    ["classify", []],
    ["classify as spam", []],
    ["classify the tickets by what the customer wants, and say briefly why it is so, in a whole sentence", []],
  ])("%j gives the labels %j", (task, labels) => {
    expect(labelsIn(task)).toEqual(labels);
  });

  it("is read in bounded time, whatever it says", () => {
    for (const unit of [":", "as ", "or ", "a, ", " ", "either "]) labelsIn(`classify ${unit.repeat(10_000)}`);
  });
});

describe("the messages of a task", () => {
  it("share everything up to the end of the data, whatever is asked", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.string(), fc.boolean(), (data, one, two, asks) => {
        const first = taskMessages({ systemPrompt: "s", task: one, instruction: undefined }, data)[1]!.content;
        const schema = asks ? { type: "object" } : undefined;
        const options = { systemPrompt: "s", task: two, instruction: "Do it.", schema, note: "Part 1" };
        const second = taskMessages(options, data)[1]!.content;
        const end = first.search(/\[end of data [0-9a-f]{32}\]\n/) + "[end of data ]".length + 32;
        expect(second.slice(0, end)).toBe(first.slice(0, end));
      }),
    );
  });
});
