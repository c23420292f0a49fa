/** The items of the lists in a Markdown text (CommonMark 0.31, section 5.2), nested ones within the item around them. */

export interface ListItem {
  /** Such as `line 3`. */
  where: string;
  /** Its lines without their indentation, nested items and blank lines too. */
  lines: string[];
  /** The headings that it stands under, from the second level on, the outer first. */
  headings: string[];
}

interface OpenItem extends ListItem {
  /** Columns before its marker, and up to its text. */
  indent: number;
  width: number;
}

const ITEM = /^([ \t]*)([-*+]|\d{1,9}[.)])(?:([ \t]+)(.*)|)$/s;
const HEADING = /^ {0,3}(#{1,6})(?:[ \t]|$)/;
const CLOSING_SIGNS = /(?:^|[ \t])#+$/;
const UNDERLINE = /^ {0,3}(=+|-+)[ \t]*$/;
const BREAK = /^ {0,3}([-*_])(?:[ \t]*\1){2,}[ \t]*$/;
const BLOCK = /^ {0,3}(?:>|`{3}|~{3}|<!--)/;
export const NO_ITEM = 'is no item of a list; write "- " before each memory';

/** The items, in their order, and what is text outside of lists, as a problem for each paragraph. Comments are left out. */
export function readListItems(text: string): (ListItem | { where: string; problem: string })[] {
  const found: (ListItem | { where: string; problem: string })[] = [];
  const lines = text.split(/\r?\n/);
  let headings: string[] = [];
  let item: OpenItem | undefined;

  const setHeading = (level: number, title: string) => {
    headings = headings.slice(0, level - 1);
    headings[level - 1] = title.trim();
  };

  for (let at = afterFrontMatter(lines); at < lines.length; at++) {
    const line = lines[at] as string;
    if (line.trim() === "") {
      item?.lines.push("");
      continue;
    }
    if (item && belongsTo(item, line)) {
      item.lines.push(withoutIndent(line, item.width));
      continue;
    }
    item = undefined;
    const where = `line ${at + 1}`;
    const heading = HEADING.exec(line);
    if (heading) {
      setHeading(heading[1]?.length ?? 1, line.slice(heading[0].length).trim().replace(CLOSING_SIGNS, ""));
    } else if (BREAK.test(line)) {
      // Only a line between two parts.
    } else if (line.trimStart().startsWith("<!--")) {
      while (at < lines.length && !lines[at]?.includes("-->")) at++;
    } else {
      item = openItem(line, where, headings);
      if (item) {
        found.push(item);
        continue;
      }
      const begin = at;
      while (isParagraph(lines[at + 1])) at++;
      const underline = UNDERLINE.exec(lines[at + 1] ?? "");
      if (underline) {
        at++;
        setHeading(underline[1]?.startsWith("=") ? 1 : 2, lines.slice(begin, at).join(" "));
      } else {
        found.push({ where, problem: NO_ITEM });
      }
    }
  }
  return found;
}

function openItem(line: string, where: string, headings: readonly string[]): OpenItem | undefined {
  const [, before, marker = "", blanks = " ", text = ""] = ITEM.exec(line) ?? [];
  if (before === undefined) return undefined;
  const indent = columnsOf(before);
  // Five blanks and more are one, and code (CommonMark, section 5.2).
  const gap = blanks.length > 4 ? 1 : blanks.length;
  const above = headings.slice(1).filter((heading) => heading !== undefined && heading !== "");
  return { where, lines: [text], headings: above, indent, width: indent + marker.length + gap };
}

/** Lines that are indented, and lines that go on with a paragraph (CommonMark, section 5.2, laziness). */
function belongsTo(item: OpenItem, line: string): boolean {
  if (columnsOf(/^[ \t]*/.exec(line)?.[0] ?? "") >= item.indent + 2) return true;
  return item.lines.at(-1) !== "" && isParagraph(line) && !UNDERLINE.test(line);
}

function isParagraph(line: string | undefined): boolean {
  if (line === undefined || line.trim() === "") return false;
  return ![HEADING, BREAK, BLOCK, ITEM, UNDERLINE].some((pattern) => pattern.test(line));
}

function columnsOf(blanks: string): number {
  let columns = 0;
  for (const blank of blanks) columns += blank === "\t" ? 4 - (columns % 4) : 1;
  return columns;
}

function withoutIndent(line: string, width: number): string {
  let at = 0;
  for (let columns = 0; columns < width && /[ \t]/.test(line.charAt(at)); at++) {
    columns += line[at] === "\t" ? 4 - (columns % 4) : 1;
  }
  return line.slice(at);
}

/** The number of lines of the YAML that some programs put before a text. */
function afterFrontMatter(lines: readonly string[]): number {
  if (lines[0]?.trim() !== "---") return 0;
  const end = lines.findIndex((line, index) => index > 0 && line.trim() === "---");
  return end < 0 ? 0 : end + 1;
}
