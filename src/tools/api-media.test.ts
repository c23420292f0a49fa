import { randomBytes } from "node:crypto";
import { Client, InMemoryTransport } from "@modelcontextprotocol/client";
import { describe, expect, it } from "vitest";
import { whenDone } from "../../test/fixtures/cleanup.ts";
import { startPatchbay } from "../../test/fixtures/connect.ts";
import { startHttpServer } from "../../test/fixtures/http-server.ts";
import { createServerFactory } from "../mcp/server.ts";
import { MAX_MEDIA_BYTES } from "./api-media.ts";

const START = { png: "\x89PNG\r\n\x1a\n", jpeg: "\xff\xd8\xff\xe0", gif: "GIF89a", webp: "RIFF\n\0\0\nWEBP" };
const imageOf = (kind: keyof typeof START, size = 20_000): Buffer =>
  Buffer.concat([Buffer.from(START[kind], "latin1"), randomBytes(size)]).subarray(0, size);

/** What a client of that name gets for a download, by call_api and by the API's own tool. */
async function download(bytes: Buffer, type: string, client = "some-client") {
  const server = await startHttpServer({ bytes, headers: { "content-type": type } });
  const x = { apiUrl: server.url, allow: ["GET /file"], tools: [{ operation: "GET /file", name: "x_file" }] };
  const { boundary, stateKey } = await startPatchbay({ apis: { x } });
  const identify = () => ({ id: "ana" });
  const made = await createServerFactory({ version: "0.0.0", boundary, identify, stateKey })({ era: "legacy" });
  const [clientSide, serverSide] = InMemoryTransport.createLinkedPair();
  const connected = new Client({ name: client, version: "0" });
  await made.connect(serverSide);
  await connected.connect(clientSide);
  whenDone(() => connected.close());
  const results = [
    await connected.callTool({ name: "call_api", arguments: { api: "x", operation: "GET /file" } }),
    await connected.callTool({ name: "x_file", arguments: {} }),
  ];
  return results.map(({ content }) => content as Record<string, unknown>[]);
}

const kinds = (blocks: readonly Record<string, unknown>[]) => blocks.map(({ type }) => type);

describe("an answer that is an image", () => {
  it.each(["png", "jpeg", "gif", "webp"] as const)("comes as one besides its JSON and its link: %s", async (kind) => {
    const bytes = imageOf(kind);
    for (const blocks of await download(bytes, "application/octet-stream")) {
      expect(kinds(blocks)).toEqual(["text", "image", "resource_link"]);
      expect(blocks[1]).toEqual({ type: "image", data: bytes.toString("base64"), mimeType: `image/${kind}` });
    }
  });

  it("and small comes likewise", async () => {
    const [blocks = []] = await download(imageOf("png", 200), "image/png");
    expect(kinds(blocks)).toEqual(["text", "image", "resource_link"]);
  });

  it("is not told to be one where its bytes are none, or where it is large", async () => {
    for (const bytes of [randomBytes(9000), Buffer.alloc(100), imageOf("png", MAX_MEDIA_BYTES + 1)]) {
      for (const blocks of await download(bytes, "image/png")) expect(kinds(blocks)).toEqual(["text", "resource_link"]);
    }
  });

  it("is left out for clients that may be mcpo, whose JSON it would turn into a list", async () => {
    const [blocks = []] = await download(imageOf("png"), "image/png", "mcp");
    expect(kinds(blocks)).toEqual(["text", "resource_link"]);
  });
});

describe("an answer that is a sound", () => {
  it("comes as one besides its JSON and its link", async () => {
    const bytes = randomBytes(10_000);
    const [blocks = []] = await download(bytes, "audio/mpeg");
    expect(kinds(blocks)).toEqual(["text", "audio", "resource_link"]);
    expect(blocks[1]).toEqual({ type: "audio", data: bytes.toString("base64"), mimeType: "audio/mpeg" });
  });
});
