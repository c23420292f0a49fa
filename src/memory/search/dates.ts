/** When something was, as a query says it: a stretch of time in milliseconds since 1970, or a month or a day of any year. */
export type AskedTime = { from: number; to: number } | { month: number; day?: number };

const MONTHS =
  "jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?";
const MONTH_STARTS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const DAY = "(\\d{1,2})(?:st|nd|rd|th)?";
const YEAR = "((?:19|20)\\d\\d)";
/** `8 May 2023`, `May 8, 2023`, `May 2023`, `in May`. The groups: day, month, day, year. */
const WRITTEN = new RegExp(
  `\\b(?:${DAY}(?: of)?,? )?(${MONTHS})\\b\\.?(?:,? ${DAY}\\b)?(?:,? (?:of )?${YEAR}\\b)?`,
  "gi",
);
const NUMERIC = /\b((?:19|20)\d\d)[-/](\d{1,2})(?:[-/](\d{1,2}))?\b|((?:19|20)\d\d)年(?:(\d{1,2})月)?(?:(\d{1,2})日)?/g;
const LONE_YEAR = new RegExp(`\\b(?:in|of|since|during|year) ${YEAR}\\b`, "gi");
/** Short names and names that are words elsewhere count only where they look like a date. */
const IS_WORD = /^(?:may|march|mar|jan|dec|sept?|june|april|august)$/i;
const BEFORE_MONTH =
  /\b(?:in|on|of|since|until|till|by|during|before|after|last|this|next|early|late|mid|between|from|and|to)[ -]$/i;

const DAY_MS = 86_400_000;
/** Stretches that end today, in days before today: from, to. */
const RELATIVE: readonly [RegExp, number, number][] = [
  [/\btoday\b/i, 0, 0],
  [/\byesterday\b/i, 1, 1],
  [/\bthis week\b/i, 6, 0],
  [/\blast week\b/i, 13, 5],
  [/\b(?:this|past) month\b/i, 30, 0],
  [/\blast month\b/i, 61, 15],
];
const MAX_TIMES = 8;

/** The times that a query names; `now` in milliseconds since 1970. Days are days of UTC. */
export function readAskedTimes(text: string, now = Date.now()): AskedTime[] {
  const times: AskedTime[] = [];
  for (const [, year, month, day, cjkYear, cjkMonth, cjkDay] of text.matchAll(NUMERIC)) {
    times.push(calendar(Number(year ?? cjkYear), number(month ?? cjkMonth), number(day ?? cjkDay)));
  }
  for (const match of text.matchAll(WRITTEN)) {
    if (!isWritten(match, text)) continue;
    const [, before, name = "", after, year] = match;
    const day = number(before ?? after);
    const month = MONTH_STARTS.indexOf(name.slice(0, 3).toLowerCase()) + 1;
    times.push(year === undefined ? { month, ...(day !== undefined && { day }) } : calendar(Number(year), month, day));
  }
  if (times.length === 0) for (const [, year] of text.matchAll(LONE_YEAR)) times.push(calendar(Number(year)));
  const today = Math.floor(now / DAY_MS) * DAY_MS;
  for (const [words, from, to] of RELATIVE) {
    if (words.test(text)) times.push({ from: today - from * DAY_MS, to: today + (1 - to) * DAY_MS });
  }
  return times.slice(0, MAX_TIMES);
}

function isWritten({ 1: before, 2: name = "", 3: after, 4: year, index }: RegExpExecArray, text: string): boolean {
  const plain = (before ?? after ?? year) === undefined;
  return !plain || !IS_WORD.test(name) || (/^[A-Z]/.test(name) && BEFORE_MONTH.test(text.slice(0, index)));
}

/** The text without the times that it names. */
export function withoutTimes(text: string): string {
  let rest = text.replace(NUMERIC, " ");
  for (const match of [...rest.matchAll(WRITTEN)].reverse()) {
    if (!isWritten(match, rest)) continue;
    rest = `${rest.slice(0, match.index)} ${rest.slice(match.index + match[0].length)}`;
  }
  rest = rest.replace(LONE_YEAR, " ");
  for (const [words] of RELATIVE) rest = rest.replace(words, " ");
  return rest;
}

/** How many years before this one, and after, a day without a year may be of. */
const YEARS_BACK = 10;
const YEARS_AHEAD = 1;

/** The stretches of time that are asked for, in milliseconds since 1970; the end is not part of one. */
export function stretchesOf(asked: readonly AskedTime[], now = Date.now()): { from: number; to: number }[] {
  const thisYear = new Date(now).getUTCFullYear();
  return asked.flatMap((one) => {
    if (!("month" in one)) return [one];
    const years = Array.from({ length: YEARS_BACK + YEARS_AHEAD + 1 }, (_, index) => thisYear + YEARS_AHEAD - index);
    return years.flatMap((year) => {
      const stretch = calendar(year, one.month, one.day);
      return "from" in stretch ? [stretch] : [];
    });
  });
}

/** Whether a time is one of those: 2 where they name its day, give or take one, 1 where they name its month or a longer stretch. */
export function matchTimes(asked: readonly AskedTime[], time: number): 0 | 1 | 2 {
  let best: 0 | 1 | 2 = 0;
  for (const one of asked) {
    const match = matchTime(one, time);
    if (match > best) best = match;
  }
  return best;
}

function matchTime(asked: AskedTime, time: number): 0 | 1 | 2 {
  if ("month" in asked) {
    const date = new Date(time);
    if (date.getUTCMonth() + 1 !== asked.month) return 0;
    return asked.day !== undefined && Math.abs(date.getUTCDate() - asked.day) <= 1 ? 2 : 1;
  }
  if (asked.to - asked.from > 2 * DAY_MS) return time >= asked.from && time < asked.to ? 1 : 0;
  if (time >= asked.from - DAY_MS && time < asked.to + DAY_MS) return 2;
  return new Date(time).toISOString().slice(0, 7) === new Date(asked.from).toISOString().slice(0, 7) ? 1 : 0;
}

function calendar(year: number, month?: number, day?: number): AskedTime {
  if (month === undefined || month < 1 || month > 12) return { from: Date.UTC(year, 0), to: Date.UTC(year + 1, 0) };
  if (day === undefined) return { from: Date.UTC(year, month - 1), to: Date.UTC(year, month) };
  const from = Date.UTC(year, month - 1, day);
  return { from, to: from + DAY_MS };
}

function number(digits: string | undefined): number | undefined {
  return digits === undefined ? undefined : Number(digits);
}
