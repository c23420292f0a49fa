import { ToolError } from "../../errors.ts";
import { type Row, RowFailure, show } from "../rows.ts";
import { readPath, toText } from "../template.ts";
import {
  type ExpressionFunction,
  FUNCTIONS,
  finite,
  madeText,
  type TextBudget,
  toNumber,
  truthy,
  type Value,
} from "./functions.ts";
import { compileRegex } from "./regex.ts";
import { type Token, tokenize } from "./tokens.ts";

const MAX_NODES = 500;
const MAX_NESTING = 50;

/** A compiled expression. @throws RowFailure where the row's values do not fit. */
export type Expression = (row: Row, budget: TextBudget) => Value;

/** An expression with the fields that it needs, by name or dotted path: those that only `coalesce` or `is_null` sees are not. */
export interface CompiledExpression extends Expression {
  paths: readonly string[];
}

/**
 * Compiles an expression such as `price * quantity > 100 and country == "DE"` into closures: no code is generated, nothing but
 * the row's own fields can be reached, and the work is bounded by the expression's size.
 *
 * Loosest to tightest: `a ? b : c`, `or` (`||`), `and` (`&&`), `not` (`!`), comparisons (`== != < <= > >=`), `+ -`, `* / %`, unary `-`. Fields are
 * written by name, dotted into objects, in backticks where the name is no identifier. With null arithmetic gives null and
 * ordering gives false; `+` joins as soon as one side is text.
 * @throws ToolError `invalid_input` that says where the text stops making sense.
 */
export function compileExpression(source: string): CompiledExpression {
  const tokens = tokenize(source);
  let position = 0;
  let nodes = 0;
  let nesting = 0;
  // How many functions around the current place take what is missing.
  let tolerant = 0;
  const paths = new Set<string>();

  const peek = (): Token => tokens[position] as Token;
  const fail = (message: string, token = peek()): ToolError => {
    const before = tokens[tokens.indexOf(token) - 1];
    const unequal = token.text === ">" && before?.text === "<" ? 'For "not equal" write `!=`.' : undefined;
    const advice = unequal ?? adviceFor(token) ?? (before && adviceFor(before));
    const place = `The expression ${show(source)} is wrong at character ${token.at + 1}: ${message}.`;
    return new ToolError("invalid_input", advice === undefined ? place : `${place} ${advice}`);
  };
  const take = (...symbols: string[]): string | undefined => {
    const token = peek();
    if ((token.kind !== "symbol" && token.kind !== "name") || !symbols.includes(token.text)) return undefined;
    position++;
    return token.text;
  };
  const expect = (symbol: string): void => {
    if (!take(symbol)) throw fail(`expected "${symbol}", found ${describe(peek())}`);
  };
  const node = (expression: Expression): Expression => {
    if (++nodes > MAX_NODES) throw fail(`it has more than ${MAX_NODES} parts`);
    return expression;
  };
  const nested = (parse: () => Expression): Expression => {
    if (++nesting > MAX_NESTING) throw fail(`it is nested more than ${MAX_NESTING} levels deep`);
    const result = parse();
    nesting--;
    return result;
  };
  const chain = (next: () => Expression, symbols: readonly string[]) => (): Expression => {
    let left = next();
    for (let symbol = take(...symbols); symbol; symbol = take(...symbols)) left = node(binary(symbol, left, next()));
    return left;
  };

  const parseChoice = (): Expression => {
    const condition = parseOr();
    if (!take("?")) return condition;
    const yes = nested(parseChoice);
    expect(":");
    const no = nested(parseChoice);
    return node((row, budget) => (truthy(condition(row, budget)) ? yes(row, budget) : no(row, budget)));
  };
  const parseUnary = (): Expression => {
    if (take("-")) {
      const operand = nested(parseUnary);
      return node((row, budget) => {
        const number = toNumber(operand(row, budget), "-");
        return number === null ? null : 0 - number;
      });
    }
    return parsePrimary();
  };
  const parseProduct = chain(parseUnary, ["*", "/", "%"]);
  const parseSum = chain(parseProduct, ["+", "-"]);
  const parseComparison = (): Expression => {
    const left = parseSum();
    const symbol = take("==", "!=", "<=", ">=", "<", ">");
    return symbol ? node(comparison(symbol, left, parseSum())) : left;
  };
  const parseNot = (): Expression => {
    if (!take("not", "!")) return parseComparison();
    const operand = nested(parseNot);
    return node((row, budget) => !truthy(operand(row, budget)));
  };
  const parseAnd = chain(parseNot, ["and", "&&"]);
  const parseOr = chain(parseAnd, ["or", "||"]);

  const parsePrimary = (): Expression => {
    const token = peek();
    position++;
    switch (token.kind) {
      case "number":
      case "text": {
        const value = token.value;
        return node(() => value);
      }
      case "field": {
        return readField(token.value as string);
      }
      case "name":
        return parseName(token);
      case "symbol":
        if (token.text === "(") {
          const inner = nested(parseChoice);
          expect(")");
          return inner;
        }
    }
    throw fail(`expected a value, found ${describe(token)}`, token);
  };
  const parseName = (token: Token): Expression => {
    if (take("(")) return parseCall(token);
    const constant = CONSTANTS.get(token.text);
    if (constant !== undefined) return node(() => constant);
    if (WORDS.has(token.text)) throw fail(`expected a value, found "${token.text}"`, token);
    return readField(token.text);
  };
  const readField = (path: string): Expression => {
    if (tolerant === 0) paths.add(path);
    return node((row) => readPath(row, path) ?? null);
  };
  const parseCall = (token: Token): Expression => {
    const called = FUNCTIONS.get(token.text);
    if (!called) {
      throw fail(`there is no function "${token.text}"; there are ${[...FUNCTIONS.keys()].join(", ")}`, token);
    }
    const args: Expression[] = [];
    if (called.takesMissing) tolerant++;
    if (!take(")")) {
      do {
        args.push(called.regexArgument === args.length ? parsePattern() : nested(parseChoice));
      } while (take(","));
      expect(")");
    }
    if (called.takesMissing) tolerant--;
    if (args.length < called.min || args.length > called.max) {
      const wanted = called.min === called.max ? `${called.min}` : `${called.min} to ${called.max}`;
      throw fail(`${token.text}() takes ${wanted} arguments, not ${args.length}`, token);
    }
    return node(call(called, args));
  };
  const parsePattern = (): Expression => {
    const token = peek();
    position++;
    if (token.kind !== "text") throw fail("a pattern must be a literal text", token);
    const regex = compileRegex(token.value as string);
    return node(() => regex);
  };

  const result = parseChoice();
  if (peek().kind !== "end") throw fail(`did not expect ${describe(peek())}`);
  const evaluate = (row: Row, budget: TextBudget): Value => {
    budget.matchedInRow = 0;
    return result(row, budget);
  };
  return Object.assign(evaluate, { paths: [...paths] });
}

