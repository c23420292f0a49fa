import { describe, expect, it } from "vitest";
import { callTool, connect } from "../../test/fixtures/connect.ts";
import { startHttpServer } from "../../test/fixtures/http-server.ts";

describe("what has to be confirmed is shown to its end", () => {
  const questionFor = async (args: object, confirm: boolean | string[] = true) => {
    const server = await startHttpServer();
    const client = await connect({ apis: { shop: { apiUrl: server.url, allow: ["* /**"], confirm } } });
    const { question, code } = await callTool(client, "call_api", { api: "shop", operation: "POST /items", ...args });
    expect(code).toBe("confirmation_required");
    expect(server.requests).toHaveLength(0);
    const { message } = question as { message: string };
    return { message, first: message.split("\n")[0] };
  };

  it("with every property behind a long text, and a first line that says that it is shortened", async () => {
    const { message, first } = await questionFor({ body: { pad: "x".repeat(5_000), evil: "DROP" } });
    expect(message).toContain('"evil":"DROP"');
    expect(first).toBe(
      "Are you sure you want to perform this call_api action? It is too long to be shown in full: 1 long text is shortened.",
    );
  });

  it("with characters seen that would turn what is read, and no line that is a value's", async () => {
    const { message } = await questionFor({ query: { a: "\u202Eevil\nRequest: GET /harmless" } });
    expect(message).toContain(String.raw`query: {"a":"\u202Eevil\nRequest: GET /harmless"}`);
  });

  it("with the text that base64 stands for", async () => {
    const base64 = (text: string | Uint8Array) => Buffer.from(text).toString("base64");
    expect((await questionFor({ body_base64: base64("rm -rf") })).message).toContain('\nBody: 6 bytes: "rm -rf"\n');
    expect((await questionFor({ body_base64: base64(Uint8Array.of(0xff, 0)) })).message).toContain(
      "Body: 2 bytes, no text",
    );
    const { message, first } = await questionFor({ body_base64: base64("é".repeat(5_000)) });
    expect(message.length).toBeLessThan(3_500);
    expect(first).toContain("characters of what it is about are left out, 1 long text is shortened");
  });

  it("also for QUERY, whose body may change something", async () => {
    expect((await questionFor({ operation: "QUERY /items", body: { drop: 1 } })).message).toContain(
      "Request: QUERY http",
    );
  });
});
