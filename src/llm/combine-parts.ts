import { ToolError } from "../errors.ts";
import { type Answer, ask, forEachPart, type Question, type Run } from "./ask-part.ts";
import { mergeLists, mergesByLists } from "./merge-lists.ts";
import { splitText } from "./split-text.ts";
import { choicesOf, isObject, resolve } from "./structured/fit-schema.ts";
import { NOTHING } from "./task-prompts.ts";

export interface Room {
  /** Tokens of input in one call. */
  input: number;
  /** Tokens of its answer. */
  answer: number;
  /** Tokens of an answer that was cut off before. */
  more: number;
}

const COMBINE =
  "The data are the results for the parts of one longer input, in order. Combine them into one result for the whole.";
const LEAVE_OUT = "Leave out what this part does not have; never fill it in.";
/** How often a part is halved whose answer is too long. */
const MAX_HALVINGS = 3;
/** Tokens of a part that is not halved any further. */
const LEAST_PART = 40;

/** One answer from the parts of a long input, as the task wants them put together. */
export async function combine(run: Run, chunks: readonly string[], room: Room, isRecords: boolean): Promise<Answer> {
  run.totals.parts = chunks.length;
  const { combination } = run.task;
  if (combination === "join" && !run.schema) return join(run, chunks, room);
  if (combination === "vote") return vote(run, chunks, room);
  if (run.schema && run.check && run.task.name === "extract" && mergesByLists(run.schema, run.check)) {
    return merge(run, chunks, room, isRecords);
  }
  const isAnswer = combination === "answer";
  const question: Omit<Question, "note"> = isAnswer
    ? { room, kind: "facts", instruction: run.task.ofPart }
    : { room, kind: "part" };
  const answers = await eachPart(run, chunks, (chunk, note, part) =>
    ask(part, chunk, { ...question, note: run.schema && !isAnswer ? `${note} ${LEAVE_OUT}` : note }),
  );
  const texts = answers.map((answer) => answer.text).filter((text) => !(isAnswer && NOTHING.test(text.trim())));
  run.context.status?.progress(`Combining ${chunks.length} parts`, 90);
  const whole = await reduce(run, texts.length > 0 ? texts : ["Nothing that helps was found in any part."], room);
  return withFlags(whole, answers);
}

/** Each part by its own call; most of them have to succeed. */
async function eachPart(
  run: Run,
  chunks: readonly string[],
  work: (chunk: string, note: string, part: Run, index: number) => Promise<Answer>,
  spare = true,
): Promise<Answer[]> {
  let done = 0;
  const answers = await forEachPart(run, chunks, spare, async (chunk, index, part) => {
    const note = `This is part ${index + 1} of ${chunks.length} of a longer input; work on this part alone.`;
    const answer = await work(chunk, note, part, index);
    if (answer.truncated) run.warnings.add(`The answer to part ${index + 1} of ${chunks.length} is cut off.`);
    done += 1;
    const percent = 5 + Math.round((80 * done) / chunks.length);
    run.context.status?.progress(`Processed part ${done}/${chunks.length}`, percent);
    return answer;
  });
  return answers.filter((answer) => answer !== undefined);
}

/** The text of every part in its place. A text with holes is no translation: each part has to succeed. */
async function join(run: Run, chunks: readonly string[], room: Room): Promise<Answer> {
  const answers = await eachPart(run, chunks, (chunk, note, part) => rewritten(part, chunk, room, note, 0), false);
  return joined(chunks, answers);
}

/** The text that a part becomes; in halves, where it is too long for one answer and the caller set no limit. */
export async function rewritten(run: Run, chunk: string, room: Room, note?: string, halvings = 0): Promise<Answer> {
  const answer = await ask(run, chunk, { room, kind: note === undefined ? "final" : "part", ...(note && { note }) });
  const measure = (text: string) => run.client.tokens.estimate(text, run.modelName);
  const size = measure(chunk);
  const mayHalve = !run.isLimited && halvings < MAX_HALVINGS && size > LEAST_PART;
  // What broke off for another reason would break off again.
  if (!answer.truncated || !answer.isTooLong || !mayHalve) return answer;
  const halves = splitText(chunk, Math.ceil(size * 0.6), measure);
  run.totals.parts += halves.length - 1;
  run.context.status?.progress("The answer is too long for one call, splitting it");
  const ofHalf = note ?? "This is one part of a longer input; work on this part alone.";
  const answers = await forEachPart(run, halves, false, (half, _index, part) =>
    rewritten(part, half, room, ofHalf, halvings + 1),
  );
  return joined(halves, answers as Answer[]);
}

function joined(chunks: readonly string[], answers: readonly Answer[]): Answer {
  const text = answers.map((answer, i) => withSpaceOf(chunks[i]!, answer.text)).join("");
  return withFlags({ ...answers[0]!, data: text, format: "text", text }, answers);
}

