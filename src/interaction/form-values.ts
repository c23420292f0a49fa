import { ToolError } from "../errors.ts";
import { shownLine, shownWords } from "./shown-words.ts";

const MAX_TEXT = 500;

/**
 * A text of at most 500 characters as the human is to see it, or `fallback` where there is none; in one line unless it may have
 * several. @throws ToolError `invalid_input`
 */
export function text(given: unknown, at: string, fallback: string, { lines = false } = {}): string {
  const shown = lines ? shownWords : shownLine;
  if (blank(given)) return shown(fallback);
  if (typeof given !== "string") throw invalid(`${at} must be a text.`);
  if (given.length > MAX_TEXT) throw invalid(`${at} has ${given.length} characters; at most ${MAX_TEXT}.`);
  return shown(given.trim() === "" ? fallback : given);
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
