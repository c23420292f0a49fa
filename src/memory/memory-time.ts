import { ToolError } from "../errors.ts";

/** Times as memories and filters give them: ISO 8601, a year at least; UTC where no offset is written. */

const ISO_TIME = /^\d{4}(?:-\d{2}(?:-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:?\d{2})?)?)?)?$/;
const HAS_OFFSET = /(?:Z|[+-]\d{2}:?\d{2})$/;

/** The time as it was given, trimmed; undefined where none was. @throws ToolError `invalid_input` */
export function readTime(name: string, value: string | undefined): string | undefined {
  const time = value?.trim();
  if (time === undefined || time === "") return undefined;
  if (!ISO_TIME.test(time) || Number.isNaN(millisecondsOf(time)) || !dayExists(time)) {
    throw new ToolError(
      "invalid_input",
      `"${name}" must be an ISO 8601 date or time, not ${JSON.stringify(time.slice(0, 40))}.`,
      { hint: "Write 2026-03-01, or 2026-03-01T14:30:00Z." },
    );
  }
  return time;
}

/** Milliseconds since 1970 of a time that `readTime` has accepted; of a date, month or year its beginning. */
export function millisecondsOf(time: string): number {
  if (time.length <= 10) return Date.parse(time);
  const iso = time.replace(" ", "T");
  return Date.parse(HAS_OFFSET.test(iso.slice(10)) ? iso : `${iso}Z`);
}

/** The time that filters go by: when it happened, or else when it was added; both in milliseconds since 1970. */
export function timeOf(occurredAt: string | null | undefined, created: number): number {
  const time = typeof occurredAt === "string" ? millisecondsOf(occurredAt) : Number.NaN;
  return Number.isNaN(time) ? created : time;
}

/** Whether the day is in the calendar: Date.parse takes the 30th of February for a day of March. */
function dayExists(time: string): boolean {
  const [year, month, day] = time.slice(0, 10).split("-").map(Number) as [number, number, number?];
  return day === undefined || day <= new Date(Date.UTC(year, month, 0)).getUTCDate();
}
