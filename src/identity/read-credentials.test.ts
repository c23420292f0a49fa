import { describe, expect, it } from "vitest";
import { readCredentials } from "./read-credentials.ts";
import { createRefusalLog } from "./refusal-log.ts";

const read = (entries: [string, string][]) => readCredentials(new Headers(entries));

describe("readCredentials", () => {
  it.each<[[string, string][], object]>([
    [[], { malformed: false }],
    [[["Authorization", "Bearer abc"]], { bearer: "abc", malformed: false }],
    [[["authorization", "bEARER   abc"]], { bearer: "abc", malformed: false }],
    [[["X-API-Key", "abc"]], { apiKey: "abc", malformed: false }],
    [[["X-API-Key", ""]], { malformed: false }],
    [[["Authorization", "Basic YTpi"]], { malformed: false }],
    [[["Authorization", "abc"]], { malformed: false }],
  ])("reads %j", (entries, expected) => {
    expect(read(entries)).toEqual(expected);
  });

  it.each<[string, [string, string][]]>([
    ["no token", [["Authorization", "Bearer"]]],
    ["two words", [["Authorization", "Bearer a b"]]],
    [
      "a header twice",
      [
        ["Authorization", "Bearer a"],
        ["Authorization", "Bearer a"],
      ],
    ],
    [
      "a header twice, behind another scheme",
      [
        ["Authorization", "Basic a"],
        ["Authorization", "Bearer a"],
      ],
    ],
    [
      "a key twice",
      [
        ["X-API-Key", "a"],
        ["X-API-Key", "a"],
      ],
    ],
    ["a key beyond ASCII", [["X-API-Key", "schl\u00fcssel"]]],
    ["an endless token", [["Authorization", `Bearer ${"a".repeat(20_000)}`]]],
  ])("takes nothing of %s", (_what, entries) => {
    expect(read(entries).malformed).toBe(true);
  });
});

describe("the log of refusals", () => {
  it("tells each reason once in a while, however many attempts there are", () => {
    const lines: unknown[] = [];
    const write = (fields: Record<string, unknown>) => void lines.push(fields);
    const tell = createRefusalLog({ warn: write, debug: write });
    for (let attempt = 0; attempt < 1_000; attempt++) tell("warn", "an unknown key", "10.0.0.1");
    tell("debug", "no key", "10.0.0.1");
    expect(lines).toEqual([
      { reason: "an unknown key", peer: "10.0.0.1" },
      { reason: "no key", peer: "10.0.0.1" },
    ]);
  });
});
