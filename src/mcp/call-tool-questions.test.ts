import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { startPatchbay } from "../../test/fixtures/connect.ts";
import { submit } from "../../test/fixtures/pages.ts";
import { boundaryOf, read, SECRET } from "../../test/fixtures/tool-boundary.ts";
import collectInput from "../tools/collect-input.ts";
import confirmAction from "../tools/confirm-action.ts";
import type { ToolContext } from "../tools/define-tool.ts";
import { createToolBoundary } from "./call-tool.ts";

describe("a question", () => {
  const ask = async ({ elicit }: ToolContext<never>) => ({
    answer: await elicit("name", {
      message: "Who?",
      schema: { type: "object", properties: { name: { type: "string" } } },
    }),
  });

  it("ends the round, and its answer counts only for the same call and the question that was asked", async () => {
    const { boundary, request } = await boundaryOf(ask);
    const canAsk = { canAsk: true };
    const first = await boundary.call("probe", { text: "a" }, request(canAsk));
    if (first.kind !== "question") throw new Error("no question");
    expect(first).toMatchObject({
      key: "name",
      question: { message: "Who?" },
      state: { tool: "probe", asked: "name" },
    });

    const inputResponses = { name: { action: "accept", content: { name: "Ana" } } };
    const answered = { ...canAsk, inputResponses, state: first.state };
    expect(read(await boundary.call("probe", { text: "a" }, request(answered))).json).toMatchObject({
      answer: { name: "Ana" },
    });
    expect(read(await boundary.call("probe", { text: "b" }, request(answered))).json).toMatchObject({
      code: "invalid_input",
      message: "These answers belong to another call.",
    });
    expect((await boundary.call("probe", { text: "a" }, request({ ...canAsk, inputResponses }))).kind).toBe("question");
    const other = { ...answered, state: { ...first.state, asked: "other" } };
    expect((await boundary.call("probe", { text: "a" }, request(other))).kind).toBe("question");
  });

  it("that permits a call serves once only, also at the same time, whatever the call does", async () => {
    for (const effect of ["read", "read-open", "write"] as const) {
      let runs = 0;
      const act = async () => ({ runs: ++runs });
      const { boundary, request } = await boundaryOf(act, { effect, confirmationRequired: true });
      const first = await boundary.call("probe", {}, request({ canAsk: true }));
      const state = first.kind === "question" ? first.state : undefined;
      const unanswered = await boundary.call("probe", {}, request({ canAsk: true, state, inputResponses: {} }));
      expect(unanswered).toMatchObject({ kind: "question", state: { id: state?.id } });
      const inputResponses = { confirm_action: { action: "accept", content: { confirm: true } } };
      const again = () => boundary.call("probe", {}, request({ canAsk: true, state, inputResponses }));
      const both = await Promise.all([again(), again()]);
      const late = unanswered.kind === "question" ? unanswered.state : undefined;
      const third = await boundary.call("probe", {}, request({ canAsk: true, state: late, inputResponses }));
      const messages = [...both, third]
        .map((outcome) => read(outcome).json)
        .map(({ status, message }) => message ?? status);
      const used = "This confirmation was used already.";
      expect([effect, ...messages.sort()]).toEqual([effect, used, used, "success"]);
      expect(runs).toBe(1);
    }
  });

  it("of a call that only reads may be repeated, as after a lost connection", async () => {
    for (const effect of ["read", "write"] as const) {
      let runs = 0;
      const act = async (context: ToolContext<never>) => ({ ...(await ask(context)), runs: ++runs });
      const { boundary, request } = await boundaryOf(act, { effect });
      const first = await boundary.call("probe", {}, request({ canAsk: true }));
      const state = first.kind === "question" ? first.state : undefined;
      const answered = {
        canAsk: true,
        state,
        inputResponses: { name: { action: "accept", content: { name: "Ana" } } },
      };
      for (let time = 1; time <= 3; time += 1) await boundary.call("probe", {}, request(answered));
      expect([effect, runs]).toEqual([effect, effect === "read" ? 3 : 1]);
    }
  });

  it("whose client goes away before the human has permitted anything can be taken up again", async () => {
    let runs = 0;
    const { boundary, request } = await boundaryOf(async () => ({ runs: ++runs }), { confirmationRequired: true });
    const canOpen = { canOpen: true };
    const first = await boundary.call("probe", {}, request(canOpen));
    if (first.kind !== "question" || !("url" in first.question)) throw new Error("no page");
    const answered = { ...canOpen, state: first.state, inputResponses: { [first.key]: { action: "accept" } } };
    const lost = new AbortController();
    const waiting = boundary.call("probe", {}, request({ ...answered, signal: lost.signal }));
    await sleep(20);
    expect(read(await boundary.call("probe", {}, request(answered))).json).toMatchObject({ code: "invalid_input" });
    lost.abort();
    expect(read(await waiting).json).toMatchObject({ code: "aborted" });
    const again = boundary.call("probe", {}, request(answered));
    expect(await submit(first.question.url, { answer: "yes" })).toMatchObject({ status: 303 });
    expect(read(await again).json).toMatchObject({ runs: 1 });
    expect(read(await boundary.call("probe", {}, request(answered))).json).toMatchObject({ code: "invalid_input" });
    expect(runs).toBe(1);
  });

  it("that was confirmed in the chat is not confirmed again for its answers", async () => {
    const { request } = await boundaryOf(async () => ({}));
    const boundary = createToolBoundary({
      tools: [collectInput, confirmAction],
      services: (await startPatchbay()).services,
      disabled: [],
      confirmationRequired: true,
      callTimeoutMs: 5_000,
      redact: (text) => text,
    });
    const call = async (name: string, args: object) => read(await boundary.call(name, args, request())).json;
    const fields = [{ name: "age", type: "integer", required: true }];
    const unconfirmed = await call("collect_input", { fields });
    expect(unconfirmed).toMatchObject({ code: "confirmation_required" });
    await call("confirm_action", { resume_token: unconfirmed.resume_token, answer: true });
    const { status, resume_token } = await call("collect_input", { fields });
    expect(status).toBe("needs_input");

    const answers = { age: 42 };
    expect(await call("collect_input", { answers: { age: "?" }, resume_token })).toMatchObject({
      status: "needs_input",
      issues: [{ path: "age" }],
    });
    const altered = `${String(resume_token).slice(0, -4)}AAAA`;
    for (const token of [altered, unconfirmed.resume_token]) {
      expect(await call("collect_input", { answers, resume_token: token })).toMatchObject({ code: "invalid_input" });
    }
    expect(await call("collect_input", { answers, resume_token })).toMatchObject({ status: "success", data: answers });
    expect(await call("collect_input", { answers, resume_token })).toMatchObject({ code: "invalid_input" });
    expect(await call("collect_input", { fields })).toMatchObject({ code: "confirmation_required" });
  });

  it("is put over the connection where that can carry it, without the time of the answer counting", async () => {
    const { boundary, request } = await boundaryOf(ask, { callTimeoutMs: 50 });
    const human = request({
      canAsk: true,
      ask: async ({ message }) => {
        await sleep(150);
        return { action: "accept", content: { asked: message } };
      },
    });
    expect(read(await boundary.call("probe", {}, human)).json).toMatchObject({ answer: { asked: "Who?" } });
  });

  it.each([
    [{ action: "decline" }, "declined"],
    [{ action: "cancel" }, "cancelled"],
    [{ action: "shrug" }, "unsupported"],
    [{}, "unsupported"],
    [null, "unsupported"],
  ])("answered by %j is %s", async (response, code) => {
    const { boundary, request } = await boundaryOf(ask);
    const over = await boundary.call("probe", {}, request({ canAsk: true, ask: async () => response as object }));
    expect(read(over).json.code).toBe(code);
    const first = await boundary.call("probe", {}, request({ canAsk: true }));
    const state = first.kind === "question" ? first.state : undefined;
    const next = await boundary.call("probe", {}, request({ canAsk: true, state, inputResponses: { name: response } }));
    expect(read(next).json.code).toBe(code);
  });

  it("to a client that cannot ask is unsupported", async () => {
    const { boundary, request } = await boundaryOf(ask);
    expect(read(await boundary.call("probe", {}, request())).json.code).toBe("unsupported");
  });

  it("takes no content for an empty one, and none that is no object", async () => {
    const { boundary, request } = await boundaryOf(ask);
    for (const content of [undefined, null, "x", [1]]) {
      const answer = request({ canAsk: true, ask: async () => ({ action: "accept", content }) });
      expect(read(await boundary.call("probe", {}, answer)).json).toMatchObject({ answer: {} });
    }
  });
});

