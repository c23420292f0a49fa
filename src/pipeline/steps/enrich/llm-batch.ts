import { type ErrorCode, type ToolError, toToolError } from "../../../errors.ts";
import { isObject } from "../../rows.ts";
import type { LlmRequest } from "../step.ts";
import type { Answered } from "./call-plan.ts";

export interface BatchQuestion {
  base: Omit<LlmRequest, "input">;
  /** The answer for one input, asked for alone. */
  one(input: unknown): Promise<unknown>;
  ask(request: LlmRequest): Promise<unknown>;
}

/** Failures that fewer rows at once may be spared. */
const SPLITS: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  "context_overflow",
  "invalid_response",
  "too_large",
  "validation_failed",
]);

const EACH =
  'The input data are a JSON list of entries, each with an "id" and an "input". Do the task on the "input" of each entry by itself, as if it were alone, and give an answer for every "id".';

/**
 * Asks about several inputs at once. A batch whose answer does not fit is asked again in halves, and what is missing in an answer
 * once more without the others, down to single inputs: fewer than twice as many calls as inputs.
 */
export async function askBatch(inputs: readonly unknown[], question: BatchQuestion): Promise<Answered[]> {
  const answers: Answered[] = [];
  const fail = (places: readonly number[], error: ToolError): void => {
    for (const place of places) answers[place] = { error };
  };
  const ask = async (places: readonly number[]): Promise<void> => {
    if (places.length === 1) {
      const [place] = places as [number];
      try {
        answers[place] = { value: await question.one(inputs[place]) };
      } catch (error) {
        fail(places, toToolError(error));
      }
      return;
    }
    let missing: readonly number[];
    try {
      const answer = await question.ask(
        requestOf(
          places.map((place) => inputs[place]),
          question.base,
        ),
      );
      const found = readEntries(answer, places.length);
      for (const [index, value] of found) answers[places[index] as number] = { value };
      missing = places.filter((_, index) => !found.has(index));
    } catch (thrown) {
      const error = toToolError(thrown);
      if (error.code === "invalid_input") {
        // A wrong schema, most often, which is told of best where it stands alone.
        const [first, ...others] = places as [number, ...number[]];
        await ask([first]);
        const answer = answers[first];
        if (answer && "error" in answer) fail(others, answer.error);
        else await ask(others);
        return;
      }
      if (!SPLITS.has(error.code)) {
        fail(places, error);
        return;
      }
      missing = places;
    }
    if (missing.length === 0) return;
    if (missing.length < places.length) {
      await ask(missing);
      return;
    }
    const half = Math.ceil(places.length / 2);
    await ask(places.slice(0, half));
    await ask(places.slice(half));
  };
  if (inputs.length > 0) await ask(inputs.map((_, place) => place));
  return answers;
}

function requestOf(inputs: readonly unknown[], base: BatchQuestion["base"]): LlmRequest {
  const entries = inputs.map((input, index) => ({ id: index + 1, input }));
  return {
    ...base,
    input: JSON.stringify(entries),
    task: `${base.task ?? "analyze"}\n${EACH}`,
    outputSchema: batchSchema(inputs.length, base.outputSchema),
  };
}

/** The answers by place, without those that the list has twice or for ids that were not asked for. */
function readEntries(answer: unknown, count: number): Map<number, unknown> {
  const found = new Map<number, unknown>();
  const twice = new Set<number>();
  const entries = isObject(answer) && Array.isArray(answer.answers) ? answer.answers : [];
  for (const entry of entries) {
    if (!isObject(entry) || !Object.hasOwn(entry, "answer")) continue;
    const place = Number(entry.id) - 1;
    if (!Number.isInteger(place) || place < 0 || place >= count) continue;
    if (found.has(place)) twice.add(place);
    found.set(place, entry.answer);
  }
  for (const place of twice) found.delete(place);
  return found;
}

/** Where the schema of one answer stands in that of a batch. */
const DEFINITION = "answer_of_one";

/** The schema of an answer to a batch: an answer that satisfies `schema` for each id. */
export function batchSchema(count: number, schema: Record<string, unknown> | undefined): Record<string, unknown> {
  const { $schema, ...one } = schema ?? { type: "string" };
  const hasRefs = JSON.stringify(one).includes('"$ref"');
  // In a schema with an id of its own, references hold as they are.
  const moved = hasRefs && one.$id === undefined ? moveRefs(one) : one;
  return {
    ...($schema !== undefined && { $schema }),
    type: "object",
    properties: {
      answers: {
        type: "array",
        minItems: count,
        maxItems: count,
        items: {
          type: "object",
          properties: {
            id: { type: "integer", minimum: 1, maximum: count },
            answer: hasRefs ? { $ref: `#/$defs/${DEFINITION}` } : moved,
          },
          required: ["id", "answer"],
          additionalProperties: false,
        },
      },
    },
    required: ["answers"],
    additionalProperties: false,
    ...(hasRefs && { $defs: { [DEFINITION]: moved } }),
  };
}

/** Keywords whose values are data, and those whose keys are names. */
const DATA = new Set(["const", "enum", "default", "examples", "example"]);
const NAMED = new Set(["properties", "patternProperties", "$defs", "definitions", "dependentSchemas"]);

/** The schema with references that hold where it stands among the definitions of another (RFC 6901, fragments). */
function moveRefs(schema: unknown, isNamed = false): unknown {
  if (Array.isArray(schema)) return schema.map((entry) => moveRefs(entry));
  if (!isObject(schema)) return schema;
  return Object.fromEntries(
    Object.entries(schema).map(([key, value]) => {
      if (isNamed) return [key, moveRefs(value)];
      if (key === "$ref" && typeof value === "string" && /^#(\/|$)/.test(value)) {
        return [key, `#/$defs/${DEFINITION}${value.slice(1)}`];
      }
      return [key, DATA.has(key) ? value : moveRefs(value, NAMED.has(key))];
    }),
  );
}
