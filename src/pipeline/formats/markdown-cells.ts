/**
 * The cells of a line of a Markdown table (GitHub's form). `\|` is a pipe, also inside of code, `\\` a backslash
 * and `\<` the sign that is no tag then; `<br>` is a line end. The pipes at either end may be left out.
 */
export function tableCells(line: string): string[] {
  const text = line.trim();
  const cells: string[] = [];
  let begin = text.startsWith("|") ? 1 : 0;
  for (let at = begin; at < text.length; at++) {
    const character = text.charCodeAt(at);
    if (character === BACKSLASH) at++;
    else if (character === PIPE) {
      cells.push(plain(text.slice(begin, at)));
      begin = at + 1;
    }
  }
  if (begin < text.length || cells.length === 0) cells.push(plain(text.slice(begin)));
  return cells;
}

const BACKSLASH = 92;
const PIPE = 124;

function plain(cell: string): string {
  const text = cell.trim();
  if (!text.includes("\\") && !text.includes("<")) return text;
  return text.replace(/\\([\\|<])|<br ?\/?>/gi, (_, escaped?: string) => escaped ?? "\n");
}

/** Whether a line is the one below a table's names: dashes in every cell, with colons for the alignment. */
export function isRuler(line: string): boolean {
  if (!/^[\s|:-]+$/.test(line) || !line.includes("-")) return false;
  return tableCells(line).every((cell) => /^:?-+:?$/.test(cell));
}
