import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createUserNames, isUserId } from "./user-names.ts";

describe("isUserId", () => {
  it.each(["ana", "5d0e2f1c", "auth0|123", "José Ñ", "名前", "a".repeat(255)])("takes %j", (text) => {
    expect(isUserId(text)).toBe(true);
  });

  it.each([
    "",
    " ana",
    "ana\n",
    "a\u0000b",
    "a\u200bb",
    "a\u202eb",
    "\ud800",
    "a\u2028",
    "a".repeat(256),
    7,
    null,
    undefined,
  ])("refuses %j", (text) => {
    expect(isUserId(text)).toBe(false);
  });
});

describe("createUserNames", () => {
  it("gives the linked user, and else the account itself", () => {
    const userOf = createUserNames({
      ana: [
        { issuer: "open-webui", subject: "1" },
        { issuer: "https://idp.example", subject: "ana" },
      ],
    });
    expect(userOf("open-webui", "1")).toBe("ana");
    expect(userOf("https://idp.example", "ana")).toBe("ana");
    expect(userOf("https://idp.example", "1")).toBe("https://idp.example#1");
    expect(userOf("open-webui", "ana")).toBe("open-webui#ana");
    expect(userOf("open-webui", "toString")).toBe("open-webui#toString");
  });

  it("takes no two accounts for one user, unless they are linked", () => {
    const part = fc.string({ minLength: 1, maxLength: 8 });
    const issuer = part.map((text) => text.replaceAll("#", ""));
    fc.assert(
      fc.property(issuer, part, issuer, part, (a, b, c, d) => {
        const userOf = createUserNames({});
        expect(userOf(a, b) === userOf(c, d)).toBe(a === c && b === d);
      }),
    );
  });
});
