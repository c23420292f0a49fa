import { describe, expect, it } from "vitest";
import { type Asked, answerPage, askingRoads, type Call, type Reply } from "./fixtures/asking-clients.ts";
import { callTool, connect, startPatchbay } from "./fixtures/connect.ts";

const SIGN_IN = {
  title: "Sign in to the shop",
  fields: [
    { name: "user", required: true },
    { name: "pin", label: "PIN", type: "password", required: true, min: 4, pattern: "\\d+" },
  ],
};
const REFERENCE = expect.stringMatching(/^secret:\/\/[0-9a-f]{32}$/);
const CONFIRM = { PATCHBAY_INTERACTION_CONFIRMATION_REQUIRED: '["memory_add"]' };
const ACCEPT: Reply = { action: "accept" };

/** Answers every page by these values, after the client has said that the human went there. */
const later = (values: Record<string, string>, asked: Asked[] = []) => {
  return (question: Asked): Reply => {
    asked.push(question);
    setTimeout(() => void answerPage(question.url ?? "", values), 50);
    return ACCEPT;
  };
};

describe.each(askingRoads)("a client that shows addresses, $name", ({ name, connect: join }) => {
  it("sends the human to a page for a secret, and tells the model none", async () => {
    const asked: Asked[] = [];
    const completed: string[] = [];
    const modes = { form: {}, url: {} };
    const human = later({ f0: "ana", f1: "0042" }, asked);
    const call = await join({ modes, human, onComplete: (id) => completed.push(id) });
    const result = await call("collect_input", SIGN_IN);
    expect(result).toEqual({ status: "success", action: "collect_input", data: { user: "ana", pin: REFERENCE } });
    expect(asked).toEqual([
      { message: "Sign in to the shop", properties: {}, required: [], url: expect.stringMatching(/\/interact\//) },
    ]);
    if (name.startsWith("the 2025 era")) await expect.poll(() => completed.length).toBe(1);
  });

  it("that shows nothing else gets pages for every question, and a yes or no counts for one call", async () => {
    const answers = ["yes", "no"];
    const asked: Asked[] = [];
    const human = (question: Asked): Reply => {
      const values = question.message.startsWith("Trip") ? { f0: "Rome" } : { answer: answers.shift() ?? "no" };
      return later(values, asked)(question);
    };
    const call = await join({ modes: { url: {} }, human, env: CONFIRM });
    expect(await call("collect_input", { title: "Trip", fields: [{ name: "city" }] })).toMatchObject({
      data: { city: "Rome" },
    });
    expect(await call("memory_add", { content: "Ana likes tea" })).toMatchObject({ status: "success" });
    expect(await call("memory_add", { content: "Ana likes tea" })).toMatchObject({ status: "error", code: "declined" });
    expect(await call("confirm_action", { message: "Sure?" })).toMatchObject({ confirmed: false });
    expect(new Set(asked.map(({ url }) => url)).size).toBe(4);
  });

  it("may leave the page unanswered, decline, cancel, or be declined on the page: three different results", async () => {
    const env = { PATCHBAY_INTERACTION_ANSWER_TIMEOUT: "1" };
    const replies: ((question: Asked) => Reply)[] = [
      () => ACCEPT,
      () => ({ action: "decline" }),
      () => ({ action: "cancel" }),
      later({ cancel: "1" }),
    ];
    const call = await join({
      modes: { url: {} },
      env,
      human: (question, round) => {
        asked.push(question);
        return replies[round - 1]?.(question) ?? ACCEPT;
      },
    });
    const asked: Asked[] = [];
    const codes: unknown[] = [];
    for (const _ of replies) codes.push((await call("collect_input", SIGN_IN)).code);
    expect(codes).toEqual(["cancelled", "declined", "cancelled", "declined"]);
    // Where the human does not go, nothing more can be answered.
    for (const { url = "" } of asked.slice(1, 3)) expect((await fetch(url)).status).toBe(410);
  });

  it("is not sent an address where it has not declared that it shows them", async () => {
    const asked: Asked[] = [];
    const human = (question: Asked): Reply => {
      asked.push(question);
      return { action: "cancel" };
    };
    const call = await join({ modes: { form: {} }, human });
    const result = await call("collect_input", SIGN_IN);
    expect(result).toEqual({
      status: "needs_input",
      message: expect.stringContaining("url"),
      url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/interact\//),
      resume_token: expect.any(String),
    });
    expect(asked).toEqual([]);
    await answerPage(result.url as string, { f0: "ana", f1: "0042" });
    expect(await call("collect_input", { resume_token: result.resume_token })).toMatchObject({
      data: { user: "ana", pin: REFERENCE },
    });
  });
});

describe("a client that shows nothing", () => {
  const FORM = { title: "Trip", fields: [{ name: "city", required: true }] };
  const joined = async (config: Record<string, unknown> = {}): Promise<Call> => {
    const client = await connect(config);
    return (name, args) => callTool(client, name, args);
  };

  it("hands the model both a page and the chat, and takes the answer of either, once", async () => {
    const call = await joined();
    const form = await call("collect_input", FORM);
    expect(form).toMatchObject({ status: "needs_input", schema: { required: ["city"] }, form: { title: "Trip" } });
    await answerPage(form.url as string, { f0: "Rome" });
    // What the human wrote counts, not what the model says.
    expect(await call("collect_input", { answers: { city: "Oslo" }, resume_token: form.resume_token })).toMatchObject({
      data: { city: "Rome" },
    });
    expect(await call("collect_input", { resume_token: form.resume_token })).toMatchObject({ code: "invalid_input" });

    const other = await call("collect_input", FORM);
    expect(await call("collect_input", { answers: { city: "Oslo" }, resume_token: other.resume_token })).toMatchObject({
      data: { city: "Oslo" },
    });
  });

  it("is left the chat where too many pages are open", async () => {
    const call = await joined();
    const results: Record<string, unknown>[] = [];
    for (let count = 0; count < 22; count += 1) results.push(await call("collect_input", FORM));
    expect(results.map(({ url }) => url !== undefined)).toEqual([...Array(20).fill(true), false, false]);
    const { resume_token, schema } = results[21] ?? {};
    expect(schema).toMatchObject({ required: ["city"] });
    expect(await call("collect_input", { answers: { city: "Oslo" }, resume_token })).toMatchObject({
      data: { city: "Oslo" },
    });
    const secret = await call("collect_input", SIGN_IN);
    expect(secret).toMatchObject({ status: "error", code: "limit_reached" });
  });

  it("is offered pages as long as it settles its questions in the chat", async () => {
    const call = await joined({ interaction: { confirmationRequired: ["memory_add"] } });
    const urls: string[] = [];
    const settle = async (tool: string, args: Record<string, unknown>, settling: string, answer: object) => {
      const { url, resume_token } = await call(tool, args);
      urls.push(url as string);
      await call(settling, { ...answer, resume_token });
    };
    for (let count = 0; count < 8; count += 1) {
      await settle("collect_input", FORM, "collect_input", { answers: { city: "Oslo" } });
      await settle("confirm_action", { message: `Sure ${count}?` }, "confirm_action", { answer: count % 2 === 0 });
      await settle("memory_add", { content: `Tea ${count}` }, "confirm_action", { answer: count % 2 === 0 });
    }
    for (const url of urls) {
      expect(url).toMatch(/^http/);
      const page = await fetch(url);
      expect([page.status, await page.text()]).toEqual([410, expect.stringContaining("This has been answered")]);
    }
  });

  it("is told at once, where it waits for the page, that the chat has the answer", async () => {
    const call = await joined();
    const { resume_token } = await call("collect_input", FORM);
    const waiting = call("collect_input", { resume_token });
    await call("collect_input", { answers: { city: "Oslo" }, resume_token });
    expect(await waiting).toMatchObject({
      code: "invalid_input",
      message: expect.stringContaining("already been used"),
    });
  });

  it("takes no answer of the model where only a page may ask", async () => {
    const call = await joined({ interaction: { form: ["elicitation", "page"] } });
    const form = await call("collect_input", FORM);
    expect(form).not.toHaveProperty("schema");
    expect(form).not.toHaveProperty("form");
    const resume_token = form.resume_token;
    expect(await call("collect_input", { answers: { city: "Oslo" }, resume_token })).toMatchObject({
      code: "invalid_input",
      message: "Only the user can answer this form, on its page.",
    });
    const question = await call("confirm_action", { message: "Sure?" });
    const refused = await call("confirm_action", { answer: true, resume_token: question.resume_token });
    expect(refused).toMatchObject({ code: "invalid_input", message: expect.stringContaining("Only the user") });
    await answerPage(question.url as string, { answer: "yes" });
    expect(await call("confirm_action", { resume_token: question.resume_token })).toEqual({
      status: "success",
      confirmed: true,
    });
  });

  it("lets a call through once after a yes on its page, and never after a no", async () => {
    const call = await joined({ interaction: { form: ["elicitation", "page"], confirmationRequired: ["memory_add"] } });
    const content = "Ana likes tea";
    const asked = await call("memory_add", { content });
    expect(asked).toMatchObject({ status: "needs_input", code: "confirmation_required" });
    // The same call again before the answer: the same page.
    expect((await call("memory_add", { content })).url).toBe(asked.url);
    await answerPage(asked.url as string, { answer: "yes" });
    expect(await call("memory_add", { content: "Ana likes coffee" })).toMatchObject({ status: "needs_input" });
    expect(await call("memory_add", { content })).toMatchObject({ status: "success" });
    expect(await call("confirm_action", { resume_token: asked.resume_token })).toMatchObject({ code: "invalid_input" });
    const again = await call("memory_add", { content });
    expect(again).toMatchObject({ status: "needs_input" });
    expect(again.url).not.toBe(asked.url);
    await answerPage(again.url as string, { answer: "no" });
    expect(await call("memory_add", { content })).toMatchObject({ code: "declined" });
    expect(await call("memory_add", { content })).toMatchObject({ status: "needs_input" });
  });

  it("keeps a yes on a page for the call, by confirm_action too, and one question gives one consent", async () => {
    const call = await joined({ interaction: { confirmationRequired: ["memory_add"] } });
    const content = "Ana likes tea";
    const asked = await call("memory_add", { content });
    await answerPage(asked.url as string, { answer: "yes" });
    const resume_token = asked.resume_token;
    expect(await call("confirm_action", { resume_token })).toMatchObject({
      confirmed: true,
      message: expect.stringContaining("memory_add"),
    });
    expect(await call("confirm_action", { resume_token })).toMatchObject({ code: "invalid_input" });
    expect(await call("memory_add", { content })).toMatchObject({ status: "success" });
    expect(await call("memory_add", { content })).toMatchObject({ status: "needs_input" });

    // A no on the page outweighs a yes that the model reports.
    const other = await call("memory_add", { content: "Ana likes milk" });
    await answerPage(other.url as string, { answer: "no" });
    expect(await call("confirm_action", { answer: true, resume_token: other.resume_token })).toMatchObject({
      confirmed: false,
    });
    expect(await call("memory_add", { content: "Ana likes milk" })).toMatchObject({ status: "needs_input" });

    // What the chat has settled, the page settles no second time.
    const third = await call("memory_add", { content: "Ana likes rum" });
    expect(await call("confirm_action", { answer: false, resume_token: third.resume_token })).toMatchObject({
      confirmed: false,
    });
    await expect(answerPage(third.url as string, { answer: "yes" })).rejects.toThrow("This has been answered");
    expect(await call("memory_add", { content: "Ana likes rum" })).toMatchObject({ status: "needs_input" });
  });

  it("gives no user what another one has answered", async () => {
    const patchbay = await startPatchbay({ interaction: { confirmationRequired: ["memory_add"] } });
    const [ana, ben] = [await connect({}, { user: "ana", patchbay }), await connect({}, { user: "ben", patchbay })];
    const content = "Ana likes tea";
    const asked = await callTool(ana, "memory_add", { content });
    const form = await callTool(ana, "collect_input", SIGN_IN);
    await answerPage(asked.url as string, { answer: "yes" });
    await answerPage(form.url as string, { f0: "ana", f1: "0042" });
    expect(await callTool(ben, "memory_add", { content })).toMatchObject({ status: "needs_input" });
    for (const [name, { resume_token }] of [
      ["confirm_action", asked],
      ["collect_input", form],
    ] as const) {
      expect(await callTool(ben, name, { resume_token })).toMatchObject({ code: "invalid_input" });
    }
    expect(await callTool(ana, "memory_add", { content })).toMatchObject({ status: "success" });
  });

  it("is told that nobody can be asked where no way is left", async () => {
    const call = await joined({ interaction: { form: "elicitation", confirmationRequired: ["memory_add"] } });
    expect(await call("collect_input", FORM)).toMatchObject({ code: "unsupported" });
    expect(await call("confirm_action", { message: "Sure?" })).toMatchObject({ code: "unsupported" });
    expect(await call("memory_add", { content: "a" })).toMatchObject({ code: "confirmation_required" });
  });
});
