/**
 * JSON whose whole numbers keep all their digits: those that a JavaScript number cannot hold (beyond 2^53, ids as a rule) are
 * `bigint`, which nothing rounds on its way.
 */

/**
 * The value of a JSON text. Of what is no whole number only the magnitude is kept, as everywhere in JavaScript.
 * @throws SyntaxError where it is no JSON, or a number in it (1e999) is beyond all that can be sent.
 */
export function parseExactJson(text: string): unknown {
  return /\d{16}|\d[eE]\+?\d{2}/.test(text) ? (JSON.parse(text, exactly as never) as unknown) : JSON.parse(text);
}

function exactly(_key: string, value: unknown, { source }: { source?: string } = {}): unknown {
  if (typeof value !== "number" || source === undefined || Number.isSafeInteger(value)) return value;
  if (/^-?\d+$/.test(source)) return BigInt(source);
  if (!Number.isFinite(value)) throw new SyntaxError(`The number ${source.slice(0, 40)} is too large.`);
  return value;
}

/** JSON text of an object or a list, as models write them, as what it says. All else stays, to be taken or refused as it is. */
export function readStructure(value: unknown): unknown {
  if (typeof value !== "string" || !/^\s*[[{]/.test(value)) return value;
  try {
    return parseExactJson(value);
  } catch {
    return value;
  }
}

/** The JSON text of a value that may hold `bigint`s; undefined where the value has none. @throws RangeError where it is nested too deeply */
export function writeExactJson(value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch {
    // It holds a bigint, or is nested too deeply, which is found again.
    return JSON.stringify(value, (_key, member: unknown) => (typeof member === "bigint" ? digits(member) : member));
  }
}

function digits(value: bigint): unknown {
  return (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON(String(value));
}

/** The value with numbers, rounded where need be, in the place of `bigint`s: as schemas are checked. */
export function roundedNumbers(value: unknown): unknown {
  if (typeof value === "bigint") return Number(value);
  if (Array.isArray(value)) {
    const items = value.map(roundedNumbers);
    return items.some((item, index) => item !== value[index]) ? items : value;
  }
  if (typeof value !== "object" || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value;
  let changed = false;
  const entries = Object.entries(value).map(([name, member]) => {
    const rounded = roundedNumbers(member);
    changed ||= rounded !== member;
    return [name, rounded] as const;
  });
  // Not by assignment: a member may be called __proto__.
  return changed ? Object.fromEntries(entries) : value;
}
