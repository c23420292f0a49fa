import { PassThrough } from "node:stream";
import { expect, it } from "vitest";
import { StdioTransport } from "./stdio-transport.ts";

it("writes a message as one line for every reader, also with separators of Unicode in it", async () => {
  const output = new PassThrough({ encoding: "utf8" });
  const transport = new StdioTransport(new PassThrough(), output, { maxBytes: 1_000, maxDepth: 10 });
  const message = { jsonrpc: "2.0" as const, id: 1, result: { text: "a\u2028b\u2029c\n" } };
  await transport.send(message);
  const written = String(output.read());
  expect(written.split(/[\n\r\u2028\u2029]/)).toHaveLength(2);
  expect(JSON.parse(written)).toEqual(message);
});
