import type { KeptAnswer } from "../answer/answer-store.ts";
import { isFileObject } from "./file-value.ts";

/** Gives an answer that was kept for the caller, by its id; undefined where there is none. */
export type KeptAnswers = (id: string) => KeptAnswer | undefined;

const ANSWER = /^\s*api:\/\/answers\/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\s*$/i;

/** Whether a value is the URI of a kept answer and nothing else. */
export function namesAnswer(value: unknown): value is string {
  return typeof value === "string" && value.length < 200 && ANSWER.test(value);
}

/**
 * A value given as a file, with the kept answer that it names in its place: as the whole, as one of a list, or as the content of
 * an object. All else stays. @throws what `missing` makes of a URI that names none
 */
export function withKept(value: unknown, kept: KeptAnswers, missing: (uri: string) => Error): unknown {
  if (Array.isArray(value)) return value.map((item) => withKept(item, kept, missing));
  if (namesAnswer(value)) return fileOf(value, kept, missing);
  if (!isFileObject(value)) return value;
  const { base64, text, ...described } = value;
  const uri = [base64, text].find(namesAnswer);
  return uri === undefined ? value : { ...fileOf(uri, kept, missing), ...described };
}

/** The kept answer that a URI names, as a file value. */
export function fileOf(uri: string, kept: KeptAnswers, missing: (uri: string) => Error): Record<string, unknown> {
  const answer = kept((ANSWER.exec(uri)?.[1] ?? "").toLowerCase());
  if (!answer) throw missing(uri);
  const { content, mime_type, name } = answer;
  const bytes =
    content.kind === "binary"
      ? content.bytes
      : Buffer.from(content.kind === "text" ? content.text : JSON.stringify(content.value));
  return { bytes, content_type: mime_type, ...(name !== undefined && { filename: name }) };
}

/** What is said of a URI that names no answer of the caller's. */
export const NOT_KEPT =
  "names no kept answer; they are kept for half an hour after they were last read, and the last ones only";

const PATHS = [
  // Of POSIX, of Windows and its shares, URLs, and names with an ending.
  /^(?:~|\.{1,2})?\/[^\s/].*$/,
  /^[a-z]:[\\/].*$/i,
  /^\\\\\S.*$/,
  /^(?:file|https?):\/\/\S+$/i,
  /^[\w.()-]{1,200}\.[a-z][a-z0-9]{1,4}$/i,
];

/** Whether a text given as a file seems to say where the file is instead of what is in it. */
export function looksLikePath(value: unknown): boolean {
  if (typeof value !== "string" || value.length > 1000) return false;
  const text = value.trim();
  return PATHS.some((pattern) => pattern.test(text));
}

/** What is said of such a text. */
export const SENT_AS_TEXT =
  'is sent as this text, for no file is read from there; give its content as {"base64": "…", "filename": "…"}, ' +
  'or a kept answer as "api://answers/{id}"';
