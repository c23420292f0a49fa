import type { ElicitationSchema } from "../tools/define-tool.ts";
import type { ClientAsks } from "./client-asks.ts";

type Property = Record<string, unknown>;
interface Choice {
  const: string;
  title?: string;
}

/** Characters of the choices that are listed in a description. */
const MAX_LISTED = 2_000;

/**
 * The form's schema as this client can show it. One that knows no several choices is asked for a text with commas, and told
 * what would be filled in. One that drops wrong answers keeps only the bounds that its dialog enforces itself: what breaks any
 * other then comes back to us, and the human is asked again. Nothing is taken from the rules, which are checked here anyway.
 */
export function fitSchema(
  schema: ElicitationSchema,
  { knowsChoices, dropsWrongAnswers }: Pick<ClientAsks, "knowsChoices" | "dropsWrongAnswers">,
): ElicitationSchema {
  if (knowsChoices && !dropsWrongAnswers) return schema;
  const required = new Set(schema.required ?? []);
  const fitted = Object.entries(schema.properties).map(([name, property]) => {
    const known = knowsChoices ? property : inWords(property);
    return [name, dropsWrongAnswers ? loosened(known, required.has(name)) : known];
  });
  return { ...schema, properties: Object.fromEntries(fitted) };
}

/** For revisions before 2025-11-25: an array becomes a text, and only a boolean has a default. */
function inWords({ default: filled, ...property }: Property): Property {
  const said = [property.description];
  if (property.type === "array") {
    const { title, items } = property as { title?: string; items: { enum?: string[]; anyOf?: Choice[] } };
    const choices = items.anyOf?.map((choice) => choice.title ?? choice.const) ?? items.enum ?? [];
    const listed = choices.join(", ");
    said.push(
      `Any of these, with commas between them: ${listed.slice(0, MAX_LISTED)}${listed.length > MAX_LISTED ? "…" : ""}`,
    );
    if (Array.isArray(filled)) said.push(filledIn(filled.join(", ")));
    return { type: "string", ...(title !== undefined && { title }), description: words(said) };
  }
  if (filled === undefined) return property;
  if (property.type === "boolean") return { ...property, default: filled };
  return { ...property, description: words([...said, filledIn(String(filled))]) };
}

const filledIn = (value: string): string => `If left out: ${value}`;
const words = (said: readonly unknown[]): string => said.filter(Boolean).join(" – ");

/**
 * What Open-WebUI's dialog does not enforce goes: it asks for a date and time with a plain text, and what was typed and wiped
 * out again is sent as an empty text, which breaks formats and least lengths.
 */
function loosened(property: Property, isRequired: boolean): Property {
  if (property.type !== "string") return property;
  const { format, minLength, ...rest } = property;
  const keepsFormat = format !== undefined && format !== "date-time" && (isRequired || format === "date");
  return { ...rest, ...(isRequired && minLength !== undefined && { minLength }), ...(keepsFormat && { format }) };
}
