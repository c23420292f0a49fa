import type { Field, Form } from "../interaction/form.ts";

/** Names in our forms. They are numbers, since browsers give a meaning to some of the names that a model might choose. */
export const nameOfField = (index: number): string => `f${index}`;
export const NAMES = { token: "token", cancel: "cancel", answer: "answer" } as const;

/**
 * What a browser has sent for each field of the form, by the field's own name. Every field has its entry, for one that is left
 * out of answers would count as its default, which the human may have taken away.
 */
export function readAnswers(form: Form, sent: URLSearchParams): Record<string, unknown> {
  const entries = form.fields.map((field, index): [string, unknown] => {
    const values = sent.getAll(nameOfField(index)).map((value) => value.replace(/\r\n?/g, "\n"));
    return [field.name, readAnswer(field, values)];
  });
  return Object.fromEntries(entries);
}

function readAnswer(field: Field, values: string[]): unknown {
  const [first] = values;
  switch (field.type) {
    case "boolean":
      return first === "yes" ? true : first === "no" ? false : (first ?? null);
    case "select":
      return first ? optionAt(field, first) : null;
    case "multiselect":
      // No more than there are, and one to be refused: a browser sends each once.
      return [...new Set(values)].slice(0, field.options.length + 1).map((value) => optionAt(field, value));
    default:
      return first ?? null;
  }
}

/** The value of a choice by its number; what is no number of a choice stays as it is, for the check to refuse. */
function optionAt({ options }: Field, sent: string): unknown {
  return /^\d{1,3}$/.test(sent) ? (options[Number(sent)]?.value ?? { sent }) : { sent };
}
