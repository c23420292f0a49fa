/** Delimiters that CSV comes with: RFC 4180's, that of spreadsheets where the comma is the decimal sign, tab and pipe. */
export const DELIMITERS = [",", ";", "\t", "|"] as const;

/** Place of the comma. */
const COMMA = 0;

/** Records that are looked at, and characters at most. */
const SAMPLED_RECORDS = 20;
const SAMPLED_TEXT = 65_536;

/**
 * The delimiter of CSV, by the header and the first records, text in quotes left out. It is the comma unless the header speaks
 * for another: one that is there at least as often as the comma, and as often in every record, which the comma is not (or is,
 * but less often). A header without commas takes the delimiter that it has most often, where half of the records have it too.
 * Commas that all stand between digits are decimal ones where another delimiter is there equally often in every record.
 * `complete` says whether the text is all there is, so that its last record counts.
 */
export function detectDelimiter(text: string, complete = true): string {
  const { records: all, decimal } = countDelimiters(text, complete);
  const [header, ...records] = all;
  if (!header) return ",";
  const steady = (place: number): boolean => records.every((counts) => counts[place] === header[place]);
  const shared = (place: number): boolean =>
    records.filter((counts) => (counts[place] as number) > 0).length >= records.length / 2;
  const rival = header.some((count, place) => place !== COMMA && count > 0 && steady(place));
  if (decimal && rival) for (const counts of all) counts[COMMA] = 0;
  const commas = header[COMMA] as number;
  let best = COMMA;
  for (let place = 1; place < DELIMITERS.length; place++) {
    const count = header[place] as number;
    if (count === 0) continue;
    const better = count > (header[best] as number) || (best === COMMA && count === commas && !steady(COMMA));
    if (better && (commas === 0 ? shared(place) : steady(place))) best = place;
  }
  return DELIMITERS[best] as string;
}

/** How often each candidate stands outside quotes, by record; empty lines are no records. And whether all commas are between digits. */
function countDelimiters(text: string, complete: boolean): { records: number[][]; decimal: boolean } {
  const records: number[][] = [];
  const end = Math.min(text.length, SAMPLED_TEXT);
  let counts = DELIMITERS.map(() => 0);
  let quoted = false;
  let cellStart = true;
  let filled = false;
  let decimal = true;
  for (let index = 0; index < end && records.length < SAMPLED_RECORDS; index++) {
    const character = text[index] as string;
    if (quoted) {
      if (character === '"' && text[index + 1] === '"') index++;
      else if (character === '"') quoted = false;
      continue;
    }
    if (character === "\n" || character === "\r") {
      if (filled) records.push(counts);
      counts = DELIMITERS.map(() => 0);
      cellStart = true;
      filled = false;
      continue;
    }
    filled = true;
    const place = DELIMITERS.indexOf(character as (typeof DELIMITERS)[number]);
    if (place === COMMA && !(isDigit(text[index - 1]) && isDigit(text[index + 1]))) decimal = false;
    if (place >= 0) counts[place] = (counts[place] as number) + 1;
    else if (character === '"' && cellStart) quoted = true;
    cellStart = place >= 0;
  }
  // A record that the sample cuts says nothing; a last one that a quote is missing in says no more.
  if (filled && !quoted && complete && end === text.length && records.length < SAMPLED_RECORDS) records.push(counts);
  return { records, decimal };
}

function isDigit(character = ""): boolean {
  return character >= "0" && character <= "9";
}
