import { createHash } from "node:crypto";
import { ToolError } from "../errors.ts";
import { readBounds } from "./field-bounds.ts";
import { refusePatterns } from "./field-pattern.ts";
import { blank, invalid, isObject, quote, text } from "./form-values.ts";
import { MAX_LENGTH } from "./read-answer.ts";
import { MAX_SECRETS } from "./secrets.ts";

/** What a field can ask for. */
export type FieldType =
  | "text"
  | "textarea"
  | "email"
  | "url"
  | "number"
  | "integer"
  | "boolean"
  | "select"
  | "multiselect"
  | "date"
  | "datetime"
  | "password";

/** A choice of a select: what is answered and what is shown. Clients' forms take texts only, so a number is one until it is given back. */
export interface Option {
  value: string;
  label: string;
  /** The value was given as a number. */
  isNumber?: true;
}

export interface Field {
  /** Key of the answer. */
  name: string;
  label: string;
  type: FieldType;
  placeholder: string;
  /** What helps to answer; absent where there is nothing to say. */
  description?: string;
  required: boolean;
  options: Option[];
  /** What the field is filled in with: an answer that its type and bounds allow. */
  default?: string | number | boolean | string[];
  /** Least and greatest number or date (a date as its text), length in characters, or count of choices, by the type. */
  min?: number | string;
  max?: number | string;
  /** What the whole answer has to match (RE2), and what to tell the human of it. */
  pattern?: string;
  patternMessage?: string;
  /** Of a password: the only configured API that it counts for. */
  api?: string;
}

export interface Form {
  title: string;
  fields: Field[];
  submitLabel: string;
}

/** A form as a caller writes it. */
export interface FormInput {
  title?: unknown;
  fields?: unknown;
  submit_label?: unknown;
}

const DEFAULT_TITLE = "Input Required";
export const DEFAULT_SUBMIT_LABEL = "Submit";
const DEFAULT_FIELDS = [
  { name: "input", label: "Input", type: "text", placeholder: "Enter your input", required: true },
];

const FIELD_TYPES: readonly FieldType[] = [
  "text",
  "textarea",
  "email",
  "url",
  "number",
  "integer",
  "boolean",
  "select",
  "multiselect",
  "date",
  "datetime",
  "password",
];
const TYPE_ALIASES: Record<string, FieldType> = {
  string: "text",
  uri: "url",
  checkbox: "boolean",
  checkboxes: "multiselect",
  "multi-select": "multiselect",
  multi_select: "multiselect",
  "date-time": "datetime",
  "datetime-local": "datetime",
  secret: "password",
};
const FIELD_KEYS = [
  ...["name", "label", "type", "placeholder", "description", "required", "options"],
  ...["default", "min", "max", "pattern", "pattern_message", "api"],
];
/** Names that would reach into objects' prototypes in careless clients. */
const RESERVED_NAMES = ["__proto__", "constructor", "prototype"];

const MAX_FIELDS = 50;
const MAX_OPTIONS = 500;
const MAX_NAME = 100;
const MAX_LABEL = 500;
/** Of the whole form as JSON, because the form travels inside the resume token. */
const MAX_FORM = 30_000;

/**
 * Reads a form and fills in what is left out: label = name, type text (with options: select), placeholder "", required
 * false, options []; title "Input Required", submit label "Submit"; without fields, one required text field `input`.
 * @throws ToolError `invalid_input` naming the field, or `too_large`.
 */
export function readForm(input: FormInput): Form {
  const given = input.fields ?? [];
  if (!Array.isArray(given)) throw invalid("fields must be a list of fields.");
  if (given.length > MAX_FIELDS) throw invalid(`fields has ${given.length} fields; a form has at most ${MAX_FIELDS}.`);
  // Before any is compiled, and any default matched.
  checkPatterns(
    given.flatMap((one) =>
      typeof one?.pattern === "string"
        ? [{ pattern: one.pattern, longest: typeof one.default === "string" ? one.default.length : 0 }]
        : [],
    ),
  );
  const form: Form = {
    title: text(input.title, "title", DEFAULT_TITLE),
    fields: (given.length === 0 ? DEFAULT_FIELDS : given).map(readField),
    submitLabel: text(input.submit_label, "submit_label", DEFAULT_SUBMIT_LABEL),
  };
  const names = new Set<string>();
  for (const { name } of form.fields) {
    if (names.has(name)) throw invalid(`Two fields are called ${quote(name)}; names must differ.`);
    names.add(name);
  }
  const secrets = form.fields.filter(({ type }) => type === "password").length;
  if (secrets > MAX_SECRETS) throw invalid(`The form asks for ${secrets} secrets; at most ${MAX_SECRETS} are kept.`);
  checkPatterns(
    form.fields.flatMap(({ type, pattern, max }) =>
      pattern === undefined ? [] : [{ pattern, longest: Number(max ?? MAX_LENGTH[type as keyof typeof MAX_LENGTH]) }],
    ),
  );
  const size = JSON.stringify(form).length;
  if (size > MAX_FORM) {
    throw new ToolError("too_large", `The form has ${size} characters; at most ${MAX_FORM} are allowed.`, {
      hint: "Ask in several smaller forms.",
    });
  }
  return form;
}

