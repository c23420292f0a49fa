import { ToolError } from "../../errors.ts";
import type { ApiRequest } from "../api-request.ts";
import type { FetchedAnswer } from "../fetch-answer.ts";
import type { Advice } from "./advice.ts";
import { type AnswerStore, answerUri, type KeptAnswer } from "./answer-store.ts";
import { type Place, type PlacedPart, partAt, readPlace, writePlace } from "./part-at.ts";
import { pickFields } from "./pick-fields.ts";
import { MAX_BASE64_BYTES } from "./read-answer.ts";
import type { Selector } from "./select.ts";

/** An answer that fits into a model's context, and where the rest of it is. */
export interface ShapedAnswer {
  data: unknown;
  content_type?: string;
  encoding?: "base64";
  bytes?: number;
  /** Where only a part is given: how much of how much, and the id that gives the next part. */
  rest?: AnswerRest;
  /** A binary answer, to be read as a resource. */
  resource?: { id: string; uri: string; mime_type: string; bytes: number; name?: string };
  warnings: string[];
}

export interface AnswerRest {
  /** What `call_api` takes as `rest`. */
  id: string;
  /** The resource that has the answer whole. */
  uri: string;
  unit: "items" | "characters";
  /** Units before this part, where there are some. */
  from?: number;
  given: number;
  total: number;
}

export interface ShapeMeans {
  user: string;
  api: string;
  operation: string;
  /** Characters of JSON. */
  maxLength: number;
  answers: Pick<AnswerStore, "keep">;
  /** How what can be done next is put. */
  advice: Advice;
  selector: Selector;
  signal: AbortSignal;
}

/** Characters of a path in `fields`. */
const MAX_PATH = 1000;

type Projection = Pick<ApiRequest, "fields" | "select">;
type Content = KeptAnswer["content"];

/**
 * Projects an answer (`select`, then `fields`) and cuts it to whole items where it is too long; the rest is kept.
 * @throws ToolError `invalid_input`, `deadline_exceeded`, `too_large` for an expression that cannot be evaluated
 */
export async function shapeAnswer(
  answer: FetchedAnswer,
  projection: Projection,
  means: ShapeMeans,
): Promise<ShapedAnswer> {
  const { content_type, base64, filename } = answer;
  const type = content_type === undefined ? {} : { content_type };
  const warnings = [...answer.warnings];
  if (base64 !== undefined) {
    const bytes = Buffer.from(base64, "base64");
    const mime_type = content_type ?? "application/octet-stream";
    const { api, operation, user } = means;
    const kept = { api, operation, mime_type, content: { kind: "binary" as const, bytes } };
    const id = means.answers.keep(user, { ...kept, ...(filename !== undefined && { name: filename }) });
    return { ...showBinary(bytes, mime_type, id, filename), warnings: [...warnings, ...notData(projection)] };
  }
  const content: Content =
    content_type !== undefined && typeof answer.data === "string"
      ? { kind: "text", text: answer.data }
      : { kind: "json", value: answer.data };
  const mimeType = content.kind === "json" ? "application/json" : (content_type as string);
  const part = await shapeContent(content, mimeType, projection, means);
  return { ...part, ...type, warnings: [...warnings, ...part.warnings] };
}

const REST_ID = /^(?:api:\/\/answers\/)?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})([.c\d]*)$/i;

/** The kept answer that an id of `rest` names, and where its part begins. @throws ToolError `not_found` */
export function findRest(answers: AnswerStore, user: string, rest: string): { kept: KeptAnswer; place: Place } {
  const [, id = "", end = ""] = REST_ID.exec(rest.trim()) ?? [];
  const place = readPlace(end.toLowerCase());
  const kept = place && answers.get(user, id.toLowerCase());
  if (kept) return { kept, place };
  throw new ToolError("not_found", `There is no kept answer ${JSON.stringify(rest.slice(0, 100))}.`, {
    hint: "Answers are kept for half an hour after they were last read, and the last ones only. Call the API again.",
    issues: [{ path: "/rest", message: "names no kept answer" }],
  });
}

/**
 * The part of a kept answer that begins there; with a projection, what that gives of the whole answer.
 * @throws ToolError `invalid_input` for a place after its end, and as `shapeAnswer`
 */
export async function shapeKept(
  { kept, place }: { kept: KeptAnswer; place: Place },
  projection: Projection,
  means: ShapeMeans,
): Promise<ShapedAnswer> {
  const { content, mime_type, id, name } = kept;
  if (content.kind === "binary") {
    return { ...showBinary(content.bytes, mime_type, id, name), warnings: notData(projection) };
  }
  const projected = content.kind === "json" && isProjection(projection);
  const type = content.kind === "text" ? { content_type: mime_type } : {};
  const part = await shapeContent(content, mime_type, projection, means, projected ? undefined : { id, place });
  return { ...type, ...part };
}