describe("a call that has to be confirmed", () => {
  /** The question that the call `args` puts to the chat. */
  async function questionFor(args: Record<string, unknown>): Promise<string> {
    const { boundary, request } = await boundaryOf(async () => ({}), { confirmationRequired: true });
    const { isError, json } = read(await boundary.call("probe", args, request()));
    expect(isError).toBe(false);
    expect(json).toMatchObject({ status: "needs_input", code: "confirmation_required" });
    return (json.question as { message: string }).message;
  }

  it("shows no secret to anybody, also where it is cut", async () => {
    const message = await questionFor({
      text: `${"x".repeat(970)}${SECRET}${"x".repeat(5_000)}`,
      data: { [SECRET]: [SECRET] },
    });
    expect(message).toContain('data: {"[redacted]":["[redacted]"]}');
    expect(message).not.toContain(SECRET.slice(0, 4));
  });

  it("stays short, and lets no long argument hide another one", async () => {
    const message = await questionFor({ text: "x".repeat(100_000), data: { all: true } });
    expect(message.length).toBeLessThan(2_200);
    expect(message).toContain('data: {"all":true}');
    expect(message).toMatch(/text: "x+"… \d+ characters …"x+"/);
    expect(message.split("\n")[0]).toBe(
      "Are you sure you want to perform this probe action? It is too long to be shown in full: 1 long text is shortened.",
    );
  });

  it("shows no secret in the client's form", async () => {
    const { boundary, request } = await boundaryOf(async () => ({}), { confirmationRequired: true });
    const outcome = await boundary.call("probe", { text: SECRET }, request({ canAsk: true }));
    expect(outcome).toMatchObject({ kind: "question", key: "confirm_action" });
    expect(JSON.stringify(outcome.kind === "question" && outcome.question)).not.toContain(SECRET);
  });
});
