/**
 * The number that a text says, as people write it: with the digits of any script, and with a point, a comma or `٫` before the
 * decimals where that is not mistaken for a mark of thousands (`1,234`, `1.000`). Undefined: it says none, or not clearly which.
 */
export function readNumber(text: string): number | undefined {
  if (text.length > MAX_LENGTH) return undefined;
  const plain = inPlainSigns(text);
  // `٫` and nothing else is no mark of thousands anywhere.
  if (THOUSANDS.test(plain) && !text.includes("٫")) return undefined;
  const [, sign = "", whole = "", decimals] = /^([+-]?)(\d*),(\d+)$/.exec(plain) ?? [];
  const isThousands = decimals?.length === 3 && /^[1-9]\d{0,2}$/.test(whole);
  const written = decimals === undefined ? plain : isThousands ? "" : `${sign}${whole}.${decimals}`;
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(written)) return undefined;
  const value = Number(written);
  return Number.isFinite(value) ? value : undefined;
}

/** How to write a number that was written with marks or words which could not be read; nothing where there were no digits. */
export function howToWrite(answer: unknown, isWhole: boolean): string {
  if (typeof answer !== "string" || !/\p{Nd}/u.test(answer)) return "";
  const plain = answer.length > MAX_LENGTH ? "" : inPlainSigns(answer);
  if (!isWhole && THOUSANDS.test(plain))
    return `, and the point could be one of thousands: write ${plain.replace(".", "")} or ${plain}0`;
  return isWhole ? " in digits alone, such as 1234" : " with a point and no other marks, such as 1234.5";
}

const MAX_LENGTH = 400;
/** What is 1000 to who writes 1,5 for one and a half, and 1 to the others. */
const THOUSANDS = /^[+-]?[1-9]\d{0,2}\.\d{3}$/;

function inPlainSigns(text: string): string {
  return text
    .trim()
    .replace(/\p{Nd}/gu, digitOf)
    .replace(/[٫．]/g, ".")
    .replace(/[−－]/g, "-")
    .replace("＋", "+")
    .replace("，", ",");
}

/** The value of a decimal digit: Unicode has those of a script in a row, from nought on, and rows may follow one another. */
function digitOf(digit: string): string {
  const code = digit.codePointAt(0) as number;
  let before = 0;
  while (/^\p{Nd}$/u.test(String.fromCodePoint(code - before - 1))) before += 1;
  return String(before % 10);
}
