import { isIP } from "node:net";

const DAYS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** Whether a text is a full-date of RFC 3339. */
export function isDate(text: string): boolean {
  const match = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text);
  if (!match) return false;
  const [year, month, day] = match.slice(1).map(Number) as [number, number, number];
  if (month < 1 || month > 12 || day < 1 || day > (DAYS[month - 1] as number)) return false;
  return month !== 2 || day < 29 || (year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0));
}

function isTime(text: string): boolean {
  return /^([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d{1,9})?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$/i.test(text);
}

/** Whether a text is a date-time of RFC 3339. */
export function isDateTime(text: string): boolean {
  return /^[Tt ]$/.test(text.charAt(10)) && isDate(text.slice(0, 10)) && isTime(text.slice(11));
}

/** Labels of letters, digits and inner hyphens (RFC 1123), from a place in a text to its end. */
function isHostname(text: string, from = 0): boolean {
  if (text.length - from > 253) return false;
  let start = from;
  for (let at = from; at <= text.length; at++) {
    const code = at < text.length ? text.charCodeAt(at) : DOT;
    if (code === DOT) {
      const length = at - start;
      if (length === 0 || length > 63 || text.charCodeAt(start) === HYPHEN || text.charCodeAt(at - 1) === HYPHEN)
        return false;
      start = at + 1;
    } else if (code !== HYPHEN && !(code >= 48 && code <= 57) && !((code | 32) >= 97 && (code | 32) <= 122))
      return false;
  }
  return true;
}

const HYPHEN = 45;
const DOT = 46;

function isEmail(text: string): boolean {
  const at = text.lastIndexOf("@");
  if (at <= 0 || at > 64 || !isHostname(text, at + 1)) return false;
  let before = DOT;
  for (let index = 0; index < at; index++) {
    const code = text.charCodeAt(index);
    if (code === DOT ? before === DOT : code < 128 ? NOT_IN_LOCAL[code] === 1 : /\s/.test(text[index] as string))
      return false;
    before = code;
  }
  return before !== DOT;
}

/** By their codes, the characters of ASCII that are not in the part of an address before the @ unless it is quoted. */
const NOT_IN_LOCAL = Uint8Array.from({ length: 128 }, (_, code) =>
  /[\s@"(),:;<>[\\\]]/.test(String.fromCharCode(code)) ? 1 : 0,
);

function isUri(text: string): boolean {
  return /^[A-Za-z][A-Za-z0-9+.-]*:[^\s"<>\\^`{|}]+$/.test(text) && URL.canParse(text);
}

/** The formats of JSON Schema that are checked; each test takes linear time. Others are not checked. */
export const FORMATS: Record<string, (text: string) => boolean> = {
  date: isDate,
  time: isTime,
  "date-time": isDateTime,
  email: isEmail,
  hostname: (text) => isHostname(text),
  ipv4: (text) => isIP(text) === 4,
  ipv6: (text) => isIP(text) === 6,
  uri: isUri,
  url: isUri,
  uuid: (text) => /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/i.test(text),
};
