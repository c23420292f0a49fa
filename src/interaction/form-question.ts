import type { ErrorIssue } from "../errors.ts";
import { MAX_LENGTH } from "./answers.ts";
import { DEFAULT_SUBMIT_LABEL, type Field, type Form } from "./form.ts";

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
  datetime: "As YYYY-MM-DDThh:mm:ssZ.",
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

/** The JSON Schema of the answers; `defaults` are shown as already filled in. */
export function formSchema(form: Form, defaults: Record<string, unknown> = {}): FormSchema {
  const required = form.fields.filter((field) => field.required).map((field) => field.name);
  return {
    type: "object",
    properties: Object.fromEntries(
      form.fields.map((field) => [
        field.name,
        { ...fieldSchema(field), ...(Object.hasOwn(defaults, field.name) && { default: defaults[field.name] }) },
      ]),
    ),
    ...(required.length > 0 && { required }),
  };
}

function fieldSchema(field: Field): Record<string, unknown> {
  const description = [field.placeholder, FORMAT_HINTS[field.type]].filter(Boolean).join(" – ");
  const about = { title: field.label, ...(description && { description }) };
  switch (field.type) {
    case "number":
    case "integer":
    case "boolean":
      return { type: field.type, ...about };
    case "select": {
      // `enumNames` rather than `oneOf`: every revision of MCP has it.
      const named = field.options.some((option) => option.label !== option.value);
      return {
        type: "string",
        ...about,
        enum: field.options.map((option) => option.value),
        ...(named && { enumNames: field.options.map((option) => option.label) }),
      };
    }
    case "text":
    case "textarea":
      return { type: "string", ...about, ...(field.required && { minLength: 1 }), maxLength: MAX_LENGTH[field.type] };
    default:
      return { type: "string", ...about, format: FORMATS[field.type] };
  }
}
