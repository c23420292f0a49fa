/** The cells of each record of a csv (RFC 4180). */
export function* readCsv(text: string): Iterable<string[]> {
  for (let at = 0; at < text.length; ) {
    const end = text.indexOf("\n", at);
    const line = text.slice(at, end < 0 ? text.length : text.charCodeAt(end - 1) === 13 ? end - 1 : end);
    if (!line.includes('"')) {
      at = end < 0 ? text.length : end + 1;
      yield line.split(",");
      continue;
    }
    const cells: string[] = [];
    for (;;) {
      if (text[at] === '"') {
        let close = text.indexOf('"', at + 1);
        while (text[close + 1] === '"') close = text.indexOf('"', close + 2);
        cells.push(text.slice(at + 1, close).replaceAll('""', '"'));
        at = close + 1;
      } else {
        const start = at;
        while (at < text.length && text[at] !== "," && text[at] !== "\n" && text[at] !== "\r") at++;
        cells.push(text.slice(start, at));
      }
      const next = text[at++];
      if (next === ",") continue;
      if (next === "\r" && text[at] === "\n") at++;
      break;
    }
    yield cells;
  }
}

/** A value as a cell, safe for spreadsheets. */
export function writeCell(value: string | number | null): string {
  if (value === null) return "";
  if (typeof value === "number") return String(value);
  const code = value.charCodeAt(0);
  // What a spreadsheet would run.
  const text = code === 61 || code === 43 || code === 45 || code === 64 || code === 9 ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
