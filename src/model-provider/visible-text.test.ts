import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createRedactor } from "../redact/redact.ts";
import { ANEW, createPieces, safeText, wholeText } from "./visible-text.ts";

const SECRETS = ["sk-abcdef123456", "abcdef123456-longer", "p@ss w/rd:99"];
const redact = createRedactor(SECRETS);

/** Texts of pieces that are close to secrets, stop sequences and tags. */
const text = fc
  .array(
    fc.oneof(
      fc.constantFrom(...SECRETS, ...SECRETS.map((secret) => secret.slice(0, 9)), encodeURIComponent(SECRETS[2]!)),
      fc.constantFrom("\n\n", " ", "END", "EN", "STOP", "ST", "<", "<think>", "</think>", "\n<think>x</think>", "😀"),
      fc.string({ maxLength: 6 }),
    ),
    { maxLength: 12 },
  )
  .map((pieces) => pieces.join(""));
const stops = fc.constantFrom([], ["END"], ["STOP", "END"], ["\n\n"]);

describe("what may be shown of an answer", () => {
  it("is never taken back, whatever comes next", () => {
    fc.assert(
      fc.property(text, stops, (all, stop) => {
        const answer = all.replace(/<\/?think>/g, "");
        const whole = wholeText(answer, stop, redact);
        let last = "";
        for (let end = 0; end <= answer.length; end++) {
          const shown = safeText(answer.slice(0, end), stop, redact);
          // Less may be shown for a moment, but nothing else.
          expect(shown.startsWith(last) || last.startsWith(shown)).toBe(true);
          expect(whole.startsWith(shown)).toBe(true);
          if (shown.length > last.length) last = shown;
        }
      }),
    );
  });

  it("holds no secret, no stop sequence and no half of a character", () => {
    fc.assert(
      fc.property(text, stops, (all, stop) => {
        for (let end = 0; end <= all.length; end++) {
          const shown = safeText(all.slice(0, end), stop, redact);
          for (const hidden of [...SECRETS, ...stop]) expect(shown).not.toContain(hidden);
          if (all.isWellFormed()) expect(shown.isWellFormed()).toBe(true);
        }
      }),
    );
  });

  it("is not held back for long", () => {
    const plain = "Plain words that are nothing else. ".repeat(20).trim();
    expect(safeText(plain, ["END"], redact).length).toBeGreaterThan(plain.length - 8);
  });

  it("leaves out reasoning that is not closed yet", () => {
    expect(safeText("<thi", [], redact)).toBe("");
    expect(safeText("The answer.\n<think>But wait, is it so", [], redact)).toBe("The answe");
    expect(safeText("a < b and b > c", [], redact)).toBe("a < b and b");
  });

  it("ends before the first stop sequence", () => {
    expect(wholeText("one END two STOP", ["STOP", "END"], redact)).toBe("one");
    expect(safeText("one EN", ["END"], redact)).toBe("o");
    expect(safeText("one END", ["END"], redact)).toBe("one");
  });
});

describe("the pieces of an answer", () => {
  const piecesOf = (...tellings: [text: string, isWhole?: boolean][]) => {
    const sent: string[] = [];
    const pieces = createPieces((piece) => sent.push(piece));
    for (const [text, isWhole = false] of tellings) pieces.take(text, isWhole);
    return sent;
  };

  it("are what is new", () => {
    expect(piecesOf(["a"], ["ab"], ["ab"], ["abc", true])).toEqual(["a", "b", "c"]);
  });

  it("of a second try that says the same go on where the first one ended", () => {
    expect(piecesOf(["one two"], ["one"], ["one two three"])).toEqual(["one two", " three"]);
  });

  it("of a second try that says something else stand behind a line that says so", () => {
    expect(piecesOf(["one two"], ["one"], ["one three"], ["one three four"])).toEqual([
      "one two",
      `${ANEW}one three`,
      " four",
    ]);
    expect(piecesOf(["one two"], ["one", true])).toEqual(["one two", `${ANEW}one`]);
  });
});
