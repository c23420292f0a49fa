import fc from "fast-check";
import { expect, it } from "vitest";
import { cleanText, withoutAccents } from "./texts.ts";

it("makes one blank of every run of blanks, whatever they are", () => {
  expect(cleanText("\ufeff a\t\r\n\u00a0\u2003b\u200b\u3000c ")).toBe("a b c");
  expect(cleanText("a\u00adb\u202ec\u0000d")).toBe("abcd");
});

it("leaves what joins letters and emoji", () => {
  expect(cleanText("👩‍👩‍👧 می‌خواهم")).toBe("👩‍👩‍👧 می‌خواهم");
});

it("leaves quotes and dashes as they are written", () => {
  expect(cleanText("“a”  ‘b’ – c — d’e")).toBe("“a” ‘b’ – c — d’e");
});

it("gives the same for what it gave", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.boolean(), (text, compatible) => {
      const clean = cleanText(text, compatible);
      expect(cleanText(clean, compatible)).toBe(clean);
    }),
  );
});

it("takes accents off Latin letters only", () => {
  expect(withoutAccents("Ångström Čeština Łódź ærø straße")).toBe("Angstrom Cestina Lodz aero strasse");
  expect(withoutAccents("Йога が é")).toBe("Йога が e");
});
