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

/** A list or an object that is given as JSON text, as what it says; a blank text as left out. All else stays. */
export function asJson(value: unknown): unknown {
  if (typeof value !== "string") return value;
  if (value.trim() === "") return undefined;
  return /^\s*[[{]/.test(value) ? parsed(value) : value;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
