import type { ToolError } from "../../../errors.ts";
import { checkKeys, type Options, readInteger, wrong } from "../../options.ts";
import { isObject, type Row, show } from "../../rows.ts";
import type { Host } from "../step.ts";
import type { AnswerFields, PathsSeen } from "./answer-fields.ts";
import type { RateLimit } from "./rate-limit.ts";

/** Makes calls, each with a place among those that are allowed. */
export interface Caller {
  host: Host;
  /** @throws ToolError what the call throws, `limit_reached` where no further one may be made */
  call(make: () => Promise<unknown>): Promise<unknown>;
  /** Says what an answer tells besides its data. */
  note(warning: string): void;
  seen: PathsSeen;
}

/** The answer for one row, or why there is none. */
export type Answered = { value: unknown } | { error: ToolError };

/** An enrichment by calls of another service. */
export interface CallPlan extends CallLimits {
  kind: "memory" | "api" | "llm";
  /** Fields that its templates name. */
  paths: readonly string[];
  fields: AnswerFields;
  /** Paths into the answers, each of which some answer should have. */
  answerPaths: readonly string[];
  /** What a row puts into a request, plain JSON: rows with equal ones share an answer. @throws ToolError `too_large` */
  item(row: Row): unknown;
  /** Items that are sent together. */
  size: number;
  /** The answers to some items, in their order. @throws ToolError what all of them fail with */
  send(items: readonly unknown[], caller: Caller): Promise<readonly Answered[]>;
}

export interface CallLimits {
  concurrency: number;
  maxCalls: number;
  rate: RateLimit | undefined;
}

/** The options that `readLimits` reads. */
export const LIMIT_KEYS = ["concurrency", "max_calls", "rate_limit"] as const;

const MAX_CONCURRENCY = 16;
const MAX_SECONDS = 3600;

/** `concurrency` (4), `max_calls` (1000) and `rate_limit: { requests, per }` of an enrichment. @throws ToolError `invalid_input` */
export function readLimits(options: Options, where: string): CallLimits {
  return {
    concurrency: readInteger(options, "concurrency", where, { min: 1, max: MAX_CONCURRENCY, fallback: 4 }),
    maxCalls: readInteger(options, "max_calls", where, { min: 1, max: 100_000, fallback: 1000 }),
    rate: readRate(options.rate_limit, `${where}, "rate_limit"`),
  };
}

function readRate(value: unknown, where: string): RateLimit | undefined {
  if (value === undefined) return undefined;
  if (!isObject(value))
    throw wrong(where, `must be an object such as { "requests": 10, "per": 1 }, not ${show(value)}.`);
  checkKeys(value, ["requests", "per"], where);
  const requests = readInteger(value, "requests", where, { min: 1, max: 100_000 });
  return { requests, per: readSeconds(value, "per", where) ?? 1 };
}

/** Seconds, also parts of one; undefined where they are left out. */
export function readSeconds(options: Options, key: string, where: string): number | undefined {
  const value = options[key];
  if (value === undefined) return undefined;
  if (typeof value !== "number" || !(value > 0) || value > MAX_SECONDS) {
    throw wrong(where, `"${key}" must be seconds, more than 0 and at most ${MAX_SECONDS}, not ${show(value)}.`);
  }
  return value;
}

/** `batch`: how many rows are sent together, as a number or as `size` of an object, with its other options. */
export function readBatch(
  options: Options,
  keys: readonly string[],
  where: string,
  max: number,
): { size: number; more: Options; where: string } | undefined {
  const { batch } = options;
  if (batch === undefined) return undefined;
  const place = `${where}, "batch"`;
  const more = typeof batch === "number" ? { size: batch } : batch;
  if (!isObject(more)) throw wrong(place, `must be an object such as { "size": 50 }, not ${show(batch)}.`);
  checkKeys(more, ["size", ...keys], place);
  return { size: readInteger(more, "size", place, { min: 1, max }), more, where: place };
}

/** What a service gave besides an answer's envelope. */
export function dataOf(answer: unknown): unknown {
  return isObject(answer) && Object.hasOwn(answer, "data") ? answer.data : answer;
}

/** Tells the caller what an answer warns of. */
export function noteWarnings(answer: unknown, caller: Caller): void {
  if (!isObject(answer) || !Array.isArray(answer.warnings)) return;
  for (const warning of answer.warnings) if (typeof warning === "string") caller.note(warning);
}
