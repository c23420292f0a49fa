import { describe, expect, it } from "vitest";
import { z } from "zod";
import { answerPage } from "../../test/fixtures/asking-clients.ts";
import { startPatchbay } from "../../test/fixtures/connect.ts";
import { boundaryOf, read } from "../../test/fixtures/tool-boundary.ts";
import confirmAction from "../tools/confirm-action.ts";
import { defineTool } from "../tools/define-tool.ts";
import type { CallRequest } from "./call-tool.ts";

const YES = { action: "accept", content: { confirm: true } };

/** A tool that says how many things it would delete, which others change; and what it has deleted. */
async function deleting() {
  const things = { count: 1, which: "these", about: undefined as string | undefined, deleted: [] as number[] };
  const tool = defineTool({
    name: "sweep",
    title: "Sweep",
    description: "Deletes what is there.",
    effect: "destroy",
    uses: [],
    input: z.strictObject({}),
    output: z.looseObject({}),
    confirms: () => things.about ?? { about: `${things.count} will be deleted.`, of: things.which },
    async run() {
      things.deleted.push(things.count);
      return {};
    },
  });
  const { services } = await startPatchbay();
  const tools = [tool, confirmAction];
  const { boundary, request } = await boundaryOf(async () => ({}), {
    tools,
    services,
    confirmationRequired: ["sweep"],
  });
  const call = async (name: string, args: object = {}, change: Partial<CallRequest> = {}) =>
    read(await boundary.call(name, args, request(change))).json;
  const round = (change: Partial<CallRequest>) => boundary.call("sweep", {}, request({ canAsk: true, ...change }));
  return { things, call, round };
}

describe("a consent counts for what the human was shown", () => {
  it("on a page and in the chat: other words at the time of the call are asked anew", async () => {
    const { things, call } = await deleting();
    const byPage = await call("sweep");
    expect(byPage.question).toMatchObject({ message: expect.stringContaining("1 will be deleted.") });
    await answerPage(byPage.url as string, { answer: "yes" });
    things.count = 4;
    const again = await call("sweep");
    expect(again).toMatchObject({ status: "needs_input" });
    expect(again.question).toMatchObject({ message: expect.stringContaining("4 will be deleted.") });
    expect(again.url).not.toBe(byPage.url);

    expect(await call("confirm_action", { resume_token: again.resume_token, answer: true })).toMatchObject({
      confirmed: true,
    });
    things.count = 5;
    const third = await call("sweep");
    expect(third.question).toMatchObject({ message: expect.stringContaining("5 will be deleted.") });
    // What was agreed to before is not kept for the time when it fits again.
    things.count = 4;
    expect(await call("sweep")).toMatchObject({ status: "needs_input" });
    await expect(answerPage(third.url as string, { answer: "yes" })).rejects.toThrow("This has been answered");
    expect(things.deleted).toEqual([]);

    const last = await call("sweep");
    await answerPage(last.url as string, { answer: "yes" });
    expect(await call("sweep")).toMatchObject({ status: "success" });
    expect(things.deleted).toEqual([4]);
  });

  it("and for what was meant by it, though the words are the same", async () => {
    const { things, call, round } = await deleting();
    const byPage = await call("sweep");
    await answerPage(byPage.url as string, { answer: "yes" });
    things.which = "others";
    const again = await call("sweep");
    expect(again).toMatchObject({ status: "needs_input" });
    expect(again.question).toEqual(byPage.question);
    expect(again.url).not.toBe(byPage.url);
    await call("confirm_action", { resume_token: again.resume_token, answer: true });
    things.which = "more others";
    expect(await call("sweep")).toMatchObject({ status: "needs_input" });

    const first = await round({});
    if (first.kind !== "question") throw new Error("no question");
    things.which = "still others";
    const second = await round({ state: first.state, inputResponses: { [first.key]: YES } });
    expect(second.kind).toBe("question");
    expect(things.deleted).toEqual([]);
  });

  it("and for what is left out of a long text", async () => {
    const { things, call } = await deleting();
    const long = (middle: string) => `${"a".repeat(2_000)}${middle}${"z".repeat(2_000)}`;
    things.about = long("1");
    const asked = await call("sweep");
    await answerPage(asked.url as string, { answer: "yes" });
    things.about = long("2");
    const again = await call("sweep");
    expect(again).toMatchObject({ status: "needs_input", question: asked.question });
    await answerPage(again.url as string, { answer: "yes" });
    expect(await call("sweep")).toMatchObject({ status: "success" });
  });

  it("a no counts whatever the words are by then", async () => {
    const { things, call } = await deleting();
    const asked = await call("sweep");
    await answerPage(asked.url as string, { answer: "no" });
    things.count = 2;
    expect(await call("sweep")).toMatchObject({ status: "error", code: "declined" });
    expect(things.deleted).toEqual([]);
  });

  it("in rounds of a call, and while the client waits", async () => {
    const { things, call, round } = await deleting();
    const first = await round({});
    if (first.kind !== "question") throw new Error("no question");
    things.count = 2;
    const second = await round({ state: first.state, inputResponses: { [first.key]: YES } });
    if (second.kind !== "question") throw new Error("no question");
    expect(second.question.message).toContain("2 will be deleted.");
    const done = await round({ state: second.state, inputResponses: { [second.key]: YES } });
    expect(read(done).json).toMatchObject({ status: "success" });

    const shown: string[] = [];
    const ask = async ({ message }: { message: string }) => {
      shown.push(/\d+ will/.exec(message)?.[0] ?? "");
      if (shown.length === 1) things.count = 3;
      return YES;
    };
    expect(await call("sweep", {}, { canAsk: true, ask })).toMatchObject({ status: "success" });
    expect(shown).toEqual(["2 will", "3 will"]);
    expect(things.deleted).toEqual([2, 3]);

    const restless = async () => {
      things.count += 1;
      return YES;
    };
    expect(await call("sweep", {}, { canAsk: true, ask: restless })).toMatchObject({
      status: "error",
      code: "confirmation_required",
    });
    expect(things.deleted).toEqual([2, 3]);
  });
});

