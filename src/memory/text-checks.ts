import { ToolError } from "../errors.ts";

/**
 * The text that every store takes: any Unicode string without NUL, which PostgreSQL refuses, and without lone surrogates, which
 * no UTF-8 can hold; it is stored and given back exactly. Lengths count code points.
 */

/** @throws ToolError `invalid_input` */
export function checkText(name: string, text: string): void {
  const problem = text.includes("\u0000") ? "a NUL character" : text.isWellFormed() ? undefined : "a lone surrogate";
  if (problem === undefined) return;
  throw new ToolError("invalid_input", `"${name}" contains ${problem}, which text must not contain.`, {
    hint: "Send the text without it.",
  });
}

/** @throws ToolError `invalid_input` */
export function checkLength(what: string, text: string, limit: number): void {
  const length = lengthBeyond(text, limit);
  if (length === undefined) return;
  throw new ToolError("invalid_input", `${what} has ${length} characters; the limit is ${limit}.`);
}

/** The number of code points where it exceeds the limit. Code units, which are cheap to count, are never fewer. */
export function lengthBeyond(text: string, limit: number): number | undefined {
  if (text.length <= limit) return undefined;
  let length = 0;
  for (const _ of text) length++;
  return length > limit ? length : undefined;
}
