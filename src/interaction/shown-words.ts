/**
 * What is not seen, or turns what is: control and format characters, line separators, fillers, tags, halves of pairs. Joiners and
 * single marks of direction stay beside letters, marks and emoji, for Persian, Hebrew, Hindi and emoji are written with them.
 */
const UNSEEN =
  /(?!\n|\uFE0F)(?:(?<=[\p{L}\p{M}\p{Extended_Pictographic}\p{Emoji_Modifier}])[\u200C-\u200F]{2,}|(?<![\p{L}\p{M}\p{Extended_Pictographic}\p{Emoji_Modifier}])[\u200C-\u200F]|(?![\u200C-\u200F])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}])/gu;
const ODD_SPACES = /[\t\u00A0\u1680\u2000-\u200A\u202F\u205F\u3000]/g;

/**
 * A model's words as a human is to see them, on whatever road: what would not be seen, or would turn the order in which the rest
 * is read, is written out, such as `\u202E`; and what would push the rest out of sight, such as many empty lines, is left out.
 * The same words come of words that have been shown already.
 */
export function shownWords(text: string): string {
  return text
    .replace(/\r\n?/g, "\n")
    .replace(ODD_SPACES, " ")
    .replace(UNSEEN, (found) => [...found].map(written).join(""))
    .replace(/(?: *\n){3,}/g, "\n\n")
    .replace(/ {9,}/g, "        ");
}

/** `shownWords` in one line, for what has no lines of its own, such as a title: one of them could look like another's. */
export function shownLine(text: string): string {
  return shownWords(text).replace(/\s*\n\s*/g, " ");
}

function written(char: string): string {
  const code = (char.codePointAt(0) as number).toString(16).toUpperCase();
  return code.length > 4 ? `\\u{${code}}` : `\\u${code.padStart(4, "0")}`;
}
