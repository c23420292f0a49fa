import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkMessage } from "./check-message.ts";

const request = (fields: Record<string, unknown>) => ({ jsonrpc: "2.0", id: 1, method: "tools/list", ...fields });
const call = (params: unknown) => request({ method: "tools/call", params });

describe("checkMessage", () => {
  it("gives a message or an answer for any JSON", () => {
    const members = fc.record(
      {
        jsonrpc: fc.oneof(fc.constant("2.0"), fc.jsonValue()),
        id: fc.jsonValue(),
        method: fc.oneof(
          fc.constantFrom(
            ...["tools/call", "tools/list", "initialize", "resources/read", "resources/subscribe"],
            ...["prompts/get", "prompts/list", "subscriptions/listen"],
          ),
          fc.jsonValue(),
        ),
        params: fc.oneof(
          fc.record({
            name: fc.jsonValue(),
            arguments: fc.jsonValue(),
            _meta: fc.jsonValue(),
            uri: fc.jsonValue(),
            notifications: fc.jsonValue(),
          }),
          fc.jsonValue(),
        ),
        result: fc.jsonValue(),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.oneof(members, fc.jsonValue()), (value) => {
        const checked = checkMessage(value);
        if ("answer" in checked) expect(checked.answer.jsonrpc).toBe("2.0");
        else expect(checked.message).toBe(value);
      }),
    );
  });

  it.each([
    ["a request", request({})],
    ["a request with a text id", request({ id: "a" })],
    ["a notification", { jsonrpc: "2.0", method: "notifications/initialized" }],
    ["a result", { jsonrpc: "2.0", id: 1, result: {} }],
    ["an error", { jsonrpc: "2.0", id: 1, error: { code: 1, message: "no" } }],
    ["a call", call({ name: "x", arguments: { a: [] } })],
    ["a call without arguments", call({ name: "x" })],
  ])("takes %s as it is", (_what, message) => {
    expect(checkMessage(structuredClone(message))).toEqual({ message });
  });

  it("takes nulls for params, arguments, _meta and progressToken as absent", () => {
    expect(checkMessage(request({ params: null }))).toEqual({ message: request({}) });
    expect(checkMessage(call({ name: "x", arguments: null, _meta: null }))).toEqual({ message: call({ name: "x" }) });
    const meta = call({ name: "x", _meta: { progressToken: null } });
    expect(checkMessage(meta)).toEqual({ message: call({ name: "x", _meta: {} }) });
  });

  it.each([
    ["null", null, null],
    ["a number", 5, null],
    ["a batch", [request({})], null],
    ["an empty object", {}, null],
    ["no version", { id: 4, method: "ping" }, 4],
    ["another version", { jsonrpc: "1.0", id: 4, method: "ping" }, 4],
    ["a method that is no text", request({ method: 5 }), 1],
    ["a null id", request({ id: null }), null],
    ["an id with a fraction", request({ id: 1.5 }), null],
    ["an id beyond what is exact", request({ id: 2 ** 60 }), null],
    ["neither method nor result", { jsonrpc: "2.0", id: 1 }, 1],
    ["a result without an id", { jsonrpc: "2.0", result: {} }, null],
  ])("refuses %s", (_what, message, id) => {
    expect(checkMessage(message)).toMatchObject({ answer: { id, error: { code: -32600 } } });
  });

  it.each([
    ["text"],
    [[1]],
    [5],
    [true],
    [{ _meta: "x" }],
    [{ _meta: { progressToken: {} } }],
    [{ _meta: { progressToken: 1.5 } }],
  ])("refuses params %j", (params) => {
    expect(checkMessage(request({ params }))).toMatchObject({ answer: { id: 1, error: { code: -32602 } } });
  });

  it("leaves an initialize of the revision that has none to the protocol layer", () => {
    const message = request({
      method: "initialize",
      params: { _meta: { "io.modelcontextprotocol/protocolVersion": "2026-07-28" } },
    });
    expect(checkMessage(message)).toEqual({ message });
  });

  it("refuses an initialize that is not complete, and reads no capabilities out of a null", () => {
    const params = { protocolVersion: "2025-11-25", capabilities: null, clientInfo: { name: "x", version: "1" } };
    const initialize = (change: object) => request({ method: "initialize", params: { ...params, ...change } });
    expect(checkMessage(initialize({}))).toEqual({ message: initialize({ capabilities: {} }) });
    for (const change of [
      { protocolVersion: 1 },
      { capabilities: [] },
      { clientInfo: {} },
      { clientInfo: undefined },
    ]) {
      expect(checkMessage(initialize(change))).toMatchObject({ answer: { id: 1, error: { code: -32602 } } });
    }
    expect(checkMessage(request({ params: { cursor: 5 } }))).toMatchObject({ answer: { error: { code: -32602 } } });
  });

  it.each([
    ["resources/read", {}, '"uri"'],
    ["resources/read", { uri: 5 }, '"uri"'],
    ["resources/subscribe", { uri: null }, '"uri"'],
    ["resources/list", { cursor: 5 }, '"cursor"'],
    ["prompts/get", {}, '"name"'],
    ["prompts/get", { name: "recall", arguments: ["tea"] }, '"arguments"'],
    ["prompts/get", { name: "recall", arguments: { topic: 5 } }, '"arguments"'],
    [
      "subscriptions/listen",
      { notifications: { resourceSubscriptions: Array.from({ length: 1_001 }, (_, n) => `memory://${n}`) } },
      "at most 1000",
    ],
  ])("refuses %s of %j", (method, params, message) => {
    expect(checkMessage(request({ method, params }))).toMatchObject({
      answer: { id: 1, error: { code: -32602, message: expect.stringContaining(message) } },
    });
  });

  it("takes a prompt without arguments, also where they are null", () => {
    const get = (params: object) => request({ method: "prompts/get", params });
    expect(checkMessage(get({ name: "x", arguments: null }))).toEqual({ message: get({ name: "x" }) });
  });

  it("leaves a subscribe of the revision that has none to the protocol layer", () => {
    const params = { _meta: { "io.modelcontextprotocol/protocolVersion": "2026-07-28" } };
    const message = request({ method: "resources/subscribe", params });
    expect(checkMessage(message)).toEqual({ message });
  });

  it.each([
    ["arguments as a list", call({ name: "x", arguments: [1] })],
    ["arguments as text", call({ name: "x", arguments: "{}" })],
    ["no name", call({ arguments: {} })],
    ["no params", call(undefined)],
    ["metadata that are none", call({ name: "x", _meta: [] })],
    ["a progress token that is none", call({ name: "x", _meta: { progressToken: true } })],
    ["a name that is no text", call({ name: { $ne: "" } })],
  ])("answers a call with %s by a result, as every failed call", (_what, message) => {
    expect(checkMessage(message)).toMatchObject({
      answer: {
        id: 1,
        result: {
          resultType: "complete",
          isError: true,
          content: [{ type: "text", text: expect.stringContaining('"status":"error","code":"invalid_input"') }],
        },
      },
    });
  });
});
