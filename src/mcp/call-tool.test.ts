import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { z } from "zod";
import { startPatchbay } from "../../test/fixtures/connect.ts";
import { ToolError } from "../errors.ts";
import { createRedactor } from "../redact/redact.ts";
import type { StatusEvent } from "../status/status-event.ts";
import collectInput from "../tools/collect-input.ts";
import confirmAction from "../tools/confirm-action.ts";
import { defineTool, type ToolContext } from "../tools/define-tool.ts";
import {
  type CallLog,
  type CallOutcome,
  type CallRequest,
  createToolBoundary,
  type ToolBoundaryOptions,
} from "./call-tool.ts";

const SECRET = "secret-value";
const NUMBER = "12345678";

/** A boundary around one tool, `probe`, that does what the test says. */
async function boundaryOf(
  run: (context: ToolContext<never>, input: Record<string, unknown>) => Promise<Record<string, unknown>>,
  { effect = "read", ...options }: Partial<ToolBoundaryOptions> & { effect?: "read" | "write" } = {},
) {
  const probe = defineTool({
    name: "probe",
    title: "Probe",
    description: "Runs.",
    effect,
    uses: [],
    input: z.strictObject({ text: z.string().optional(), data: z.record(z.string(), z.unknown()).optional() }),
    output: z.looseObject({}),
    run: (input, context) => run(context, input),
  });
  const log: CallLog[] = [];
  const events: StatusEvent[] = [];
  const boundary = createToolBoundary({
    tools: [probe],
    services: (await startPatchbay()).services,
    disabled: [],
    confirmationRequired: false,
    callTimeoutMs: 5_000,
    redact: createRedactor([SECRET, NUMBER]),
    onCall: (call) => log.push(call),
    ...options,
  });
  const request = (change: Partial<CallRequest> = {}): CallRequest => ({
    user: { id: "ana" },
    signal: new AbortController().signal,
    sinks: [(event) => void events.push(event)],
    settleMs: 0,
    canAsk: false,
    ask: undefined,
    inputResponses: undefined,
    state: undefined,
    ...change,
  });
  return { boundary, request, log, events, said: () => events.map(({ data }) => data.description) };
}

/** The parts of a result, which have to agree. */
function read(outcome: CallOutcome): { isError: boolean; json: Record<string, unknown> } {
  if (outcome.kind !== "result") throw new Error("a question");
  const { content, structuredContent, isError } = outcome.result;
  const text = (content[0] as { text: string }).text;
  if (!isError) expect(JSON.stringify(structuredContent)).toBe(text);
  return { isError: isError === true, json: JSON.parse(text) };
}

describe("a result", () => {
  it("points to resources after its JSON, for clients that know links", async () => {
    const pointing = defineTool({
      name: "pointing",
      title: "Pointing",
      description: "Points to a resource.",
      effect: "read",
      uses: [],
      input: z.strictObject({}),
      output: z.looseObject({}),
      links: () => [{ uri: "api://answers/1", name: "The rest", size: 7 }],
      run: async () => ({ part: 1 }),
    });
    const { boundary, request } = await boundaryOf(async () => ({}), { tools: [pointing] });
    const blocks = async (takesLinks: boolean) => {
      const outcome = await boundary.call("pointing", {}, request({ takesLinks }));
      return outcome.kind === "result" ? outcome.result.content : [];
    };
    expect(await blocks(false)).toEqual([{ type: "text", text: '{"status":"success","part":1}' }]);
    expect(await blocks(true)).toEqual([
      { type: "text", text: '{"status":"success","part":1}' },
      { type: "resource_link", uri: "api://answers/1", name: "The rest", size: 7 },
    ]);
  });

  it("is the tool's output with a status, as text and as structure", async () => {
    const { boundary, request, said } = await boundaryOf(async () => ({ answer: [1, null, "ü"] }));
    expect(read(await boundary.call("probe", {}, request()))).toEqual({
      isError: false,
      json: { status: "success", answer: [1, null, "ü"] },
    });
    expect(said()).toEqual(["Done"]);
  });

  it("keeps the status that a tool gives itself", async () => {
    const { boundary, request } = await boundaryOf(async () => ({ status: "needs_input", form: {} }));
    expect(read(await boundary.call("probe", {}, request())).json).toEqual({ status: "needs_input", form: {} });
  });

  it("carries no secret, wherever the tool puts it", async () => {
    const { boundary, request, events } = await boundaryOf(async ({ status }) => {
      status.progress(`Asking with ${SECRET}`, undefined, { url: `http://a/?key=${SECRET}` });
      return { [SECRET]: { deep: [`Bearer ${SECRET}`, Number(NUMBER), 912345678] }, quoted: `"${SECRET}"` };
    });
    const { json } = read(await boundary.call("probe", {}, request()));
    expect(json).toEqual({
      status: "success",
      "[redacted]": { deep: ["Bearer [redacted]", "[redacted]", 912345678] },
      quoted: '"[redacted]"',
    });
    expect(JSON.stringify(events)).not.toContain(SECRET);
    expect(events[0]?.data.description).toBe("Asking with [redacted]");
  });
});

