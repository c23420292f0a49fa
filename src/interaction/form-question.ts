import type { ErrorIssue } from "../errors.ts";
import { DEFAULT_SUBMIT_LABEL, type Field, type Form } from "./form.ts";
import { MAX_LENGTH } from "./read-answer.ts";

/** The flat JSON Schema that MCP clients render as a form (MCP 2025-06-18 and later, elicitation in form mode). */
export interface FormSchema {
  type: "object";
  properties: Record<string, Record<string, unknown>>;
  required?: string[];
}

/** A question for the human: what to say and what to ask for. */
export interface FormQuestion {
  message: string;
  schema: FormSchema;
}

/** An earlier round: what was wrong, and the answers that were right and need not be given again. */
export interface EarlierRound {
  issues: readonly ErrorIssue[];
  data: Record<string, unknown>;
}

const FORMATS: Partial<Record<Field["type"], string>> = {
  email: "email",
  url: "uri",
  date: "date",
  datetime: "date-time",
};

const FORMAT_HINTS: Partial<Record<Field["type"], string>> = {
  textarea: "May have several lines.",
  url: "A full URL such as https://example.com.",
  date: "As YYYY-MM-DD.",
  datetime: "Such as 2026-01-31T09:30:00+01:00; the end is the offset from UTC.",
};

/**
 * The form as an MCP elicitation. MCP forms know neither a title, a button label nor placeholders, so these go into the
 * message and the descriptions. After a failed round the message names what was wrong, and right answers become defaults.
 */
export function formQuestion(form: Form, earlier?: EarlierRound): FormQuestion {
  const lines = [form.title];
  if (form.submitLabel !== DEFAULT_SUBMIT_LABEL) lines.push(`Sending this form means: ${form.submitLabel}`);
  if (earlier) lines.push("Please correct:", ...earlier.issues.map((issue) => `- ${issue.message}`));
  return { message: lines.join("\n"), schema: formSchema(form, earlier?.data) };
}

/**
 * The JSON Schema of the answers, of keywords that MCP forms have; `defaults` are shown as already filled in, in the place
 * of the form's own.
 */
export function formSchema(form: Form, defaults: Record<string, unknown> = {}): FormSchema {
  const required = form.fields.filter((field) => field.required).map((field) => field.name);
  const properties = form.fields.map((field) => {
    const value = Object.hasOwn(defaults, field.name) ? defaults[field.name] : field.default;
    return [field.name, { ...fieldSchema(field), ...(value !== undefined && { default: value }) }];
  });
  return {
    type: "object",
    properties: Object.fromEntries(properties),
    ...(required.length > 0 && { required }),
  };
}

function fieldSchema(field: Field): Record<string, unknown> {
  const { min, max, options } = field;
  const description = describe(field);
  const about = { title: field.label, ...(description && { description }) };
  switch (field.type) {
    case "number":
    case "integer":
      return {
        type: field.type,
        ...about,
        ...(min !== undefined && { minimum: min }),
        ...(max !== undefined && { maximum: max }),
      };
    case "boolean":
      return { type: field.type, ...about };
    case "select": {
      // `enumNames` rather than `oneOf`: every revision of MCP has it.
      const named = options.some((option) => option.label !== option.value);
      return {
        type: "string",
        ...about,
        enum: options.map((option) => option.value),
        ...(named && { enumNames: options.map((option) => option.label) }),
      };
    }
    case "multiselect": {
      const named = options.some((option) => option.label !== option.value);
      const least = Math.max(Number(min ?? 0), field.required ? 1 : 0);
      return {
        type: "array",
        ...about,
        ...(least > 0 && { minItems: least }),
        ...(max !== undefined && { maxItems: max }),
        items: named
          ? { anyOf: options.map(({ value, label }) => ({ const: value, title: label })) }
          : { type: "string", enum: options.map((option) => option.value) },
      };
    }
    case "date":
    case "datetime":
      return { type: "string", ...about, format: FORMATS[field.type] };
    default: {
      const format = FORMATS[field.type];
      const least = Math.max(Number(min ?? 0), field.required && format === undefined ? 1 : 0);
      const most = max ?? (format === undefined ? MAX_LENGTH[field.type] : undefined);
      return {
        type: "string",
        ...about,
        ...(least > 0 && { minLength: least }),
        ...(most !== undefined && { maxLength: most }),
        ...(format !== undefined && { format }),
      };
    }
  }
}

/** What MCP forms have no place for is said in words. */
function describe({ type, description, placeholder, min, max, pattern, patternMessage }: Field): string {
  const dates = type === "date" || type === "datetime";
  const said = [
    description,
    placeholder,
    FORMAT_HINTS[type],
    dates && min !== undefined && `Not before ${min}.`,
    dates && max !== undefined && `Not after ${max}.`,
    patternMessage ?? (pattern !== undefined && `Must match ${pattern}`),
  ];
  return said.filter(Boolean).join(" – ");
}
