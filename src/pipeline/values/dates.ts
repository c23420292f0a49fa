/** A point in time as the data write it: milliseconds since 1970 in UTC, and whether a time of day was written. */
export interface Moment {
  ms: number;
  timed: boolean;
  /** Minutes that the offset written with it is ahead of UTC, where one was written. */
  offset?: number;
}

const DAY = 86_400_000;
/** 0000-01-01 and 9999-12-31T23:59:59.999Z: what four digits of a year can write. */
const EARLIEST = -62_167_219_200_000;
const LATEST = 253_402_300_799_999;
const DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

function daysOfMonth(year: number, month: number): number {
  const leap = month === 2 && year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  return leap ? 29 : (DAYS[month - 1] as number);
}

/** Milliseconds of a day in UTC, undefined where the calendar has no such day. Years 0 to 9999. */
export function dayToMs(year: number, month: number, day: number): number | undefined {
  if (month < 1 || month > 12 || day < 1 || day > daysOfMonth(year, month)) return undefined;
  // Days since 1970-01-01 in the proleptic Gregorian calendar, the year beginning in March (H. Hinnant, days_from_civil).
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return (era * 146_097 + dayOfEra - 719_468) * DAY;
}

/** The number written in these digits, NaN where another character is among them. */
export function digitsAt(text: string, from: number, count: number): number {
  let value = 0;
  for (let index = from; index < from + count; index++) {
    const digit = text.charCodeAt(index) - 48;
    if (!(digit >= 0 && digit <= 9)) return Number.NaN;
    value = value * 10 + digit;
  }
  return value;
}

/** The day that the first ten characters of a text say as `YYYY-MM-DD`, in milliseconds; undefined where they say none. */
export function readDay(text: string): number | undefined {
  if (text[4] !== "-" || text[7] !== "-") return undefined;
  const day = dayToMs(digitsAt(text, 0, 4), digitsAt(text, 5, 2), digitsAt(text, 8, 2));
  // NaN fails all comparisons, so that a character that is no digit ends up here as well.
  return day === undefined || Number.isNaN(day) ? undefined : day;
}

/**
 * Reads a trimmed text of ISO 8601: `2026-01-31`, or with a time after `T` or a blank, to the minute or finer, with an offset
 * or without one, which is UTC. Undefined for anything else, days that do not exist and leap seconds.
 */
export function readIso(text: string): Moment | undefined {
  const { length } = text;
  if (length < 10 || length > 40) return undefined;
  const day = readDay(text);
  if (day === undefined) return undefined;
  if (length === 10) return { ms: day, timed: false };
  const gap = text[10];
  if ((gap !== "T" && gap !== "t" && gap !== " ") || text[13] !== ":") return undefined;
  const hours = digitsAt(text, 11, 2);
  const minutes = digitsAt(text, 14, 2);
  let seconds = 0;
  let millis = 0;
  let at = 16;
  if (text[at] === ":") {
    seconds = digitsAt(text, 17, 2);
    at = 19;
    if (text[at] === "." || text[at] === ",") {
      const from = ++at;
      while (at < length && isDigit(text, at)) at++;
      if (at === from || at - from > 9) return undefined;
      millis = Number(text.slice(from, Math.min(at, from + 3)).padEnd(3, "0"));
    }
  }
  if (!(hours < 24 && minutes < 60 && seconds < 60)) return undefined;
  const offset = readOffset(text.slice(at));
  if (offset === undefined) return undefined;
  const ms = day + ((hours * 60 + minutes - offset) * 60 + seconds) * 1000 + millis;
  if (!inRange(ms)) return undefined;
  return at === length ? { ms, timed: true } : { ms, timed: true, offset };
}

/** Minutes that a written offset is ahead of UTC: `Z`, `+02:00`, `+0200`, `+02`, `UTC`, `GMT`, or nothing; undefined for others. */
export function readOffset(text: string): number | undefined {
  if (text === "" || text === "Z" || text === "z" || text === "UTC" || text === "GMT") return 0;
  const sign = text[0] === "+" ? 1 : text[0] === "-" ? -1 : 0;
  const colon = text[3] === ":";
  if (sign === 0 || text.length !== (colon ? 6 : text.length === 3 ? 3 : 5)) return undefined;
  const hours = digitsAt(text, 1, 2);
  const minutes = text.length === 3 ? 0 : digitsAt(text, colon ? 4 : 3, 2);
  return hours < 24 && minutes < 60 ? sign * (hours * 60 + minutes) : undefined;
}

