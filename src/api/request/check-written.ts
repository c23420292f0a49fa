import type { Target } from "../api-request.ts";
import { parseExactJson } from "../exact-json.ts";
import { bareType, isJsonType } from "../media-types.ts";
import type { ApiDocument } from "../openapi/document.ts";
import type { BodyContent } from "../operation.ts";
import type { ArgumentChecker } from "./check-arguments.ts";
import { type GivenBody, isSequenceType } from "./choose-content.ts";
import { wrong } from "./given-body.ts";
import { FORM } from "./serialize-parameter.ts";

interface Means {
  document: ApiDocument | undefined;
  checker: ArgumentChecker;
}

/**
 * Checks a body that is sent as it is given, text or bytes, where its media type says what is in it: JSON, a sequence of JSON
 * texts, or a form whose fields stand by themselves. Nothing is taken for something else, since nothing is changed.
 * @returns Warnings. @throws ToolError `invalid_input`
 */
export async function checkWritten(
  target: Target,
  content: BodyContent,
  type: string,
  given: Exclude<GivenBody, { kind: "value" }>,
  { document, checker }: Means,
): Promise<string[]> {
  if (target.open) return [];
  const bare = bareType(type);
  const isJson = isJsonType(bare);
  if (!isJson && !isSequenceType(bare) && bare !== FORM) return [];
  const at = given.kind === "text" ? "/body_text" : given.at;
  const text = given.kind === "text" ? given.text : textOf(given.bytes);
  if (text === undefined) throw wrong(target, at, "must be UTF-8");
  const check = async (value: unknown) => (await checker.body(target, content, value, { asItIs: true })).warnings;
  if (isJson) return check(parse(target, text, at, "must be JSON"));
  if (bare === FORM) {
    const fields = fieldsOf(content, text);
    return fields ? (await checker.body(target, content, fields)).warnings : [];
  }
  const lines = text.split(/[\n\u001e]/).filter((line) => line.trim() !== "");
  const values = lines.map((line, index) => parse(target, line, at, `must be JSON in line ${index + 1}`));
  if (document?.resolve(content.schema).type === "array") return check(values);
  const warnings = new Set<string>();
  for (const value of values) for (const warning of await check(value)) warnings.add(warning);
  return [...warnings];
}

/** Without a byte order mark; undefined where it is no UTF-8. */
function textOf(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function parse(target: Target, text: string, at: string, what: string): unknown {
  try {
    return parseExactJson(text);
  } catch (error) {
    throw wrong(target, at, `${what}: ${error instanceof Error ? error.message.slice(0, 120) : ""}`);
  }
}

/** The fields of a form as texts; undefined where some of them may be spread over several names or share one. */
function fieldsOf({ encoding }: BodyContent, text: string): Record<string, unknown> | undefined {
  const isStyled = Object.values(encoding).some(({ style, explode }) => style !== undefined || explode !== undefined);
  const pairs = [...new URLSearchParams(text)];
  if (isStyled || pairs.some(([name]) => name.includes("["))) return undefined;
  const names = Map.groupBy(pairs, ([name]) => name);
  return Object.fromEntries(
    [...names].map(([name, list]) => [name, list.length === 1 ? list[0]?.[1] : list.map(([, value]) => value)]),
  );
}