describe("an error", () => {
  it("says why a pinned tool is not there, which is read for its call alone", async () => {
    let loads = 0;
    const error = new ToolError("upstream_unreachable", "The document cannot be read.", { retryable: true });
    const pinned = {
      names: new Set(["shop_run", "shop_stop"]),
      load: async () => {
        loads += 1;
        return new Map([["shop_run", error]]);
      },
    };
    const { boundary, request } = await boundaryOf(async () => ({}), { pinned, disabled: ["shop_stop"] });
    const code = async (name: string) => read(await boundary.call(name, {}, request())).json.code;
    expect([await code("probe"), await code("nosuch"), await code("shop_stop"), loads]).toEqual([
      ...[undefined, "unknown_tool", "disabled", 0],
    ]);
    expect([await code("shop_run"), loads]).toEqual(["upstream_unreachable", 1]);
    expect((await boundary.listTools()).map(({ name }) => name)).toEqual(["probe"]);
  });

  it("that a tool expects is shown as it is, without secrets", async () => {
    const { boundary, request, said } = await boundaryOf(async () => {
      throw new ToolError("upstream_error", `No: ${SECRET}`, {
        hint: "Wait.",
        retryable: true,
        retryAfterMs: 5,
        details: { http_status: 503, body: SECRET },
      });
    });
    expect(read(await boundary.call("probe", {}, request()))).toEqual({
      isError: true,
      json: {
        status: "error",
        code: "upstream_error",
        message: "No: [redacted]",
        hint: "Wait.",
        retryable: true,
        retry_after_ms: 5,
        http_status: 503,
        body: "[redacted]",
      },
    });
    expect(said()).toEqual(["No: [redacted]"]);
  });

  it.each([
    ["an error", new TypeError("cannot read /srv/patchbay/x.ts")],
    ["a text", "oops"],
    ["nothing", undefined],
  ])("that is a bug (%s) shows nothing of it, and the log has it", async (_what, thrown) => {
    const { boundary, request, log } = await boundaryOf(() => Promise.reject(thrown));
    expect(read(await boundary.call("probe", {}, request())).json).toEqual({
      status: "error",
      code: "internal",
      message: "The server failed to run this tool.",
      hint: "This is a bug; the server's log has the details.",
      retryable: false,
    });
    expect(log[0]).toMatchObject({ tool: "probe", user: "ana", outcome: "internal" });
    if (thrown !== undefined) expect(log[0]?.error).toBe(thrown);
  });

  it("comes of output that JSON cannot hold", async () => {
    const circle: Record<string, unknown> = {};
    circle.circle = circle;
    const { boundary, request, events } = await boundaryOf(async () => circle);
    expect(read(await boundary.call("probe", {}, request())).json).toMatchObject({ code: "internal" });
    expect(events.at(-1)?.data).toMatchObject({ status: "error", done: true });
  });

  it("names a tool that does not exist or is switched off, and needs a user", async () => {
    const { boundary, request, log } = await boundaryOf(async () => ({}), { disabled: ["other"] });
    const code = async (name: string, change?: Partial<CallRequest>) =>
      read(await boundary.call(name, {}, request(change))).json.code;
    expect(await code("nosuch")).toBe("unknown_tool");
    expect(await code("other")).toBe("disabled");
    expect(await code("probe", { user: undefined })).toBe("unauthenticated");
    expect(log.map(({ tool, outcome }) => `${tool} ${outcome}`)).toEqual([
      "unknown unknown_tool",
      "unknown disabled",
      "probe unauthenticated",
    ]);
  });
});

