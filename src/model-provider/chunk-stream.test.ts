import { createParser } from "eventsource-parser";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createChunkStream } from "./chunk-stream.ts";

/** The data of every event, as a parser of the standard reads them from pieces of any size. */
function dataOf(bytes: Uint8Array, size: number): string[] {
  const found: string[] = [];
  const decoder = new TextDecoder();
  const parser = createParser({ onEvent: ({ data }) => found.push(data) });
  for (let at = 0; at < bytes.length; at += size)
    parser.feed(decoder.decode(bytes.subarray(at, at + size), { stream: true }));
  return found;
}

describe("a stream of chunks", () => {
  it("gives every chunk as it was, whatever it says and however the network cuts it", async () => {
    const chunk = fc.record({
      content: fc.oneof(
        fc.string({ unit: "binary" }),
        fc.constantFrom("\r\n\r\ndata: x\n\n", "\u2028", ": comment", "\u0000"),
      ),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(chunk, { maxLength: 8 }), fc.integer({ min: 1, max: 40 }), async (chunks, size) => {
        const stream = createChunkStream(() => {});
        for (const each of chunks) stream.send(each);
        stream.end();
        const data = dataOf(new Uint8Array(await stream.response.arrayBuffer()), size);
        expect(data.pop()).toBe("[DONE]");
        expect(data.map((text) => JSON.parse(text))).toEqual(chunks.map((each) => JSON.parse(JSON.stringify(each))));
      }),
    );
  });

  it("is kept alive by comments while nothing is said", async () => {
    const stream = createChunkStream(() => {}, 20);
    stream.send({ a: 1 });
    await new Promise((resolve) => setTimeout(resolve, 90));
    stream.end();
    expect(await stream.response.text()).toMatch(/^data: \{"a":1\}\n\n(: keep-alive\n\n){2,}data: \[DONE\]\n\n$/);
  });

  it("tells when its reader goes away, and takes what comes later without a word", async () => {
    let gone = 0;
    const stream = createChunkStream(() => {
      gone += 1;
    });
    stream.send({ a: 1 });
    await stream.response.body!.cancel();
    stream.send({ a: 2 });
    stream.end();
    expect(gone).toBe(1);
  });
});
