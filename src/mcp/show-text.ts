/**
 * What is not seen, or turns what is: control and format characters, among them marks of direction and those without width, line
 * separators, fillers, spaces that no keyboard has, and halves of pairs. The mark that makes a sign an emoji is seen.
 */
const UNSEEN =
  /(?<!\p{Extended_Pictographic})\uFE0F|(?!\uFE0F|\n)[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u00A0\u1680\u2000-\u200A\u202F\u205F]/gu;
/** Characters that are not left out of a text: to say so would take as many. */
const NEGLIGIBLE = 40;

/** The text with every character seen: what would not be is written as `\u202E` or `\u{E0041}`. Line breaks stay. */
export function visible(text: string): string {
  return text.replace(UNSEEN, (char) => {
    const code = (char.codePointAt(0) as number).toString(16).toUpperCase();
    return code.length > 4 ? `\\u{${code}}` : `\\u${code.padStart(4, "0")}`;
  });
}

/** The inside of a JSON string in which every character is seen and no line ends, so that it cannot look like anything else. */
export function quoted(text: string): string {
  return visible(JSON.stringify(text).slice(1, -1));
}

/**
 * `quoted` of the beginning and the end of a text, about `length` characters, with what is left out told between quotation marks that
 * a text itself cannot have: `abc"… 4,880 characters …"xyz`. Undefined where the text is hardly longer than that.
 */
export function shortened(text: string, length: number, remark = ""): string | undefined {
  const hidden = text.length - length;
  if (hidden <= NEGLIGIBLE) return undefined;
  const head = Math.ceil(length / 2);
  const end = quoted(text.slice(text.length - (length - head)).toWellFormed());
  return `${quoted(text.slice(0, head).toWellFormed())}"… ${hidden} characters${remark} …"${end}`;
}

/** A text taken apart where what begins has a name, so that each piece can be shortened by itself. */
export interface Segments {
  segments: string[];
  /** The names of properties and parameters in it. */
  names: Set<string>;
}

/** The strings of JSON and what stands between them; else the parameters of a form or a query. */
export function segmentsOf(text: string): Segments {
  const names = new Set<string>();
  if (!/^\s*[[{]/.test(text)) {
    const segments = text.split(/(?<=&)/);
    for (const segment of segments) {
      const name = segment.indexOf("=");
      if (segments.length > 1 && name > 0) names.add(segment.slice(0, name));
    }
    return { segments, names };
  }
  const segments: string[] = [];
  let start = 0;
  for (let at = text.indexOf('"'); at !== -1; at = text.indexOf('"', start)) {
    let end = at + 1;
    while (end < text.length && text[end] !== '"') end += text[end] === "\\" ? 2 : 1;
    if (at > start) segments.push(text.slice(start, at));
    segments.push(text.slice(at, end + 1));
    start = end + 1;
    if (/^\s{0,99}:/.test(text.slice(start, start + 100))) names.add(text.slice(at + 1, end));
  }
  if (start < text.length) segments.push(text.slice(start));
  return { segments, names };
}
