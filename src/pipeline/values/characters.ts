// Characters are code points of Unicode: an emoji is one, though JavaScript counts it as two, and none is ever cut in two.

const BEYOND = /[\uD800-\uDBFF][\uDC00-\uDFFF]/;

/** How many characters a text has. */
export function countCharacters(text: string): number {
  if (!BEYOND.test(text)) return text.length;
  let count = 0;
  for (let at = 0; at < text.length; at += widthAt(text, at)) count++;
  return count;
}

/** The characters of a text from one place up to another, counted from 0; neither is negative. */
export function sliceCharacters(text: string, from: number, to = Number.POSITIVE_INFINITY): string {
  if (!BEYOND.test(text)) return text.slice(from, to);
  const start = placeOf(text, from, 0);
  return to <= from ? "" : text.slice(start, placeOf(text, to - from, start));
}

/** The last characters of a text, so many as `count` says. */
export function lastCharacters(text: string, count: number): string {
  return sliceCharacters(text, Math.max(0, countCharacters(text) - count));
}

/** A text, made as long as `length` says by a filling at its start or end. */
export function padCharacters(text: string, length: number, filling: string, atStart: boolean): string {
  const missing = length - countCharacters(text);
  if (missing <= 0 || filling === "") return text;
  const repeated = filling.repeat(Math.ceil(missing / countCharacters(filling)));
  const padding = sliceCharacters(repeated, 0, missing);
  return atStart ? padding + text : text + padding;
}

/** Where in the text the character stands that comes `count` characters after the one at `start`. */
function placeOf(text: string, count: number, start: number): number {
  let at = start;
  for (let left = count; left > 0 && at < text.length; left--) at += widthAt(text, at);
  return at;
}

function widthAt(text: string, at: number): 1 | 2 {
  return (text.codePointAt(at) as number) > 0xffff ? 2 : 1;
}
