/** JSON text of an object or a list, as models write them, as what it says. All else stays, to be taken or refused as it is. */
export function asStructure(value: unknown): unknown {
  if (typeof value !== "string" || !/^\s*[[{]/.test(value)) return value;
  try {
    return JSON.parse(value) as unknown;
  } catch {
    return value;
  }
}

/** A whole number or `true` or `false` that is given as text, as what it says. All else stays. */
export function asScalar(value: unknown): unknown {
  if (typeof value !== "string") return value;
  const text = value.trim();
  if (/^-?\d{1,15}$/.test(text)) return Number(text);
  return /^(?:true|false)$/i.test(text) ? text.toLowerCase() === "true" : value;
}

/** A list of names: as it is, as JSON text, or as one text with commas between the names. All else stays. */
export function asNames(value: unknown): unknown {
  const given = asStructure(value);
  if (typeof given !== "string" || /^\s*[[{]/.test(given)) return given;
  return given
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
}
