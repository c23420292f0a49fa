import { dayToMs, digitsAt, inRange, isDigit, type Moment, readIso, readOffset, weekdayOf } from "./dates.ts";

const MAX_FORMAT = 100;
/** Two digits of a year from here on are of the last century (POSIX). */
const PIVOT = 69;

const MONTHS = "January February March April May June July August September October November December".split(" ");
const WEEKDAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split(" ");
const MONTH_NUMBERS = numbered(MONTHS).set("sept", 9);
const WEEKDAY_NUMBERS = numbered(WEEKDAYS);

/** Names and their first three letters, in small letters, by number from 1. */
function numbered(names: readonly string[]): Map<string, number> {
  return new Map(
    names.flatMap((name, index) => {
      const small = name.toLowerCase();
      return [
        [small, index + 1],
        [small.slice(0, 3), index + 1],
      ] as [string, number][];
    }),
  );
}

/** The parts of formats, the longer of two that begin alike first. */
const PARTS = /\[([^\]]*)\]|YYYY|YY|MMMM|MMM|MM|M|DD|D|dddd|ddd|HH|H|hh|h|mm|m|SSS|ss|s|A|a|Z|X|x|[\s\S]/g;

/** What is read of a text, and where it goes. */
type Slot =
  | "year"
  | "month"
  | "day"
  | "hour"
  | "hour12"
  | "minute"
  | "second"
  | "milli"
  | "half"
  | "offset"
  | "unix"
  | "weekday";

interface Part {
  /** As it is written in the format; the text itself where it stands for nothing else. */
  token: string;
  slot?: Slot;
}

const SLOTS: Record<string, Slot> = {
  YYYY: "year",
  YY: "year",
  MMMM: "month",
  MMM: "month",
  MM: "month",
  M: "month",
  DD: "day",
  D: "day",
  dddd: "weekday",
  ddd: "weekday",
  HH: "hour",
  H: "hour",
  hh: "hour12",
  h: "hour12",
  mm: "minute",
  m: "minute",
  ss: "second",
  s: "second",
  SSS: "milli",
  A: "half",
  a: "half",
  Z: "offset",
  X: "unix",
  x: "unix",
};

/** What formats are made of, for messages. */
export const DATE_PARTS =
  "YYYY YY, MMMM MMM MM M, DD D, dddd ddd, HH H hh h, mm m, ss s, SSS, A (AM or PM), Z (offset), X x (seconds or milliseconds since 1970), [text]";

function partsOf(format: string): Part[] {
  return [...format.matchAll(PARTS)].map(([written, quoted]) => {
    const slot = SLOTS[written];
    return slot ? { token: written, slot } : { token: quoted ?? written };
  });
}

/** Reads a trimmed text in one format; undefined where it does not fit. */
export type DateReader = (text: string) => Moment | undefined;

/**
 * A reader for a format such as `DD.MM.YYYY HH:mm` or `MMM D, YYYY h:mm A Z`; names of months and days are English, in any case.
 * `ISO` stands for ISO 8601. One or two digits are read where a part may have two, but two where no sign separates it from the
 * next. A time without an offset is UTC. Undefined where the format lacks a year, month or day, repeats a part, or contradicts itself.
 */
export function compileDateReader(format: string): DateReader | undefined {
  if (/^iso(8601)?$/i.test(format)) return readIso;
  if (format.length > MAX_FORMAT) return undefined;
  const parts = partsOf(format);
  const slots = parts.flatMap(({ slot }) => (slot ? [slot] : []));
  const has = (slot: Slot): boolean => slots.includes(slot);
  const complete = has("unix") ? slots.length === 1 : has("year") && has("month") && has("day");
  const halves = has("half") === has("hour12") && !(has("hour") && has("hour12"));
  if (!complete || !halves || new Set(slots).size !== slots.length) return undefined;
  const timed = has("hour") || has("hour12");
  const steps = parts.map((part, index) => compilePart(part, parts[index + 1]));
  return (text) => {
    const found: Found = { text, at: 0, values: {} };
    for (const step of steps) if (!step(found)) return undefined;
    return found.at === text.length ? momentOf(found.values, timed) : undefined;
  };
}

interface Found {
  text: string;
  /** Where reading goes on. */
  at: number;
  values: Partial<Record<Slot, number>>;
}

function compilePart({ token, slot }: Part, next: Part | undefined): (found: Found) => boolean {
  switch (token) {
    case "YYYY":
      return digits("year", 4, 4);
    case "YY":
      return (found) => {
        if (!take(found, "year", 2, 2)) return false;
        const year = found.values.year as number;
        found.values.year = year + (year < PIVOT ? 2000 : 1900);
        return true;
      };
    case "MMMM":
    case "MMM":
      return name("month", MONTH_NUMBERS);
    case "dddd":
    case "ddd":
      return name("weekday", WEEKDAY_NUMBERS);
    case "A":
    case "a":
      return (found) => {
        const half = /^[ap]\.?m\.?/i.exec(found.text.slice(found.at, found.at + 4))?.[0];
        if (half === undefined) return false;
        found.values.half = half[0] === "p" || half[0] === "P" ? 1 : 0;
        found.at += half.length;
        return true;
      };
    case "Z":
      return (found) => {
        const offset = /^(?:Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?)/i.exec(found.text.slice(found.at, found.at + 6))?.[0];
        if (offset === undefined) return false;
        found.values.offset = readOffset(offset.toUpperCase()) ?? Number.NaN;
        found.at += offset.length;
        return true;
      };
    case "X":
    case "x":
      return (found) => {
        const number = /^-?\d{1,15}(\.\d{1,9})?/.exec(found.text.slice(found.at))?.[0];
        if (number === undefined) return false;
        found.values.unix = Math.floor(Number(number) * (token === "X" ? 1000 : 1));
        found.at += number.length;
        return true;
      };
    case "SSS":
      return (found) => {
        let end = found.at;
        while (isDigit(found.text, end)) end++;
        if (end === found.at || end - found.at > 9) return false;
        found.values.milli = Number(found.text.slice(found.at, Math.min(end, found.at + 3)).padEnd(3, "0"));
        found.at = end;
        return true;
      };
  }
  if (slot) return digits(slot, next?.slot && isNumeric(next) ? 2 : slot === "minute" || slot === "second" ? 2 : 1, 2);
  return (found) => {
    if (!found.text.startsWith(token, found.at)) return false;
    found.at += token.length;
    return true;
  };
}

