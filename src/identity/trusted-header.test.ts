import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createProxies, readUserHeader } from "./trusted-header.ts";

describe("the proxies", () => {
  it.each<[string[], string, boolean]>([
    [["10.0.0.5/32"], "10.0.0.5", true],
    [["10.0.0.5"], "10.0.0.5", true],
    [["10.0.0.5"], "::ffff:10.0.0.5", true],
    [["10.0.0.5"], "::ffff:a00:5", true],
    [["10.0.0.5"], "10.0.0.50", false],
    [["10.0.0.5"], "10.0.0.6", false],
    [["10.0.0.0/24"], "10.0.0.255", true],
    [["10.0.0.0/24"], "10.0.1.0", false],
    [["::ffff:10.0.0.0/120"], "10.0.0.77", true],
    [["fd00::/64"], "fd00::5", true],
    [["fd00::/64"], "fd00:0:0:1::5", false],
    [["fe80::/64"], "fe80::1%eth0", true],
    [["::1"], "127.0.0.1", false],
    [["192.0.2.1", "10.0.0.5"], "10.0.0.5", true],
  ])("%j has %s: %s", (blocks, peer, expected) => {
    expect(createProxies(blocks)(peer)).toBe(expected);
  });

  it("are no address that nobody can read", () => {
    const isProxy = createProxies(["10.0.0.0/8"]);
    for (const peer of [undefined, "", "10.0.0.5, 10.0.0.6", "localhost", "10.0.0.5.example.com"])
      expect(isProxy(peer), peer).toBe(false);
  });

  it("of a block are exactly those that share its bits", () => {
    const address = fc.integer({ min: 0, max: 2 ** 32 - 1 });
    const show = (value: number) => [24, 16, 8, 0].map((bits) => (value >>> bits) & 255).join(".");
    fc.assert(
      fc.property(address, address, fc.integer({ min: 8, max: 32 }), fc.boolean(), (block, peer, bits, mapped) => {
        const same = Math.floor(block / 2 ** (32 - bits)) === Math.floor(peer / 2 ** (32 - bits));
        const written = mapped ? `::ffff:${show(peer)}` : show(peer);
        expect(createProxies([`${show(block)}/${bits}`])(written)).toBe(same);
      }),
    );
  });
});

describe("the header of the user", () => {
  const read = (...values: string[]) => {
    const headers = new Headers();
    for (const value of values) headers.append("X-Forwarded-User", value);
    return readUserHeader(headers, "x-forwarded-user");
  };
  const latin1 = (text: string) => Buffer.from(text, "utf8").toString("latin1");

  it("names one user", () => {
    expect(read()).toBeUndefined();
    expect(read("ana")).toEqual({ subject: "ana" });
    expect(read("auth0|5d0e 2f")).toEqual({ subject: "auth0|5d0e 2f" });
    expect(read(latin1("José"))).toEqual({ subject: "José" });
  });

  it.each([
    ["nobody", [""]],
    ["two", ["ana", "ben"]],
    ["one twice", ["ana", "ana"]],
    ["a list", ["ana,ben"]],
    ["too long a name", ["a".repeat(256)]],
    ["what is no UTF-8", ["\u00e9"]],
    ["a name with a tab", ["a\tb"]],
    ["a name that nobody sees whole", [latin1("ana\u200b")]],
    ["a name that is written backwards", [latin1("\u202eana")]],
  ])("names nobody where it holds %s", (_what, values) => {
    expect(read(...values)).toBe("wrong");
  });
});