export function isDigit(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code >= 48 && code <= 57;
}

/** Whether four digits can write the year. */
export function inRange(ms: number): boolean {
  return ms >= EARLIEST && ms <= LATEST;
}

/** As the data have it: `2026-01-31`, or `2026-01-31T10:00:00.000Z` where there is a time. */
export function writeMoment({ ms, timed }: Moment): string {
  const text = new Date(ms).toISOString();
  return timed ? text : text.slice(0, 10);
}

/** The day of the calendar that was written, wherever that was: `2026-01-02` of `2026-01-02T23:00:00-05:00`. */
export function writeDay({ ms, offset = 0 }: Moment): string {
  return new Date(ms + offset * 60_000).toISOString().slice(0, 10);
}

export const DATE_UNITS = ["year", "quarter", "month", "week", "day", "hour", "minute", "second"] as const;
export type DateUnit = (typeof DATE_UNITS)[number];

const FIXED: Partial<Record<DateUnit, number>> = {
  week: 7 * DAY,
  day: DAY,
  hour: 3_600_000,
  minute: 60_000,
  second: 1000,
};
const MONTHS: Partial<Record<DateUnit, number>> = { year: 12, quarter: 3, month: 1 };

/**
 * A moment so many units later, or earlier; a day that its new month does not have becomes the month's last. Undefined beyond
 * the years 0 to 9999, and for parts of months.
 */
export function addTo({ ms, timed }: Moment, count: number, unit: DateUnit): Moment | undefined {
  const step = FIXED[unit];
  if (step === undefined && !Number.isInteger(count)) return undefined;
  const moved = step === undefined ? addMonths(ms, count * (MONTHS[unit] as number)) : ms + Math.round(count * step);
  if (moved === undefined || !inRange(moved)) return undefined;
  return { ms: moved, timed: timed || moved % DAY !== 0 || (step !== undefined && step < DAY) };
}

function addMonths(ms: number, months: number): number | undefined {
  const date = new Date(ms);
  const total = date.getUTCFullYear() * 12 + date.getUTCMonth() + months;
  const year = Math.floor(total / 12);
  if (!(year >= 0 && year <= 9999)) return undefined;
  const month = total - year * 12 + 1;
  const day = dayToMs(year, month, Math.min(date.getUTCDate(), daysOfMonth(year, month)));
  return day === undefined ? undefined : day + (((ms % DAY) + DAY) % DAY);
}

/** Whole units that have passed from one moment to another; negative where the other is earlier. */
export function unitsBetween(from: number, to: number, unit: DateUnit): number {
  const step = FIXED[unit];
  if (step !== undefined) return Math.trunc((to - from) / step) + 0;
  if (to < from) return 0 - unitsBetween(to, from, unit);
  const a = new Date(from);
  const b = new Date(to);
  let months = (b.getUTCFullYear() - a.getUTCFullYear()) * 12 + b.getUTCMonth() - a.getUTCMonth();
  if ((addMonths(from, months) ?? Number.POSITIVE_INFINITY) > to) months--;
  return Math.trunc(months / (MONTHS[unit] as number));
}

/** The beginning of the unit that a moment lies in; weeks begin on Monday. */
export function startOf(ms: number, unit: DateUnit): number {
  const date = new Date(ms);
  const year = date.getUTCFullYear();
  const month = date.getUTCMonth() + 1;
  const first = (number: number): number => dayToMs(year, number, 1) as number;
  if (unit === "year") return first(1);
  if (unit === "quarter") return first(month - ((month - 1) % 3));
  if (unit === "month") return first(month);
  if (unit === "week") return Math.floor(ms / DAY) * DAY - (weekdayOf(ms) - 1) * DAY;
  const step = FIXED[unit] as number;
  return Math.floor(ms / step) * step;
}

/** 1 for Monday to 7 for Sunday (ISO 8601). */
export function weekdayOf(ms: number): number {
  return ((((Math.floor(ms / DAY) + 3) % 7) + 7) % 7) + 1;
}

/** The week of the year by ISO 8601: week 1 has the year's first Thursday. */
export function weekOf(ms: number): number {
  const thursday = Math.floor(ms / DAY) * DAY + (4 - weekdayOf(ms)) * DAY;
  return Math.floor((thursday - startOf(thursday, "year")) / (7 * DAY)) + 1;
}
