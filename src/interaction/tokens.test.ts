import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createSealer } from "./tokens.ts";

const code = (run: () => unknown): unknown => {
  try {
    run();
  } catch (error) {
    return (error as { code?: unknown }).code;
  }
  return "nothing thrown";
};

describe("resume tokens", () => {
  it("carry any JSON to the same user and purpose", () => {
    const sealer = createSealer();
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.jsonValue(), (user, payload) => {
        const token = sealer.seal(user, "form", payload, 1000);
        expect(token).toMatch(/^[\w-]+$/);
        expect(JSON.stringify(sealer.open(user, "form", ` ${token}\n`).payload)).toBe(JSON.stringify(payload));
      }),
      { numRuns: 50 },
    );
  });

  it("open for nobody when any one character is changed, added or removed", () => {
    const sealer = createSealer();
    const token = sealer.seal("ana", "form", { a: 1 }, 1000);
    for (let i = 0; i < token.length; i += 1) {
      const other = token[i] === "A" ? "B" : "A";
      expect(code(() => sealer.open("ana", "form", token.slice(0, i) + other + token.slice(i + 1)))).toBe(
        "invalid_input",
      );
      expect(code(() => sealer.open("ana", "form", token.slice(0, i) + token.slice(i + 1)))).toBe("invalid_input");
    }
    for (const text of [`${token}A`, `${token}=`, `${token}.`, "", "x", "x".repeat(1_000_000)]) {
      expect(code(() => sealer.open("ana", "form", text))).toBe("invalid_input");
    }
  });

  it("open for no other user, purpose or process", () => {
    const sealer = createSealer();
    const token = sealer.seal("ana", "form", {}, 1000);
    expect(code(() => sealer.open("ben", "form", token))).toBe("invalid_input");
    expect(code(() => sealer.open("ana", "confirm", token))).toBe("invalid_input");
    expect(code(() => createSealer().open("ana", "form", token))).toBe("invalid_input");
  });

  it("open in another process that has the same key", () => {
    const token = createSealer({ key: "a shared secret" }).seal("ana", "form", 7, 1000);
    expect(createSealer({ key: "a shared secret" }).open("ana", "form", token).payload).toBe(7);
  });

  it("end with their time", () => {
    let now = 1_000_000;
    const sealer = createSealer({ now: () => now });
    const token = sealer.seal("ana", "form", {}, 1000);
    now += 999;
    expect(sealer.open("ana", "form", token).expiresAt).toBe(1_001_000);
    now += 1;
    expect(() => sealer.open("ana", "form", token)).toThrow("expired");
  });

  it("end with their use", () => {
    const sealer = createSealer();
    const token = sealer.seal("ana", "form", {}, 1000);
    const [first, second] = [sealer.open("ana", "form", token), sealer.open("ana", "form", token)];
    sealer.consume(first);
    expect(() => sealer.consume(second)).toThrow("already been used");
    expect(() => sealer.open("ana", "form", token)).toThrow("already been used");
  });

  it("do not show what they carry", () => {
    const token = createSealer().seal("ana", "form", { secret: "hunter2" }, 1000);
    expect(Buffer.from(token, "base64url").toString("latin1")).not.toMatch(/hunter2|ana|form/);
  });
});