describe("the status of a call", () => {
  it("is repeated in silence, also where the tool never said anything", async () => {
    const { boundary, request, said } = await boundaryOf(() => new Promise(() => {}), { callTimeoutMs: 60_000 });
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const call = boundary.call("probe", {}, request());
    await vi.advanceTimersByTimeAsync(25_000);
    expect(said()).toEqual(["Working", "Working"]);
    await vi.advanceTimersByTimeAsync(40_000);
    expect(read(await call).json.code).toBe("deadline_exceeded");
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe("the end of a call", () => {
  it("does not wait for a tool that ignores its signal, and tells it", async () => {
    let told: AbortSignal | undefined;
    const { boundary, request, said } = await boundaryOf(
      ({ signal }) => {
        told = signal;
        return new Promise(() => {});
      },
      { callTimeoutMs: 20 },
    );
    expect(read(await boundary.call("probe", {}, request())).json).toMatchObject({
      code: "deadline_exceeded",
      message: "The call took longer than the limit of 0.02 s.",
    });
    expect(told?.aborted).toBe(true);
    expect(said()).toEqual(["The call took longer than the limit of 0.02 s."]);
  });

  it("comes with the caller's cancellation", async () => {
    const controller = new AbortController();
    const { boundary, request, events } = await boundaryOf(() => new Promise(() => {}));
    const call = boundary.call("probe", {}, request({ signal: controller.signal }));
    controller.abort();
    expect(read(await call).json).toMatchObject({ code: "aborted", message: "The call was cancelled." });
    expect(events.at(-1)?.data).toMatchObject({ status: "error", done: true });
  });

  it("comes with the server's, after which none is under way", async () => {
    const { boundary, request } = await boundaryOf(() => new Promise(() => {}));
    const call = boundary.call("probe", {}, request());
    let idle = false;
    void boundary.idle(5_000).then(() => {
      idle = true;
    });
    await sleep(10);
    expect(idle).toBe(false);
    await boundary.stop();
    expect(idle).toBe(true);
    expect(read(await call).json).toMatchObject({ code: "aborted", retryable: true });
  });
});

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

  it("serves a call that acts once only, also at the same time, while a call that reads may be repeated", async () => {
    for (const effect of ["read", "write"] as const) {
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
      expect(messages.sort()).toEqual(effect === "read" ? ["success", "success", "success"] : [used, used, "success"]);
      expect(runs).toBe(effect === "read" ? 3 : 1);
    }
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
      code: "validation_failed",
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
    const message = await questionFor({ text: `${"x".repeat(290)}${SECRET}`, data: { [SECRET]: [SECRET] } });
    expect(message).toContain('data: {"[redacted]":["[redacted]"]}');
    expect(message).not.toContain(SECRET.slice(0, 4));
  });

  it("stays short, and lets no long argument hide another one", async () => {
    const message = await questionFor({ text: "x".repeat(100_000), data: { all: true } });
    expect(message.length).toBeLessThan(500);
    expect(message).toContain('data: {"all":true}');
    expect(message).toContain("… (100002 characters)");
  });

  it("shows no secret in the client's form", async () => {
    const { boundary, request } = await boundaryOf(async () => ({}), { confirmationRequired: true });
    const outcome = await boundary.call("probe", { text: SECRET }, request({ canAsk: true }));
    expect(outcome).toMatchObject({ kind: "question", key: "confirm_action" });
    expect(JSON.stringify(outcome.kind === "question" && outcome.question)).not.toContain(SECRET);
  });
});
