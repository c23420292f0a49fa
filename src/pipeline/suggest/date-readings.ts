import { shorten } from "../rows.ts";
import { compileDateReader, type DateReader } from "../values/date-format.ts";
import { isDigit, type Moment, writeMoment } from "../values/dates.ts";

/** Orders of day, month and year, by the first character that is no digit; a letter stands for the name of a month. */
const ORDERS: Record<string, readonly string[]> = {
  ".": ["DD.MM.YYYY", "DD.MM.YY", "YYYY.MM.DD"],
  "/": ["DD/MM/YYYY", "MM/DD/YYYY", "YYYY/MM/DD", "DD/MM/YY", "MM/DD/YY"],
  "-": ["ISO", "DD-MM-YYYY", "MM-DD-YYYY", "DD-MMM-YYYY", "DD-MMM-YY"],
  " ": ["D MMM YYYY", "D MMM, YYYY"],
  a: ["MMM D, YYYY", "MMM D YYYY"],
  "": ["YYYYMMDD"],
};
const TIMES = ["", " HH:mm", " HH:mm:ss", "THH:mm:ss", " h:mm A", " h:mm:ss A", ", HH:mm"];

interface Format {
  name: string;
  read: DateReader;
  /** `D` or `M`: what comes first where both are numbers and the year is last. */
  first?: "D" | "M";
}

/** By the sign, whether four digits come before it, and whether there is a time. */
const FORMATS = new Map<string, readonly Format[]>();
for (const [sign, orders] of Object.entries(ORDERS)) {
  for (const format of orders.flatMap(withTimes)) {
    for (const timed of format.name === "ISO" ? [true, false] : [format.name.includes(":")]) {
      const key = `${sign}${/^(ISO|YYYY)/.test(format.name)}${timed}`;
      FORMATS.set(key, [...(FORMATS.get(key) ?? []), format]);
    }
  }
}

function withTimes(order: string): Format[] {
  return (order === "ISO" || order === "YYYYMMDD" ? [""] : TIMES).map((time) => {
    const name = order + time;
    const first =
      /^[DM]+[./-][DM]+[./-]Y/.exec(order) && !order.includes("MMM") && !order.includes(".") ? order[0] : undefined;
    return { name, read: compileDateReader(name) as DateReader, ...(first && { first: first as "D" | "M" }) };
  });
}

/** Formats that read all dates of a column, each value by one of them; what is no date is left out. */
export interface DateChoice {
  formats: readonly string[];
  /** Whether all, some or none have a time of day. */
  timed: "all" | "some" | "none";
  min: string;
  max: string;
}

/** Which formats read the dates of a column. */
export interface DateReadings {
  /** Takes a trimmed text. Whether it is a date in any format that is known. */
  see(text: string): boolean;
  /** Whether all values so far were dates, and there were some. */
  all(): boolean;
  /** The first texts that were no dates. */
  misfits: readonly string[];
  /** Days and months in numbers: `D` or `M` first, `?` where both ways read all values, `both` where neither does. */
  order(): "D" | "M" | "?" | "both" | undefined;
  /** The formats to read all by, with days or months first where the data do not tell. */
  choose(first: "D" | "M"): DateChoice;
}

/** Texts of which none is a date, until no more are tried. */
const PATIENCE = 100;
/** Formats of a value that are told apart. */
const MAX_SETS = 30;

interface Range {
  format: Format;
  min: number;
  max: number;
  anyTimed: boolean;
  allTimed: boolean;
}

/** Readings of no values yet. */
export function createDateReadings(): DateReadings {
  // Sets of formats that each read some values.
  const sets = new Map<string, Range[]>();
  const misfits: string[] = [];
  let failed = false;
  let misses = 0;
  return {
    misfits,
    all: () => !failed && sets.size > 0,
    see(text) {
      if (misses > PATIENCE && sets.size === 0) return false;
      const found: { format: Format; moment: Moment }[] = [];
      if (text.length >= 6 && text.length <= 40 && /\d/.test(text)) {
        for (const format of formatsOf(text)) {
          const moment = format.read(text);
          if (moment && (format.name !== "YYYYMMDD" || /^(19|20)/.test(text))) found.push({ format, moment });
        }
      }
      if (found.length === 0) {
        failed = true;
        misses++;
        if (misfits.length < 3) misfits.push(String(shorten(text, 40)));
        return false;
      }
      const key = found.map(({ format }) => format.name).join("|");
      const known = sets.get(key);
      if (!known && sets.size >= MAX_SETS) failed = true;
      else if (!known) {
        sets.set(
          key,
          found.map(({ format, moment }) => ({
            format,
            min: moment.ms,
            max: moment.ms,
            anyTimed: moment.timed,
            allTimed: moment.timed,
          })),
        );
      } else {
        for (const [index, { moment }] of found.entries()) {
          const range = known[index] as Range;
          if (moment.ms < range.min) range.min = moment.ms;
          if (moment.ms > range.max) range.max = moment.ms;
          range.anyTimed ||= moment.timed;
          range.allTimed &&= moment.timed;
        }
      }
      return true;
    },
    order() {
      let day = true;
      let month = true;
      let any = false;
      for (const ranges of sets.values()) {
        if (ranges.every(({ format }) => !format.first)) continue;
        any = true;
        day &&= ranges.some(({ format }) => format.first === "D");
        month &&= ranges.some(({ format }) => format.first === "M");
      }
      return !any ? undefined : day && month ? "?" : day ? "D" : month ? "M" : "both";
    },
    choose(first) {
      const chosen = [...sets.values()].map(
        (ranges) => ranges.find(({ format }) => !format.first || format.first === first) ?? (ranges[0] as Range),
      );
      const min = chosen.reduce((least, range) => (range.min < least.min ? range : least));
      const max = chosen.reduce((most, range) => (range.max > most.max ? range : most));
      return {
        formats: [...new Set(chosen.map(({ format }) => format.name))],
        timed: chosen.every((range) => range.allTimed)
          ? "all"
          : chosen.some((range) => range.anyTimed)
            ? "some"
            : "none",
        min: writeMoment({ ms: min.min, timed: min.anyTimed }),
        max: writeMoment({ ms: max.max, timed: max.anyTimed }),
      };
    },
  };
}

function formatsOf(text: string): readonly Format[] {
  let at = 0;
  while (isDigit(text, at)) at++;
  const sign = text[at] ?? "";
  const key = `${/[a-z]/i.test(sign) ? "a" : sign}${at === 4 || (sign === "" && at === 8)}${text.includes(":")}`;
  return FORMATS.get(key) ?? [];
}