const CONSTANTS = new Map<string, Value>([
  ["true", true],
  ["false", false],
  ["null", null],
]);
/** The words of the language that are values. */
export const CONSTANT_WORDS: readonly string[] = [...CONSTANTS.keys()];
const WORDS = new Set(["and", "or", "not"]);

/** How operators of other languages are written here, by what those languages write. */
const OPERATORS_ELSEWHERE = new Map<string, string>([
  ["AND", "`and`"],
  ["OR", "`or`"],
  ["NOT", "`not`"],
  ["XOR", "`!=`"],
  ["IS", "`==` or `is_null(x)`"],
  ["IN", "`one_of(x, a, b)`"],
  ["LIKE", "`contains(x, part)`, `starts_with(x, part)` or `matches(x, pattern)`"],
  ["BETWEEN", "`x >= a and x <= b`"],
]);

function adviceFor({ kind, text }: Token): string | undefined {
  const written = OPERATORS_ELSEWHERE.get(text.toUpperCase());
  return kind !== "name" || WORDS.has(text) || written === undefined
    ? undefined
    : `Instead of ${text} write ${written}.`;
}

function describe(token: Token): string {
  return token.kind === "end" ? "the end" : show(token.text);
}

function call(called: ExpressionFunction, args: readonly Expression[]): Expression {
  return (row, budget) =>
    called.call(
      args.map((arg) => arg(row, budget)),
      budget,
    );
}

function binary(symbol: string, left: Expression, right: Expression): Expression {
  switch (symbol) {
    case "and":
    case "&&":
      return (row, budget) => truthy(left(row, budget)) && truthy(right(row, budget));
    case "or":
    case "||":
      return (row, budget) => truthy(left(row, budget)) || truthy(right(row, budget));
    case "+":
      return (row, budget) => {
        const a = left(row, budget);
        const b = right(row, budget);
        if (typeof a === "string" || typeof b === "string") return madeText(toText(a) + toText(b), budget);
        return arithmetic("+", a, b);
      };
    default:
      return (row, budget) => arithmetic(symbol, left(row, budget), right(row, budget));
  }
}

function arithmetic(symbol: string, left: Value, right: Value): number | null {
  const a = toNumber(left, `"${symbol}"`);
  const b = toNumber(right, `"${symbol}"`);
  if (a === null || b === null) return null;
  if ((symbol === "/" || symbol === "%") && b === 0) throw new RowFailure("number", "division by zero");
  const result =
    symbol === "+" ? a + b : symbol === "-" ? a - b : symbol === "*" ? a * b : symbol === "/" ? a / b : a % b;
  return finite(result, `"${symbol}"`);
}

function comparison(symbol: string, left: Expression, right: Expression): Expression {
  if (symbol === "==") return (row, budget) => equal(left(row, budget), right(row, budget));
  if (symbol === "!=") return (row, budget) => !equal(left(row, budget), right(row, budget));
  return (row, budget) => {
    const a = left(row, budget);
    const b = right(row, budget);
    if (a === null || b === null) return false;
    if ((typeof a === "number" && typeof b === "number") || (typeof a === "string" && typeof b === "string")) {
      return symbol === "<" ? a < b : symbol === "<=" ? a <= b : symbol === ">" ? a > b : a >= b;
    }
    throw new RowFailure("type", `"${symbol}" compares two numbers or two texts, not ${show(a)} with ${show(b)}`);
  };
}

function equal(a: Value, b: Value): boolean {
  if (a === b) return true;
  return typeof a === "object" && typeof b === "object" && a !== null && b !== null
    ? JSON.stringify(a) === JSON.stringify(b)
    : false;
}
