import { ToolError } from "../errors.ts";
import type { Question } from "./records.ts";

/**
 * Reads questions, one JSON object a line: `question`, `answer` (a text, a number or a list of them) where the right one is
 * known, and `id`, by default the number of the line. Empty lines are passed over.
 * @throws ToolError `validation_failed` that names the line
 */
export function readQuestions(text: string): Question[] {
  const questions: Question[] = [];
  const ids = new Map<string, number>();
  for (const [index, line] of text
    .replace(/^\ufeff/, "")
    .split(/\r?\n/)
    .entries()) {
    if (line.trim() === "") continue;
    const question = readQuestion(line, index + 1);
    const before = ids.get(question.id);
    if (before !== undefined) throw wrongLine(index + 1, `has the id "${question.id}" of line ${before}`);
    ids.set(question.id, index + 1);
    questions.push(question);
  }
  if (questions.length > 0) return questions;
  throw new ToolError("validation_failed", "There are no questions in the file.", { hint: HINT });
}

const HINT =
  'One JSON object a line, such as {"question": "What is 6 × 7?", "answer": "42"}; "answer" and "id" may be left out.';
const KEYS = ["id", "question", "answer"];

function readQuestion(line: string, number: number): Question {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw wrongLine(number, "is not JSON");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw wrongLine(number, "is no object");
  const { id = String(number), question, answer } = value as Record<string, unknown>;
  const unknown = Object.keys(value).find((key) => !KEYS.includes(key));
  if (unknown !== undefined) throw wrongLine(number, `has an unknown key "${unknown}"`);
  if (typeof question !== "string" || question.trim() === "") throw wrongLine(number, 'has no text as "question"');
  if (typeof id !== "string" && typeof id !== "number") throw wrongLine(number, 'has an "id" that is no text');
  if (answer === undefined || answer === null) return { id: String(id), question };
  const answers = (Array.isArray(answer) ? answer : [answer]).map((one: unknown) => {
    const text = typeof one === "number" ? String(one) : one;
    if (typeof text !== "string" || text.trim() === "") throw wrongLine(number, 'has an "answer" that is no text');
    return text;
  });
  if (answers.length === 0) throw wrongLine(number, 'has an empty list as "answer"');
  return { id: String(id), question, answers };
}

function wrongLine(number: number, what: string): ToolError {
  return new ToolError("validation_failed", `Line ${number} of the questions ${what}.`, { hint: HINT });
}
