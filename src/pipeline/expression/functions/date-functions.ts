import type { ToolError } from "../../../errors.ts";
import { closestName } from "../../closest-name.ts";
import { RowFailure, show } from "../../rows.ts";
import { toText } from "../../template.ts";
import {
  compileDateReader,
  compileDateWriter,
  DATE_PARTS,
  type DateReader,
  type DateWriter,
} from "../../values/date-format.ts";
import {
  addTo,
  DATE_UNITS,
  type DateUnit,
  inRange,
  type Moment,
  readIso,
  startOf,
  unitsBetween,
  weekdayOf,
  weekOf,
  writeMoment,
} from "../../values/dates.ts";
import type { ExpressionFunction, LiteralArgument } from "../calls.ts";
import { isNull, toNumber, type Value } from "../value.ts";

function toMoment(value: Value, name: string): Moment | null {
  if (isNull(value) || value === "") return null;
  const moment = typeof value === "string" ? readIso(value.trim()) : undefined;
  if (moment) return moment;
  throw new RowFailure(
    "type",
    `${name} needs a date such as 2026-01-31, not ${show(value)}; cast the field first or use parse_date()`,
  );
}

/** A part of a date as a number, in UTC. */
const part = (name: string, read: (date: Date) => number): ExpressionFunction => ({
  min: 1,
  max: 1,
  run(value) {
    const moment = toMoment(value, name);
    return moment === null ? null : read(new Date(moment.ms));
  },
});

/** A unit as people write it: `day`, `days`, in any case. */
const UNIT_NAMES: ReadonlyMap<string, DateUnit> = new Map(
  DATE_UNITS.flatMap((unit) => [
    [unit, unit],
    [`${unit}s`, unit],
  ]),
);

function readUnit(text: string, wrong: (message: string) => ToolError): DateUnit {
  const unit = UNIT_NAMES.get(text.toLowerCase());
  if (unit) return unit;
  const close = closestName(text, DATE_UNITS);
  throw wrong(`${show(text)} is no unit; units: ${DATE_UNITS.join(", ")}${close ? `. Did you mean "${close}"?` : ""}`);
}

const unitAt = (at: number): LiteralArgument => ({ at, what: "a unit of time", compile: readUnit });

function readFormat(text: string, wrong: (message: string) => ToolError): DateReader {
  const reader = compileDateReader(text);
  if (!reader) throw wrong(`${show(text)} must name a year, a month and a day once each, of ${DATE_PARTS}`);
  return reader;
}

function writeFormat(text: string, wrong: (message: string) => ToolError): DateWriter {
  const writer = compileDateWriter(text);
  if (!writer) throw wrong(`${show(text)} is too long for a date format`);
  return writer;
}

function unixOf(value: Value): number | null {
  const moment = toMoment(value, "to_unix");
  return moment === null ? null : moment.ms / 1000;
}

export const DATE_FUNCTIONS: Record<string, ExpressionFunction> = {
  year: part("year", (date) => date.getUTCFullYear()),
  quarter: part("quarter", (date) => Math.floor(date.getUTCMonth() / 3) + 1),
  month: part("month", (date) => date.getUTCMonth() + 1),
  /** Of the year, by ISO 8601. */
  week: part("week", (date) => weekOf(date.getTime())),
  day: part("day", (date) => date.getUTCDate()),
  /** 1 for Monday to 7 for Sunday. */
  weekday: part("weekday", (date) => weekdayOf(date.getTime())),
  hour: part("hour", (date) => date.getUTCHours()),
  minute: part("minute", (date) => date.getUTCMinutes()),
  second: part("second", (date) => date.getUTCSeconds()),
  date_add: {
    min: 3,
    max: 3,
    usage: 'Such as date_add(due, 30, "days").',
    literal: unitAt(2),
    run(value, count, unit: DateUnit) {
      const moment = toMoment(value, "date_add");
      const number = toNumber(count, "date_add");
      if (moment === null || number === null) return null;
      const moved = addTo(moment, number, unit);
      if (moved) return writeMoment(moved);
      throw new RowFailure("number", `${show(value)} and ${number} ${unit}s give no date of the years 0 to 9999`);
    },
  },
  /** Whole units from the first date to the second. */
  date_diff: {
    min: 2,
    max: 3,
    usage: 'Such as date_diff(ordered, paid, "days"), from the first to the second.',
    literal: unitAt(2),
    run(from, to, unit: DateUnit = "day") {
      const a = toMoment(from, "date_diff");
      const b = toMoment(to, "date_diff");
      return a === null || b === null ? null : unitsBetween(a.ms, b.ms, unit);
    },
  },
  date_trunc: {
    min: 2,
    max: 2,
    usage: 'Such as date_trunc(ordered, "month").',
    literal: unitAt(1),
    run(value, unit: DateUnit) {
      const moment = toMoment(value, "date_trunc");
      if (moment === null) return null;
      const timed = unit === "hour" || unit === "minute" || unit === "second";
      const ms = startOf(moment.ms, unit);
      if (!inRange(ms)) throw new RowFailure("number", `${show(value)} begins no ${unit} of the years 0 to 9999`);
      return writeMoment({ ms, timed });
    },
  },
  format_date: {
    min: 2,
    max: 2,
    usage: 'Such as format_date(ordered, "DD.MM.YYYY").',
    literal: { at: 1, what: "a date format", compile: writeFormat },
    run(value, write: DateWriter) {
      const moment = toMoment(value, "format_date");
      return moment === null ? null : write(moment);
    },
  },
  parse_date: {
    min: 1,
    max: 2,
    usage: 'Such as parse_date(ordered, "DD.MM.YYYY").',
    literal: { at: 1, what: "a date format", compile: readFormat },
    run(value, read: DateReader = readIso) {
      const text = toText(value).trim();
      if (text === "") return null;
      const moment = read(text);
      if (!moment) throw new RowFailure("type", `${show(value)} is not a date in that format`);
      return writeMoment(moment);
    },
  },
  /** Seconds since 1970. */
  to_unix: { min: 1, max: 1, run: unixOf },
  from_unix: {
    min: 1,
    max: 1,
    run(value) {
      const seconds = toNumber(value, "from_unix");
      if (seconds === null) return null;
      const ms = Math.round(seconds * 1000);
      if (!inRange(ms)) throw new RowFailure("number", `${seconds} seconds give no date of the years 0 to 9999`);
      return writeMoment({ ms, timed: true });
    },
  },
};
