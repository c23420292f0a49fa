import { ToolError } from "../../errors.ts";
import { shorten, show } from "../rows.ts";
import { losesDigits } from "../values/numbers.ts";

const MAX_LENGTH = 2000;

/** A piece of an expression; `at` is the place of its first character. */
export interface Token {
  kind: "number" | "text" | "field" | "name" | "parameter" | "member" | "symbol" | "end";
  text: string;
  at: number;
  value?: number | string;
}

// Sticky, each without nested repetition, so that reading takes linear time.
const SPACE = /\s+/y;
const NUMBER = /(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+)?/y;
const NAME = /[\p{L}_][\p{L}\p{N}_$]*(?:\.[\p{L}\p{N}_$]+)*/uy;
const PARAMETER = /\$[\p{L}_][\p{L}\p{N}_]*/uy;
const MEMBER = /(?:\.[\p{L}\p{N}_$]+)+/uy;
const SYMBOL = /==|!=|<=|>=|&&|\|\||[-+*/%<>!?:(),[\]]/y;
/** What signs of other languages are here. */
const ADVICE: Record<string, string> = {
  "=": "Write `==` to compare.",
  "&": "Write `and` or `&&`.",
  "|": "Write `or` or `||`.",
  "^": "For a power write `pow(a, b)`.",
  "{": "Write a field by its name alone, and a parameter as $name.",
  $: "A parameter is written $name, a field whose name begins with $ in backticks.",
  "#": "Write fields with such characters in backticks.",
  "@": "Write fields with such characters in backticks.",
};
const ESCAPES: Record<string, string> = { n: "\n", t: "\t", r: "\r" };

/**
 * Cuts an expression into tokens, the last of which is `end`.
 * @throws ToolError `invalid_input` for text that is too long, a quote that does not end, or a character without meaning.
 */
export function tokenize(source: string): Token[] {
  if (source.length > MAX_LENGTH) {
    throw new ToolError("invalid_input", `An expression may have ${MAX_LENGTH} characters, not ${source.length}.`);
  }
  const tokens: Token[] = [];
  let at = 0;
  const match = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    return pattern.exec(source)?.[0];
  };
  while (at < source.length) {
    const space = match(SPACE);
    if (space) {
      at += space.length;
      continue;
    }
    const token = quoted(source, at) ?? plain(match, at, tokens.at(-1));
    if (!token) {
      const advice = ADVICE[source[at] as string];
      const hint = advice === undefined ? "" : ` ${advice}`;
      throw new ToolError(
        "invalid_input",
        `The expression ${show(source)} is wrong at character ${at + 1}: ${show(source[at])} has no meaning here.${hint}`,
      );
    }
    if (token.kind === "number" && losesDigits(token.text, token.value as number)) {
      throw new ToolError(
        "invalid_input",
        `The expression ${show(source)} is wrong at character ${at + 1}: the number ${shorten(token.text, 40)} cannot be kept exactly. Write it in quotes and keep such fields as text.`,
      );
    }
    tokens.push(token);
    at += token.text.length;
  }
  tokens.push({ kind: "end", text: "", at: source.length });
  return tokens;
}

function plain(match: (pattern: RegExp) => string | undefined, at: number, before?: Token): Token | undefined {
  // After a value a dot leads into it: `orders[0].total`.
  if (before?.text === "]" || before?.text === ")" || before?.kind === "parameter" || before?.kind === "field") {
    const member = match(MEMBER);
    if (member !== undefined) return { kind: "member", text: member, at };
  }
  const parameter = match(PARAMETER);
  if (parameter !== undefined) return { kind: "parameter", text: parameter, at };
  const number = match(NUMBER);
  if (number !== undefined && Number.isFinite(Number(number))) {
    return { kind: "number", text: number, at, value: Number(number) };
  }
  const name = match(NAME);
  if (name !== undefined) return { kind: "name", text: name, at };
  const symbol = match(SYMBOL);
  return symbol === undefined ? undefined : { kind: "symbol", text: symbol, at };
}

/** A text in quotes, or a field in backticks; `text` is as it was written, so that its length is what was read. */
function quoted(source: string, at: number): Token | undefined {
  const quote = source[at];
  if (quote !== '"' && quote !== "'" && quote !== "`") return undefined;
  let value = "";
  for (let index = at + 1; index < source.length; index++) {
    const character = source[index] as string;
    if (character === quote) {
      const text = source.slice(at, index + 1);
      return quote === "`" ? { kind: "field", text, at, value } : { kind: "text", text, at, value };
    }
    // In a field's name a backslash is a character; in a text it escapes quotes, itself and n, t, r, and else stays,
    // so that patterns such as "\d+" need no doubling.
    if (character === "\\" && quote !== "`" && index + 1 < source.length) {
      const next = source[++index] as string;
      value += next === quote || next === "\\" ? next : (ESCAPES[next] ?? `\\${next}`);
    } else value += character;
  }
  throw new ToolError(
    "invalid_input",
    `The expression ${show(source)} has a quote at character ${at + 1} that does not end.`,
  );
}
