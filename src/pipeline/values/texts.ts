/** Blanks of Unicode, line ends and tabs among them. */
const BLANKS = /[\s\u0085\u180E\u200B\u2060\uFEFF]+/g;
/** What nobody sees: control and format characters but for those that join letters or emoji, and marks of direction. */
const UNSEEN = /[\0-\x08\x0E-\x1F\x7F-\x84\x86-\x9F\u00AD\u200E\u200F\u202A-\u202E\u2061-\u2069\uFFF9-\uFFFB]/g;
const PLAIN = /^(?!.* {2})[!-~](?:[ -~]*[!-~])?$/;

/**
 * A text without what nobody sees, its quotes and dashes as they are: composed (NFC, or NFKC where `compatible`), every run of blanks, no-break and zero-width
 * ones among them, as one blank, none at the ends, and without control characters.
 */
export function cleanText(text: string, compatible = false): string {
  if (text.length < 1000 && PLAIN.test(text)) return text;
  return text
    .replace(UNSEEN, "")
    .normalize(compatible ? "NFKC" : "NFC")
    .replace(BLANKS, " ")
    .trim();
}

/** Letters that have no parts to take apart. */
const LETTERS: Record<string, string> = {
  ß: "ss",
  ẞ: "SS",
  æ: "ae",
  Æ: "AE",
  œ: "oe",
  Œ: "OE",
  ø: "o",
  Ø: "O",
  đ: "d",
  Đ: "D",
  ð: "d",
  Ð: "D",
  ł: "l",
  Ł: "L",
  þ: "th",
  Þ: "Th",
  ı: "i",
};
const SPECIAL = new RegExp(`[${Object.keys(LETTERS).join("")}]`, "g");

/** A text whose Latin letters have lost their accents: `Müller` gives `Muller`, `straße` gives `strasse`. */
export function withoutAccents(text: string): string {
  return text
    .normalize("NFD")
    .replace(/(\p{Script=Latin})\p{M}+/gu, "$1")
    .replace(SPECIAL, (letter) => LETTERS[letter] as string)
    .normalize("NFC");
}
