import { describe, expect, it } from "vitest";
import { asJson } from "./json-answer.ts";

const stream = (...messages: object[]): Response =>
  new Response(
    `id: 0\ndata: \n\n: still here\n\n${messages.map((each) => `event: message\ndata: ${JSON.stringify(each)}\n\n`).join("")}`,
    { headers: { "content-type": "text/event-stream" } },
  );

describe("asJson", () => {
  it("gives the answer in a stream, without the notifications before it", async () => {
    const answer = { jsonrpc: "2.0", id: 1, result: {} };
    const notice = { jsonrpc: "2.0", method: "notifications/progress", params: {} };
    expect(await (await asJson(stream(notice, answer))).json()).toEqual(answer);
  });

  it("keeps texts with the line and paragraph separators of Unicode", async () => {
    const answer = { jsonrpc: "2.0", id: 1, result: { text: "a\u2028b\u2029c\u0085d\r\ne" } };
    expect(await (await asJson(stream(answer))).json()).toEqual(answer);
  });
});
