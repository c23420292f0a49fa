import { ToolError } from "./errors.ts";

/**
 * The first whole number of a JSON text that JavaScript would silently round, such as an id of 19 digits. Parsing has to be done
 * again to find it, so only texts with such a long row of digits are looked at.
 * @throws SyntaxError where such a text is no JSON
 */
export function findLossyInteger(text: string): string | undefined {
  if (!/(?:^|[:[,\s-])\d{16}/.test(text)) return undefined;
  let found: string | undefined;
  JSON.parse(text, (_key, value: unknown, context?: { source?: string }) => {
    const source = context?.source;
    if (found === undefined && source !== undefined && typeof value === "number" && /^-?\d{16,}$/.test(source)) {
      const kept = String(value) === source || (Number.isFinite(value) && BigInt(source) === BigInt(value));
      if (!kept) found = source;
    }
    return value;
  });
  return found;
}

/** The error of a number that would be rounded. */
export function tooExact(number: string): ToolError {
  const shown = number.length > 40 ? `${number.slice(0, 40)}…` : number;
  return new ToolError("invalid_input", `The number ${shown} is too long to be kept exactly. Send it as a string.`);
}