/** Projects and cuts. `at` says where in a kept answer the part begins; what is not kept yet is, if it is cut. */
async function shapeContent(
  content: Exclude<Content, { kind: "binary" }>,
  mimeType: string,
  projection: Projection,
  means: ShapeMeans,
  at?: { id: string; place: Place },
): Promise<Omit<ShapedAnswer, "encoding" | "bytes" | "resource">> {
  const warnings: string[] = [];
  let shown = content;
  if (content.kind === "text") warnings.push(...notData(projection));
  else if (isProjection(projection))
    shown = { kind: "json", value: await project(content.value, projection, means, warnings) };
  const data = shown.kind === "text" ? shown.text : shown.value;
  const part = partAt(data, means.maxLength, at?.place);
  if (!part) return { data, warnings };
  if (part.from > 0 && part.from >= part.total) {
    throw new ToolError(
      "invalid_input",
      `The answer ends before ${part.unit} ${part.from + 1}: it has ${part.total}.`,
      {
        hint: "Give rest as the result before said it.",
      },
    );
  }
  const { api, operation } = means;
  const id = at?.id ?? means.answers.keep(means.user, { api, operation, mime_type: mimeType, content: shown });
  warnings.push(tellOf(part, id, shown.kind, means.advice));
  const { unit, given, total, next, from, jsonText } = part;
  const type = jsonText ? { content_type: mimeType } : {};
  if (id === undefined || next === undefined) return { data: part.data, ...type, warnings };
  const rest = { id: id + writePlace(next), uri: answerUri(id), unit, ...(from > 0 && { from }), given, total };
  return { data: part.data, ...type, rest, warnings };
}

function isProjection({ fields, select }: Projection): boolean {
  return select !== undefined || (fields !== undefined && fields.length > 0);
}

async function project(
  value: unknown,
  { fields, select }: Projection,
  { selector, signal }: ShapeMeans,
  warnings: string[],
): Promise<unknown> {
  const selected = select === undefined ? value : await selector.select(value, select, signal);
  if (fields === undefined || fields.length === 0) return selected;
  const long = fields.find((path) => path.length > MAX_PATH);
  if (long !== undefined) {
    throw new ToolError("invalid_input", `A path in "fields" is longer than ${MAX_PATH} characters.`, {
      hint: "Give paths such as items.id.",
      issues: [{ path: "/fields", message: `has a path longer than ${MAX_PATH} characters` }],
    });
  }
  const picked = pickFields(selected, fields);
  warnings.push(...picked.warnings);
  return picked.value;
}

function notData(projection: Projection): string[] {
  return isProjection(projection) ? ["fields and select were not applied: the answer is not JSON."] : [];
}

/** What a model is to know of a part: how much it is, and how to get what it lacks. */
function tellOf(part: PlacedPart, id: string | undefined, kind: "json" | "text", advice: Advice): string {
  const { given, total, unit, next, abridged } = part;
  const less = kind === "json" ? advice.less : "ask the API for less";
  const tooLarge = `The answer is too large to be kept: ${less}.`;
  const at = (place: Place) => advice.rest(`${id}${writePlace(place)}`);
  const parts = id === undefined ? undefined : advice.parts(id);
  const query = parts === undefined ? "" : `${parts} reads parts of it; `;
  if (unit === "characters" && abridged) {
    const told = `The answer is ${total} characters long; long texts and lists in it were shortened.`;
    return id === undefined || !next ? `${told} ${tooLarge}` : `${told} ${query}${at(next)} gives its JSON as text.`;
  }
  const range = rangeOf(part);
  if (!abridged) {
    if (!next) return range;
    const what = part.jsonText && part.from + given >= total ? "items" : "ones";
    return `${range} ${id === undefined ? tooLarge : `${at(next)} gives the next ${what}; or ${less}.`}`;
  }
  const shortened = `${range} Item ${part.from + 1} is too long and was shortened`;
  if (id === undefined || !next) return part.skip ? `${shortened}. ${tooLarge}` : `${shortened}.`;
  const skip = part.skip ? `; ${at(part.skip)} gives the next items without it` : "";
  return `${shortened}; ${query}${at(next)} gives its JSON as text${skip}.`;
}

function rangeOf({ from, given, total, unit, path, jsonText }: PlacedPart): string {
  const noun = unit === "items" ? "Items" : "Characters";
  const list = unit === "items" && path.length > 0 ? ` of "${path.join(".")}"` : "";
  const text = jsonText ? ` of the JSON${jsonText.item === undefined ? "" : ` of item ${jsonText.item + 1}`}` : "";
  const end = from + given < total ? "" : ", the last ones";
  return `${noun} ${from + 1} to ${from + given} of ${total}${list}${text}${end}.`;
}

function showBinary(
  bytes: Uint8Array,
  mime_type: string,
  id: string | undefined,
  name: string | undefined,
): Omit<ShapedAnswer, "warnings"> {
  const named = name === undefined ? {} : { name };
  const resource = id === undefined ? undefined : { id, uri: answerUri(id), mime_type, bytes: bytes.length, ...named };
  const base = { content_type: mime_type, bytes: bytes.length, ...(resource && { resource }) };
  if (bytes.length <= MAX_BASE64_BYTES) {
    return { data: Buffer.from(bytes).toString("base64"), encoding: "base64", ...base };
  }
  const where = resource
    ? `in the resource ${resource.uri}, which uploads take in the place of a file`
    : "too large to be kept";
  return { data: `(binary answer of ${bytes.length} bytes, ${mime_type}, ${where})`, ...base };
}