/** The label that most of the input has, by its length. */
async function vote(run: Run, chunks: readonly string[], room: Room): Promise<Answer> {
  const sizes = new Map<Answer, number>();
  const answers = await eachPart(run, chunks, async (chunk, note, part) => {
    const answer = await ask(part, chunk, { room, kind: "final", note });
    sizes.set(answer, chunk.length);
    return answer;
  });
  const labelKey = run.schema && labelPropertyOf(run.schema);
  const votes = new Map<string, { label: string; size: number; count: number; answers: Answer[] }>();
  for (const answer of answers) {
    const label = labelOf(answer, labelKey);
    const entry = votes.get(label.toLowerCase()) ?? { label, size: 0, count: 0, answers: [] };
    entry.size += sizes.get(answer)!;
    entry.count += 1;
    entry.answers.push(answer);
    votes.set(label.toLowerCase(), entry);
  }
  const ranked = [...votes.values()].sort((a, b) => b.size - a.size);
  if (ranked.length > 1) {
    const told = ranked.slice(0, 10).map(({ label, count }) => `${label.slice(0, 60)}: ${count}`);
    run.warnings.add(
      `The parts were classified differently, and the label of most of the input was taken (${told.join("; ")}).`,
    );
  }
  const winners = ranked[0]!.answers;
  return withFlags(winners[0]!, answers);
}

/** The property of a schema that holds the label. */
function labelPropertyOf(schema: Record<string, unknown>): string | undefined {
  const properties = resolve(schema, schema)?.properties;
  if (!isObject(properties)) return undefined;
  return Object.keys(properties).find((name) => {
    const property = resolve(properties[name], schema);
    return property !== undefined && choicesOf(property) !== undefined;
  });
}

function labelOf({ data, format, text }: Answer, key: string | undefined): string {
  if (key !== undefined && isObject(data) && data[key] !== undefined) return String(data[key]);
  return format === "json" ? JSON.stringify(data) : text.trim().replace(/[.!]{1,3}$/, "");
}

/** The lists of all parts, one after another, without a further call; by one where they do not satisfy the schema together. */
async function merge(run: Run, chunks: readonly string[], room: Room, isRecords: boolean): Promise<Answer> {
  const answers = await eachPart(run, chunks, (chunk, note, part) => ask(part, chunk, { room, kind: "final", note }));
  const data = mergeLists(
    answers.map((answer) => answer.data),
    isRecords,
  );
  if (run.check!(data).length === 0) {
    const merged = { ...answers[0]!, data, text: JSON.stringify(data) };
    return withFlags({ ...merged, repaired: answers.some((answer) => answer.repaired) }, answers);
  }
  run.context.status?.progress(`Combining ${chunks.length} parts`, 90);
  const texts = answers.map((answer) => answer.text);
  return withFlags(await reduce(run, texts, room), answers);
}

/** One answer from the answers to the parts, in groups where they do not fit together. */
async function reduce(run: Run, partial: readonly string[], room: Room): Promise<Answer> {
  const size = (text: string) => run.client.tokens.estimate(text, run.modelName);
  const groups: string[][] = [[]];
  let used = 0;
  for (const [index, text] of partial.entries()) {
    const entry = `Part ${index + 1}:\n${text.trim()}`;
    if (used + size(entry) > room.input && groups.at(-1)!.length > 0) {
      groups.push([]);
      used = 0;
    }
    groups.at(-1)!.push(entry);
    used += size(entry);
  }
  const question = { room, note: COMBINE, label: "Partial results" };
  if (groups.length === 1) return ask(run, groups[0]!.join("\n\n"), { ...question, kind: "final" });
  if (groups.length >= partial.length) {
    throw new ToolError("context_overflow", `The partial results do not fit into the context of "${run.modelName}".`, {
      hint: "Use a smaller max_tokens, a shorter input or a model with a larger context.",
    });
  }
  const between: Question = run.task.ofPart
    ? { ...question, kind: "facts", instruction: run.task.ofPart }
    : { ...question, kind: "part" };
  const answers = await forEachPart(run, groups, false, (group, _index, part) =>
    ask(part, group.join("\n\n"), between),
  );
  const texts = answers.map((answer) => answer!.text);
  return withFlags(await reduce(run, texts, room), answers as Answer[]);
}

function withFlags(answer: Answer, parts: readonly Answer[]): Answer {
  return {
    ...answer,
    truncated: answer.truncated || parts.some((part) => part.truncated),
    isTooLong: answer.isTooLong || parts.some((part) => part.isTooLong),
    fallbackUsed: answer.fallbackUsed || parts.some((part) => part.fallbackUsed),
  };
}

/** The answer with the white space that stood around the part, so that joined parts keep their paragraphs. */
function withSpaceOf(part: string, answer: string): string {
  const start = part.slice(0, part.length - part.trimStart().length);
  const end = part.trim() === "" ? "" : part.slice(part.trimEnd().length);
  return start + answer.trim() + end;
}