function isNumeric({ token }: Part): boolean {
  return /^[YDHhmsS]/.test(token) || token === "M" || token === "MM";
}

const digits = (slot: Slot, least: number, most: number) => (found: Found) => take(found, slot, least, most);

function take(found: Found, slot: Slot, least: number, most: number): boolean {
  let count = 0;
  while (count < most && isDigit(found.text, found.at + count)) count++;
  if (count < least) return false;
  found.values[slot] = digitsAt(found.text, found.at, count);
  found.at += count;
  return true;
}

function name(slot: Slot, numbers: ReadonlyMap<string, number>): (found: Found) => boolean {
  return (found) => {
    const word = /^[a-z]{3,9}\.?/i.exec(found.text.slice(found.at, found.at + 10))?.[0];
    const number = word === undefined ? undefined : numbers.get(word.replace(".", "").toLowerCase());
    if (word === undefined || number === undefined) return false;
    found.values[slot] = number;
    found.at += word.length;
    return true;
  };
}

function momentOf(values: Found["values"], timed: boolean): Moment | undefined {
  const { year = 0, month = 0, day = 0, minute = 0, second = 0, milli = 0, offset, unix } = values;
  if (unix !== undefined) return inRange(unix) ? { ms: unix, timed: true, offset: 0 } : undefined;
  const start = dayToMs(year, month, day);
  if (start === undefined) return undefined;
  if (values.weekday !== undefined && values.weekday !== weekdayOf(start)) return undefined;
  if (!timed) return { ms: start, timed };
  const { hour12 } = values;
  if (hour12 !== undefined && (hour12 < 1 || hour12 > 12)) return undefined;
  const hour = hour12 === undefined ? (values.hour ?? 0) : (hour12 % 12) + 12 * (values.half ?? 0);
  if (hour > 23 || minute > 59 || second > 59) return undefined;
  const ms = start + ((hour * 60 + minute - (offset ?? 0)) * 60 + second) * 1000 + milli;
  if (!inRange(ms)) return undefined;
  return offset === undefined ? { ms, timed } : { ms, timed, offset };
}

/** Writes a moment, in UTC. */
export type DateWriter = (moment: Moment) => string;

/** A writer for a format of the same parts; undefined for one that is too long. */
export function compileDateWriter(format: string): DateWriter | undefined {
  if (/^iso(8601)?$/i.test(format)) return ({ ms }) => new Date(ms).toISOString();
  if (format.length > MAX_FORMAT) return undefined;
  const parts = partsOf(format);
  return ({ ms }) => {
    const date = new Date(ms);
    let text = "";
    for (const { token, slot } of parts) text += slot ? writePart(token, date) : token;
    return text;
  };
}

function writePart(token: string, date: Date): string {
  const pad = (value: number, length = 2): string => String(value).padStart(length, "0");
  const month = date.getUTCMonth();
  const hour = date.getUTCHours();
  const weekday = WEEKDAYS[weekdayOf(date.getTime()) - 1] as string;
  switch (token) {
    case "YYYY":
      return pad(date.getUTCFullYear(), 4);
    case "YY":
      return pad(date.getUTCFullYear() % 100);
    case "MMMM":
      return MONTHS[month] as string;
    case "MMM":
      return (MONTHS[month] as string).slice(0, 3);
    case "MM":
      return pad(month + 1);
    case "M":
      return String(month + 1);
    case "DD":
      return pad(date.getUTCDate());
    case "D":
      return String(date.getUTCDate());
    case "dddd":
      return weekday;
    case "ddd":
      return weekday.slice(0, 3);
    case "HH":
      return pad(hour);
    case "H":
      return String(hour);
    case "hh":
      return pad(hour % 12 || 12);
    case "h":
      return String(hour % 12 || 12);
    case "mm":
      return pad(date.getUTCMinutes());
    case "m":
      return String(date.getUTCMinutes());
    case "ss":
      return pad(date.getUTCSeconds());
    case "s":
      return String(date.getUTCSeconds());
    case "SSS":
      return pad(date.getUTCMilliseconds(), 3);
    case "A":
      return hour < 12 ? "AM" : "PM";
    case "a":
      return hour < 12 ? "am" : "pm";
    case "Z":
      return "Z";
    case "X":
      return String(Math.floor(date.getTime() / 1000));
    default:
      return String(date.getTime());
  }
}