function checkPatterns(patterns: Parameters<typeof refusePatterns>[0]): void {
  const refusal = refusePatterns(patterns);
  if (refusal !== undefined) throw invalid(refusal);
}

/** The form as a caller would write it, every default filled in: plain JSON. */
export function writeForm(form: Form): { title: string; fields: Record<string, unknown>[]; submit_label: string } {
  return {
    title: form.title,
    fields: form.fields.map(({ patternMessage, ...field }) => ({
      ...field,
      options: field.options.map(({ value, label, isNumber }) => {
        const given = isNumber ? Number(value) : value;
        return label === value ? given : { value: given, label };
      }),
      ...(patternMessage !== undefined && { pattern_message: patternMessage }),
    })),
    submit_label: form.submitLabel,
  };
}

/** Whether an answer must pass neither a client's form nor a model. */
export function hasSecrets(form: Form): boolean {
  return form.fields.some((field) => field.type === "password");
}

/** A digest of what is asked for, equal for two forms whose answers mean the same; title, placeholders and help do not count. */
export function formDigest(form: Form): string {
  const asked = form.fields.map((field) => {
    const { placeholder: _placeholder, description: _description, patternMessage: _message, ...rest } = field;
    return rest;
  });
  return createHash("sha256").update(JSON.stringify(asked)).digest("base64url");
}

function readField(given: unknown, index: number): Field {
  const at = `fields[${index}]`;
  if (!isObject(given)) throw invalid(`${at} must be an object with at least a name.`);
  const unknownKey = Object.keys(given).find((key) => !FIELD_KEYS.includes(key));
  if (unknownKey !== undefined) {
    throw invalid(`${at} has an unknown key ${quote(unknownKey)}; a field has ${FIELD_KEYS.join(", ")}.`);
  }
  const name = readName(given.name, at);
  const options = readOptions(given.options, at);
  const type = readType(blank(given.type) ? (options.length > 0 ? "select" : "text") : given.type, at);
  const chooses = type === "select" || type === "multiselect";
  if (chooses && options.length === 0) throw invalid(`${at} (${quote(name)}) is a ${type} and needs options.`);
  if (!chooses && options.length > 0) {
    throw invalid(`${at} (${quote(name)}) has options, but its type is ${type}; use type select.`);
  }
  const required = blank(given.required) ? false : given.required;
  if (typeof required !== "boolean") throw invalid(`${at}.required must be true or false.`);
  const description = text(given.description, `${at}.description`, "", { lines: true });
  const field: Field = {
    name,
    label: text(given.label, `${at}.label`, name),
    type,
    placeholder: text(given.placeholder, `${at}.placeholder`, "", { lines: true }),
    ...(description !== "" && { description }),
    required,
    options,
  };
  const api = text(given.api, `${at}.api`, "").trim();
  if (api !== "" && type !== "password")
    throw invalid(`${at} (${quote(name)}) has api, which only a password can have.`);
  if (api !== "") field.api = api;
  return readBounds(field, given, at);
}

function readName(given: unknown, at: string): string {
  if (typeof given !== "string" || given.trim() === "") throw invalid(`${at}.name is required and must be a text.`);
  if (given.length > MAX_NAME) throw invalid(`${at}.name has ${given.length} characters; at most ${MAX_NAME}.`);
  if (/[\u0000-\u001f\u007f]/.test(given)) throw invalid(`${at}.name must not contain control characters.`);
  if (RESERVED_NAMES.includes(given)) throw invalid(`${at}.name ${quote(given)} is reserved; use another name.`);
  return given;
}

function readType(given: unknown, at: string): FieldType {
  const type = typeof given === "string" ? given.trim().toLowerCase() : "";
  const known = FIELD_TYPES.find((one) => one === type) ?? (Object.hasOwn(TYPE_ALIASES, type) && TYPE_ALIASES[type]);
  if (!known) throw invalid(`${at}.type ${quote(given)} is not known; use one of ${FIELD_TYPES.join(", ")}.`);
  return known;
}

function readOptions(given: unknown, at: string): Option[] {
  if (blank(given)) return [];
  if (!Array.isArray(given)) throw invalid(`${at}.options must be a list such as ["a", "b"].`);
  if (given.length > MAX_OPTIONS) throw invalid(`${at}.options has ${given.length} entries; at most ${MAX_OPTIONS}.`);
  const values = new Set<string>();
  return given.map((one, index) => {
    const option = readOption(one, `${at}.options[${index}]`);
    if (values.has(option.value)) throw invalid(`${at}.options has ${quote(option.value)} twice.`);
    values.add(option.value);
    return option;
  });
}

function readOption(given: unknown, at: string): Option {
  const source = isObject(given) ? given : { value: given };
  const value = typeof source.value === "number" ? String(source.value) : source.value;
  if (typeof value !== "string" || value.trim() === "") {
    throw invalid(`${at} must be a text, or an object with value and label.`);
  }
  if (value.length > MAX_LABEL) throw invalid(`${at} has ${value.length} characters; at most ${MAX_LABEL}.`);
  const option = { value, label: text(source.label, `${at}.label`, value) };
  return typeof source.value === "number" ? { ...option, isNumber: true } : option;
}
