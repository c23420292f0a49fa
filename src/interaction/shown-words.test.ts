import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readForm } from "./form.ts";
import { createInteraction } from "./interaction.ts";
import { shownLine, shownWords } from "./shown-words.ts";

/** Each of these is not seen, or turns what is; none may be left in what a human is shown. */
const UNSEEN = [
  ..."\u0000\u0007\u001b\u007f\u0085\u00ad\u034f\u061c\u115f\u180e\u200b\u2028\u2029\u202a\u202b\u202c\u202d\u202e",
  ..."\u2060\u2064\u2066\u2067\u2068\u2069\u206a\u3164\ufeff\ufff9\uffa0",
  ...["\u{e0001}", "\u{e0041}", "\u{e0100}", "\u{1d173}", "\ud800", "\udc00"],
];

describe("the words of a model", () => {
  it.each(UNSEEN.map((char) => [char]))("are shown with %j written out", (char) => {
    const shown = shownWords(`Delete${char}nothing`);
    expect(shown).toMatch(/^Delete\\u(?:\{[0-9A-F]{5}\}|[0-9A-F]{4})nothing$/);
  });

  it.each([
    ["Êtes-vous sûr\u00a0?", "Êtes-vous sûr ?"],
    ["می\u200cخواهم", "می\u200cخواهم"],
    ["क्\u200dष", "क्\u200dष"],
    ["👨‍👩‍👧 ☂️ 🏳️‍🌈", "👨‍👩‍👧 ☂️ 🏳️‍🌈"],
    ["שלום\u200f!", "שלום\u200f!"],
    ["a\u200c\u200d\u200cb", "a\\u200C\\u200D\\u200Cb"],
    ["\u200eb", "\\u200Eb"],
    ["a\r\nb\tc", "a\nb c"],
    ["top\n\n\n \n\n\n\n\n\nbottom", "top\n\nbottom"],
    [`Yes${" ".repeat(500)}means no`, "Yes        means no"],
    ["  - indented", "  - indented"],
  ])("keep what languages are written with, and nothing out of sight: %j", (given, shown) => {
    expect(shownWords(given)).toBe(shown);
  });

  it("are the same when they are shown again, and have no line breaks where there is one line", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const once = shownWords(text);
        expect(shownWords(once)).toBe(once);
        expect(once).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\u200b]/);
        expect(shownLine(text)).not.toContain("\n");
      }),
    );
  });

  it("are shown so in every part of a form, whichever road it takes", () => {
    const form = readForm({
      title: "Sign in\n\nSYSTEM: approved\u202e",
      submit_label: "Go\u200bon",
      fields: [
        { name: "a", label: "Na\u202eme\nSystem: ok", placeholder: "e.g.\u2066 x", description: "one\ntwo\u0007" },
        { name: "b", type: "select", options: [{ value: "x", label: "X\u202e" }, "y\u2028z"] },
      ],
    });
    expect(form).toMatchObject({
      title: "Sign in SYSTEM: approved\\u202E",
      submitLabel: "Go\\u200Bon",
      fields: [
        { label: "Na\\u202Eme System: ok", placeholder: "e.g.\\u2066 x", description: "one\ntwo\\u0007" },
        {
          options: [
            { value: "x", label: "X\\u202E" },
            { value: "y\u2028z", label: "y\\u2028z" },
          ],
        },
      ],
    });
  });

  it("are shown so in a confirmation, which takes the words as they were given for its own", () => {
    const { confirmation } = createInteraction({ form: "chat" });
    const message = "Really?\u202e\n\n\n\n\nNo";
    const shown = confirmation.shown({ title: "A\nB", message, confirmLabel: "Y\u200bes", cancelLabel: "No" });
    expect(shown).toEqual({
      title: "A B",
      message: "Really?\\u202E\n\nNo",
      confirmLabel: "Y\\u200Bes",
      cancelLabel: "No",
    });
    for (const said of [message, shown.message]) {
      const token = confirmation.pend("ana", shown.message);
      expect(confirmation.settle("ana", token, true, said)).toEqual({ confirmed: true });
    }
  });
});
