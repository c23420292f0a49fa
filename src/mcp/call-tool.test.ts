import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { z } from "zod";
import { boundaryOf, NUMBER, read, SECRET } from "../../test/fixtures/tool-boundary.ts";
import { ToolError } from "../errors.ts";
import { defineTool } from "../tools/define-tool.ts";
import type { CallRequest } from "./call-tool.ts";

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
