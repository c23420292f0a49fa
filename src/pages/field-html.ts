import { html } from "hono/html";
import type { Field, FieldType } from "../interaction/form.ts";
import { SAFE_SECRET } from "../interaction/secrets.ts";
import { shownWords } from "../interaction/shown-words.ts";
import type { Html } from "./layout.ts";
import { nameOfField } from "./read-answers.ts";

/** A field as it stands in a form: what is filled in, and what was wrong with it. */
export interface FilledField {
  field: Field;
  index: number;
  value: unknown;
  error: string | undefined;
}

/** Attributes of what takes one line of text. Browsers keep none of the answers, and fill in none of their own passwords. */
const LINES: Partial<Record<FieldType, Html>> = {
  text: html`type="text"`,
  // A text, for browsers turn the domain of an address into what nobody has typed (IDNA).
  email: html`type="text" inputmode="email" autocomplete="email" autocapitalize="off" spellcheck="false"`,
  url: html`type="url" inputmode="url" autocapitalize="off" spellcheck="false"`,
  // A text, for browsers drop what is no number of their language instead of sending it.
  number: html`type="text" inputmode="decimal" spellcheck="false"`,
  integer: html`type="text" inputmode="numeric" spellcheck="false"`,
  date: html`type="date"`,
  datetime: html`type="datetime-local"`,
  password: html`type="password" autocomplete="new-password" autocapitalize="off" spellcheck="false"`,
};

/** Up to this many choices are shown all at once. */
const MAX_RADIOS = 6;
const LOCAL_DATE_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?$/;
const DATE_TIME_FORMAT =
  "A date and time such as 2026-01-31T09:30:00+01:00; the end is its offset from UTC, Z for none.";
const SECONDS = /:\d\d:\d\d$/;

const idOfField = nameOfField;

/** The id of what an error's link leads to: the field, or the first choice of several. */
export function targetOfField(field: Field, index: number): string {
  return isGroup(field) ? `${idOfField(index)}-0` : idOfField(index);
}

/** A field with its label, help and error. */
export function fieldHtml(filled: FilledField): Html {
  return isGroup(filled.field) ? groupHtml(filled) : lineHtml(filled);
}

const isGroup = ({ type, options }: Field): boolean =>
  type === "boolean" || type === "multiselect" || (type === "select" && options.length <= MAX_RADIOS);

function lineHtml(filled: FilledField): Html {
  const { field, index, error } = filled;
  const id = idOfField(index);
  return html`<div class="field${error !== undefined && " wrong"}">
<label for="${id}">${nameHtml(field)}</label>
${helpHtml(filled)}<div class="control">${controlHtml(filled)}</div>
</div>`;
}

function controlHtml(filled: FilledField): Html {
  const { field, index, value } = filled;
  const id = idOfField(index);
  const common = html`id="${id}" name="${id}"${stateHtml(filled)}${field.required && html` required`}`;
  const example = field.placeholder && html` placeholder="${shownWords(field.placeholder)}"`;
  const text = typeof value === "string" || typeof value === "number" ? String(value) : "";
  if (field.type === "textarea") {
    // Browsers drop the first line feed.
    return html`<textarea ${common}${example} rows="5" dir="auto">${"\n"}${text}</textarea>`;
  }
  if (field.type === "select") {
    return html`<select ${common}>
<option value="">${field.required ? "Choose…" : "No answer"}</option>
${field.options.map((option, at) => html`<option value="${at}"${option.value === value && html` selected`}>${shownWords(option.label)}</option>\n`)}</select>`;
  }
  if (field.type === "password") return html`<input ${common} ${LINES.password}>`;
  if (field.type === "datetime" && !hasPicker(field, text)) {
    return html`<input ${common} type="text" spellcheck="false" value="${text}">`;
  }
  const bounds = field.type === "date" || field.type === "datetime" ? boundsHtml(field, text) : "";
  return html`<input ${common} ${LINES[field.type]}${bounds}${example} value="${text}"${!bounds && html` dir="auto"`}>`;
}

/** A browser's own field for dates and times knows no offset from UTC. */
const hasPicker = ({ min = "", max = "" }: Field, value: unknown): boolean => [value, min, max].every(isLocalDateTime);
const isLocalDateTime = (text: unknown): boolean => text === "" || LOCAL_DATE_TIME.test(String(text));

function boundsHtml({ min, max }: Field, text: string): Html {
  const hasSeconds = [text, min, max].some((one) => SECONDS.test(String(one)));
  return html`${min !== undefined && html` min="${min}"`}${max !== undefined && html` max="${max}"`}${hasSeconds && html` step="1"`}`;
}

