import { isIP } from "node:net";
import { isDate } from "../../json-schema/formats.ts";

interface LooseFormat {
  fits(text: string): boolean;
  like: string;
}

/** A date or time in any spelling: documents name the one and mean the other, servers take more than they say. */
const time: LooseFormat["fits"] = (text) => {
  if (/^-?\d+(\.\d+)?$/.test(text)) return true;
  const day = /^\d{4}-\d{2}-\d{2}/.exec(text)?.[0];
  return !Number.isNaN(Date.parse(text)) && (day === undefined || isDate(day));
};

const FORMATS: Readonly<Record<string, LooseFormat>> = {
  date: { fits: time, like: "a date such as 2026-11-28" },
  "date-time": { fits: time, like: "a time such as 2026-11-28T18:00:00Z" },
  email: {
    fits: (text) => /^[^\s@]+@[^\s@]+$/.test(text) || /<[^\s@]+@[^\s@]+>$/.test(text),
    like: "an e-mail address",
  },
  uuid: {
    fits: (text) => /^[\w{}:-]{30,}$/.test(text),
    like: "a UUID such as 123e4567-e89b-12d3-a456-426614174000",
  },
  ipv4: { fits: (text) => isIP(text.split("/")[0] ?? "") === 4, like: "an IPv4 address" },
  ipv6: { fits: (text) => isIP((text.split("/")[0] ?? "").split("%")[0] ?? "") === 6, like: "an IPv6 address" },
};

/**
 * What a text should be instead, where it is clearly not of its format. Formats are hints (JSON Schema 2020-12, 7.2.1), and
 * other people's documents often have a neighbouring one: only what is no such thing in any spelling counts as wrong.
 */
export function wrongFormat(format: unknown, text: string): string | undefined {
  const known = typeof format === "string" && Object.hasOwn(FORMATS, format) ? FORMATS[format] : undefined;
  return known === undefined || text === "" || known.fits(text.trim()) ? undefined : known.like;
}