describe("an answer on the page and one that the model reports", () => {
  it("one of them counts, whichever came first", async () => {
    const { things, call } = await deleting();
    const first = await call("sweep");
    await call("confirm_action", { resume_token: first.resume_token, answer: true });
    await expect(answerPage(first.url as string, { answer: "no" })).rejects.toThrow("This has been answered");
    expect(await call("sweep")).toMatchObject({ status: "success" });

    const second = await call("sweep");
    await answerPage(second.url as string, { answer: "no" });
    expect(await call("confirm_action", { resume_token: second.resume_token, answer: true })).toMatchObject({
      confirmed: false,
    });
    expect(await call("sweep")).toMatchObject({ status: "needs_input" });
    expect(things.deleted).toEqual([1]);
  });

  it("a token whose question was asked in other words since is no consent, whatever the words are by then", async () => {
    const { things, call } = await deleting();
    const old = await call("sweep");
    things.count = 2;
    const current = await call("sweep");
    const yes = { resume_token: old.resume_token, answer: true };
    expect(await call("confirm_action", yes)).toMatchObject({ code: "invalid_input" });
    await answerPage(current.url as string, { answer: "no" });
    expect(await call("confirm_action", yes)).toMatchObject({ code: "invalid_input" });
    things.count = 1;
    expect(await call("sweep")).toMatchObject({ status: "error", code: "declined" });
    expect(await call("sweep")).toMatchObject({ status: "needs_input" });
    expect(await call("confirm_action", yes)).toMatchObject({ code: "invalid_input" });
    expect(await call("sweep")).toMatchObject({ status: "needs_input" });
    expect(things.deleted).toEqual([]);
  });

  it("a no by an older token takes nothing from the question that is open now", async () => {
    const { things, call } = await deleting();
    const old = await call("sweep");
    things.count = 2;
    const current = await call("sweep");
    expect(await call("confirm_action", { resume_token: old.resume_token, answer: false })).toMatchObject({
      confirmed: false,
    });
    await answerPage(current.url as string, { answer: "yes" });
    expect(await call("sweep")).toMatchObject({ status: "success" });
    expect(things.deleted).toEqual([2]);
  });

  it("also where the model holds several tokens of one page", async () => {
    const { things, call } = await deleting();
    const [one, two] = [await call("sweep"), await call("sweep")];
    expect(two.url).toBe(one.url);
    await answerPage(one.url as string, { answer: "no" });
    expect(await call("confirm_action", { resume_token: one.resume_token, answer: true })).toMatchObject({
      confirmed: false,
    });
    expect(await call("confirm_action", { resume_token: two.resume_token, answer: true })).toMatchObject({
      code: "invalid_input",
    });
    expect(await call("sweep")).toMatchObject({ status: "needs_input" });
    expect(things.deleted).toEqual([]);
  });
});