function groupHtml(filled: FilledField): Html {
  const { field, index, error } = filled;
  const id = idOfField(index);
  const several = field.type === "multiselect";
  return html`<fieldset class="field${error !== undefined && " wrong"}" id="${id}"${describedBy(filled)}${!several && html` role="radiogroup"${field.required && html` aria-required="true"`}${error !== undefined && html` aria-invalid="true"`}`}>
<legend>${nameHtml(field)}</legend>
${helpHtml(filled)}${choicesOf(filled).map(
  ({ value, label, isChosen }, at) => html`<div class="choice">
<input type="${several ? "checkbox" : "radio"}" id="${id}-${at}" name="${id}" value="${value}"${isChosen && html` checked`}${field.required && !several && html` required`}${several && error !== undefined && html` aria-invalid="true"`}>
<label for="${id}-${at}"><bdi>${shownWords(label)}</bdi></label>
</div>
`,
)}</fieldset>`;
}

interface Choice {
  value: string | number;
  label: string;
  isChosen: boolean;
}

/** Nothing is chosen beforehand but "No answer", where that is possible, and what the form itself fills in. */
function choicesOf({ field, value }: FilledField): Choice[] {
  const chosen = Array.isArray(value) ? value : [value];
  const choices: Choice[] =
    field.type === "boolean"
      ? [
          { value: "yes", label: "Yes", isChosen: value === true },
          { value: "no", label: "No", isChosen: value === false },
        ]
      : field.options.map((option, at) => ({
          value: at,
          label: option.label,
          isChosen: chosen.includes(option.value),
        }));
  if (field.required || field.type === "multiselect") return choices;
  return [...choices, { value: "", label: "No answer", isChosen: !choices.some(({ isChosen }) => isChosen) }];
}

const nameHtml = (field: Field): Html =>
  html`<span class="name"><bdi>${shownWords(field.label)}</bdi></span>${field.required && html` <span class="required">(required)</span>`}`;

/** What helps with a field, each by its id: what the model says of it, what the server itself says, what was wrong. */
function helpOf({ field, index, value, error }: FilledField): { id: string; line: Html }[] {
  const [id, hint, goesTo] = [idOfField(index), hintOf(field, value), receiverOf(field)];
  return [
    ...(hint ? [{ id: `${id}-hint`, line: html`<p class="hint" id="${id}-hint" dir="auto">${hint}</p>` }] : []),
    ...(goesTo ? [{ id: `${id}-goes`, line: html`<p class="goes" id="${id}-goes">${goesTo}</p>` }] : []),
    ...(error === undefined ? [] : [{ id: `${id}-error`, line: errorHtml(`${id}-error`, error) }]),
  ];
}

const helpHtml = (filled: FilledField): Html => html`${helpOf(filled).map(({ line }) => html`${line}\n`)}`;

const errorHtml = (id: string, error: string): Html =>
  html`<p class="error" id="${id}"><span class="unseen">Error: </span>${shownWords(error)}</p>`;

/** Where a secret goes, and what a short one risks: the server's own words, apart from those of the model. */
function receiverOf({ type, api, min }: Field): Html | undefined {
  if (type !== "password") return undefined;
  const receiver =
    api === undefined
      ? html`May be sent to any API that this server calls for you.`
      : html`Will be sent to the API <b><bdi>${shownWords(api)}</bdi></b> only.`;
  return Number(min) < SAFE_SECRET
    ? html`${receiver} What has fewer than ${SAFE_SECRET} characters, such as a PIN, the model could find out by trying.`
    : receiver;
}

function stateHtml(filled: FilledField): Html {
  return html`${describedBy(filled)}${filled.error !== undefined && html` aria-invalid="true"`}`;
}

function describedBy(filled: FilledField): Html {
  const ids = helpOf(filled).map(({ id }) => id);
  return html`${ids.length > 0 && html` aria-describedby="${ids.join(" ")}"`}`;
}

/** What the model says of the field, and what the server will check. */
function hintOf(field: Field, value: unknown): string {
  const isExample = !isGroup(field) && !["select", "password", "date", "datetime"].includes(field.type);
  const own = [field.description, isExample ? undefined : field.placeholder, field.patternMessage];
  const format = field.type === "datetime" && !hasPicker(field, value ?? "") && DATE_TIME_FORMAT;
  return [...own.map((text) => text && shownWords(text)), format, limitsOf(field)].filter(Boolean).join("\n");
}

function limitsOf({ type, min, max }: Field): string | undefined {
  if (min === undefined && max === undefined) return type === "multiselect" ? "Choose as many as you like." : undefined;
  const range =
    min === undefined
      ? `at most ${max}`
      : max === undefined
        ? `at least ${min}`
        : min === max
          ? `${min}`
          : `${min} to ${max}`;
  switch (type) {
    case "multiselect":
      return `Choose ${range}.`;
    case "number":
    case "integer":
      return `A ${type === "integer" ? "whole " : ""}number, ${range}.`;
    case "date":
    case "datetime":
      return `${min === undefined ? "" : `From ${min}`}${max === undefined ? "." : `${min === undefined ? "Until" : " until"} ${max}.`}`;
    default:
      return `${range[0]?.toUpperCase()}${range.slice(1)} character${/^(at (least|most) )?1$/.test(range) ? "" : "s"}.`;
  }
}
