import { ToolError } from "../errors.ts";

const MAX_TEXT = 500;

/** A text of at most 500 characters, or `fallback` where there is none. @throws ToolError `invalid_input` */
export function text(given: unknown, at: string, fallback: string): string {
  if (blank(given)) return fallback;
  if (typeof given !== "string") throw invalid(`${at} must be a text.`);
  if (given.length > MAX_TEXT) throw invalid(`${at} has ${given.length} characters; at most ${MAX_TEXT}.`);
  return given.trim() === "" ? fallback : given;
}

/** Whether it is what models send for a key that they leave out. */
export function blank(given: unknown): given is undefined | null | "" {
  return given === undefined || given === null || given === "";
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The value as JSON, short enough for a message. */
export function quote(value: unknown): string {
  const json = JSON.stringify(value) ?? "nothing";
  return json.length > 60 ? `${json.slice(0, 57)}…` : json;
}

export const invalid = (message: string, hint?: string): ToolError => new ToolError("invalid_input", message, { hint });
