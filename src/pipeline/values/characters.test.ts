import fc from "fast-check";
import { expect, it } from "vitest";
import { countCharacters, lastCharacters, padCharacters, sliceCharacters } from "./characters.ts";

const anyText = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.string({ unit: fc.constantFrom("a", "👨", "\ud83d", "\udc68") }),
);
const place = fc.nat({ max: 12 });

it("counts, cuts and pads by code points, as an iterator gives them", () => {
  fc.assert(
    // Halves of a filling could join to characters.
    fc.property(
      anyText,
      anyText.map((filling) => filling.toWellFormed()),
      place,
      place,
      (text, filling, from, to) => {
        const characters = [...text];
        expect(countCharacters(text)).toBe(characters.length);
        expect(sliceCharacters(text, from)).toBe(characters.slice(from).join(""));
        expect(sliceCharacters(text, from, to)).toBe(characters.slice(from, to).join(""));
        expect(lastCharacters(text, from)).toBe(characters.slice(Math.max(0, characters.length - from)).join(""));
        const missing = Math.max(0, from - characters.length);
        const signs = [...filling];
        const padding = Array.from(
          { length: signs.length > 0 ? missing : 0 },
          (_, at) => signs[at % signs.length],
        ).join("");
        expect(padCharacters(text, from, filling, true)).toBe(padding + text);
        expect(padCharacters(text, from, filling, false)).toBe(text + padding);
      },
    ),
  );
});
