import { ToolError } from "../errors.ts";
import { findLossyInteger, tooExact } from "../exact-numbers.ts";

/** A whole number or `true` or `false` that is given as text, as what it says. All else stays. */
export function asScalar(value: unknown): unknown {
  if (typeof value !== "string") return value;
  const text = value.trim();
  if (/^-?\d{1,15}$/.test(text)) return Number(text);
  return /^(?:true|false)$/i.test(text) ? text.toLowerCase() === "true" : value;
}

/** A list of names: as it is, as JSON text, or as one text with commas between the names. All else stays. */
export function asNames(value: unknown): unknown {
  if (typeof value !== "string") return value;
  if (/^\s*[[{]/.test(value)) return parsed(value);
  return value
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
}

/**
 * A list or an object that is given as JSON text, as what it says; a blank text as left out. All else stays.
 * @throws ToolError `invalid_input` for a number that would be rounded, as where the list itself is given
 */
export function asJson(value: unknown): unknown {
  if (typeof value !== "string") return value;
  if (value.trim() === "") return undefined;
  return /^\s*[[{]/.test(value) ? parsed(value) : value;
}

function parsed(text: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return text;
  }
  const lossy = findLossyInteger(text);
  if (lossy !== undefined) throw tooExact(lossy);
  if (/\d[eE]\+?\d{3}/.test(text)) JSON.parse(text, refuseInfinite);
  return value;
}

function refuseInfinite(_key: string, value: unknown): unknown {
  if (typeof value !== "number" || Number.isFinite(value)) return value;
  throw new ToolError("invalid_input", "A number is too large to be kept. Send it as a string.");
}
