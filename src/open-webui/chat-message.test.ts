import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { chatMessageOf } from "./chat-message.ts";

const CHAT = "8a85f2a5-0763-42ac-9c80-6bc2f469a09b";
const MESSAGE = "6e4658f9-8f38-4a93-a0ec-9eede07e48a0";
const IN_AN_HOUR = Math.floor(Date.now() / 1000) + 3600;
const SESSION = { id: "7f0e", typ: "session", exp: IN_AN_HOUR, jti: "1" };

function jwt(claims: unknown): string {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
  return `${part({ alg: "HS256", typ: "JWT" })}.${part(claims)}.c2lnbmF0dXJl`;
}

function headersOf(chat?: string, message?: string): Headers {
  return new Headers({
    ...(chat !== undefined && { "X-OpenWebUI-Chat-Id": chat }),
    ...(message !== undefined && { "X-OpenWebUI-Message-Id": message }),
  });
}

describe("the chat message of a request", () => {
  it("is named by Open-WebUI's headers, and reached by the session of its user", () => {
    const token = jwt(SESSION);
    expect(chatMessageOf(headersOf(CHAT, MESSAGE), token)).toEqual({ chatId: CHAT, messageId: MESSAGE, token });
  });

  it("is reached by sessions of older releases, which name no type", () => {
    expect(chatMessageOf(headersOf(CHAT, MESSAGE), jwt({ id: "7f0e" }))).toBeDefined();
  });

  it.each(["automation", "subagent"])("is reached by the session of a chat of the type %s", (typ) => {
    expect(chatMessageOf(headersOf(CHAT, MESSAGE), jwt({ ...SESSION, typ }))).toBeDefined();
  });

  it.each([
    ["of a temporary chat", headersOf("local:piDNyZdGLwe6U75gAAAB", MESSAGE)],
    ["of a channel", headersOf(`channel:${CHAT}`, MESSAGE)],
    ["without a chat", headersOf(undefined, MESSAGE)],
    ["without an id of its own", headersOf(CHAT)],
    ["whose chat is a path", headersOf("../../../api/v1/users", MESSAGE)],
    ["whose id is a path", headersOf(CHAT, `${MESSAGE}/../..`)],
  ])("is none %s", (_, headers) => {
    expect(chatMessageOf(headers, jwt(SESSION))).toBeUndefined();
  });

  it.each([
    ["none", undefined],
    ["a key of this server", "key-of-ana-0123456789"],
    ["a key of Open-WebUI", "sk-0123456789abcdef"],
    ["an access token of another issuer", jwt({ sub: "ana", iss: "https://id.example.com", exp: IN_AN_HOUR })],
    ["another kind of token of Open-WebUI", jwt({ ...SESSION, typ: "reset" })],
    ["another service's", jwt({ id: "42", iss: "https://other.example", exp: IN_AN_HOUR })],
    ["made for another service", jwt({ id: "42", aud: "other", exp: IN_AN_HOUR })],
    ["signed as Open-WebUI does not", jwt(SESSION).replace(/^[^.]+/, btoa('{"alg":"RS256"}').replace(/=+$/, ""))],
    ["a session that has expired", jwt({ ...SESSION, exp: 1_700_000_000 })],
    ["a session of nobody", jwt({ ...SESSION, id: "" })],
    ["a session with more behind it", `${jwt(SESSION)}\r\nHost: evil`],
    ["far too long", jwt({ ...SESSION, more: "x".repeat(10_000) })],
    ["no claims", jwt(null)],
  ])("is not reached where the token is %s", (_, token) => {
    expect(chatMessageOf(headersOf(CHAT, MESSAGE), token)).toBeUndefined();
  });

  it("is found or not, but never an error, whatever the token", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json().map(jwt),
          fc.array(fc.base64String()).map((p) => p.join(".")),
        ),
        (token) => {
          const found = chatMessageOf(headersOf(CHAT, MESSAGE), token);
          expect(found === undefined || found.token === token).toBe(true);
        },
      ),
    );
  });
});
