import { inRange } from "./dates.ts";

/** A place's way to count time. */
export interface TimeZone {
  /**
   * The instant of a time on its clocks, which is given as if it were UTC. A time that clocks skip is the one after by as much,
   * of two that are called the same it is the first, as in Temporal's `compatible`. Undefined beyond what dates can hold.
   */
  toUtc(local: number): number | undefined;
}

/** Clocks are changed at full quarters of an hour. */
const QUARTER = 900_000;
const MAX_KEPT = 100_000;

/** A time zone by its name in the IANA database, such as `Europe/Berlin`, or as an offset; undefined where there is none. */
export function createTimeZone(name: string): TimeZone | undefined {
  let format: Intl.DateTimeFormat;
  try {
    format = new Intl.DateTimeFormat("en-US", {
      timeZone: name,
      calendar: "gregory",
      hourCycle: "h23",
      era: "short",
      ...{ year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric", second: "numeric" },
    } as Intl.DateTimeFormatOptions);
  } catch {
    return undefined;
  }
  // Asking costs far more than reading a date, and most rows are of few days.
  const kept = new Map<number, number>();
  const offsetAt = (ms: number): number => {
    const quarter = Math.floor(ms / QUARTER);
    const known = kept.get(quarter);
    if (known !== undefined) return known;
    const offset = offsetOf(format, quarter * QUARTER);
    if (kept.size >= MAX_KEPT) kept.clear();
    kept.set(quarter, offset);
    return offset;
  };
  return {
    toUtc(local) {
      // Around a change, one of the offsets of a day before and a day after is right, or none where clocks skip the time.
      const before = offsetAt(local - 86_400_000);
      const after = offsetAt(local + 86_400_000);
      const first = local - before;
      const found = before === after || offsetAt(first) === before ? first : local - after;
      const ms = offsetAt(found) === local - found ? found : first;
      return inRange(ms) ? ms : undefined;
    },
  };
}

/** Milliseconds that clocks are ahead of UTC at an instant. */
function offsetOf(format: Intl.DateTimeFormat, ms: number): number {
  const parts: Record<string, string> = {};
  for (const { type, value } of format.formatToParts(ms)) parts[type] = value;
  const year = parts.era === "BC" ? 1 - Number(parts.year) : Number(parts.year);
  const date = new Date(0);
  date.setUTCFullYear(year, Number(parts.month) - 1, Number(parts.day));
  date.setUTCHours(Number(parts.hour), Number(parts.minute), Number(parts.second));
  return date.getTime() - ms;
}
