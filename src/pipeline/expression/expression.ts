import { ToolError } from "../../errors.ts";
import { closestName } from "../closest-name.ts";
import { newRow, type Row, RowFailure, show } from "../rows.ts";
import { pathReader } from "../template.ts";
import { call, type ExpressionFunction } from "./calls.ts";
import { FUNCTIONS } from "./functions.ts";
import { binary, comparison, constantPart, type Evaluate, membership, type Part, truthOf } from "./operators.ts";
import { OTHER_FUNCTION_NAMES, OTHER_OPERATORS } from "./other-languages.ts";
import { watchOrder } from "./remarks.ts";
import { type Token, tokenize } from "./tokens.ts";
import { entryOf, madeValue, toNumber, type Value } from "./value.ts";

export { isTrue } from "./value.ts";

const MAX_NODES = 500;
const MAX_NESTING = 50;

/** Values of the parameters of a pipeline, by name. */
export type Parameters = Readonly<Record<string, unknown>>;

/**
 * A compiled expression, with the fields that it needs, by name or dotted path: those that only `coalesce`, `is_null` and the
 * like see are not. @throws RowFailure where the row's values do not fit.
 */
export interface CompiledExpression {
  (row: Row): Value;
  paths: readonly string[];
  /** All fields that it looks at. */
  reads: readonly string[];
  /** Whether the value counts as true. */
  holds(row: Row): boolean;
  /** What the rows so far have that is probably not meant, such as numbers that are compared as texts. */
  remarks: readonly string[];
}

/**
 * Compiles an expression such as `price * quantity > 100 and country in ["DE", $other]` into closures: no code is generated,
 * nothing but the row's own fields and the parameters can be reached, and the work is bounded by the expression's size.
 *
 * Loosest to tightest: `a ? b : c`, `or` (`||`), `and` (`&&`), `not` (`!`), comparisons (`== != < <= > >= in`, `not in`), `+ -`,
 * `* / %`, unary `-`, `list[0]`. Fields are written by name, dotted into objects, in backticks where the name is no identifier;
 * parameters as `$name`. With null arithmetic gives null and ordering gives false; `+` joins as soon as one side is text.
 * @throws ToolError `invalid_input` that says where the text stops making sense.
 */
export function compileExpression(source: string, parameters: Parameters = {}): CompiledExpression {
  const tokens = tokenize(source);
  let position = 0;
  let nodes = 0;
  let nesting = 0;
  // How many functions around the current place take what is missing.
  let tolerant = 0;
  const paths = new Set<string>();
  const reads = new Set<string>();
  const remarks: string[] = [];

  const peek = (): Token => tokens[position] as Token;
  const fail = (message: string, token = peek(), help?: string): ToolError => {
    const before = tokens[tokens.indexOf(token) - 1];
    const unequal = token.text === ">" && before?.text === "<" ? 'For "not equal" write `!=`.' : undefined;
    const advice = help ?? unequal ?? adviceFor(token) ?? (before && adviceFor(before));
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
  /** A part that depends on others only, and is as constant as they are. */
  const node = (run: Evaluate, inner: readonly Part[]): Part => {
    if (++nodes > MAX_NODES) throw fail(`it has more than ${MAX_NODES} parts`);
    if (!inner.every(({ constant }) => constant)) return { run };
    try {
      return constantPart(run(NO_ROW));
    } catch (error) {
      // What fails for every row is a row's failure all the same: it may stand where no row gets.
      if (error instanceof RowFailure) return { run };
      throw error;
    }
  };
  const leaf = (part: Part): Part => {
    if (++nodes > MAX_NODES) throw fail(`it has more than ${MAX_NODES} parts`);
    return part;
  };
  const nested = (parse: () => Part): Part => {
    if (++nesting > MAX_NESTING) throw fail(`it is nested more than ${MAX_NESTING} levels deep`);
    const result = parse();
    nesting--;
    return result;
  };
  const chain = (next: () => Part, symbols: readonly string[]) => (): Part => {
    let left = next();
    for (let symbol = take(...symbols); symbol; symbol = take(...symbols)) {
      const right = next();
      left = node(binary(symbol, left, right, remarks), [left, right]);
    }
    return left;
  };

  const parseChoice = (): Part => {
    const condition = parseOr();
    if (!take("?")) return condition;
    const yes = nested(parseChoice);
    expect(":");
    const no = nested(parseChoice);
    const holds = truthOf(condition, remarks);
    return node((row) => (holds(row) ? yes.run(row) : no.run(row)), [condition, yes, no]);
  };
  const parseUnary = (): Part => {
    if (!take("-")) return parseEntry();
    const operand = nested(parseUnary);
    return node(
      (row) => {
        const number = toNumber(operand.run(row), "-");
        return number === null ? null : 0 - number;
      },
      [operand],
    );
  };
  const parseProduct = chain(parseUnary, ["*", "/", "%"]);
  const parseSum = chain(parseProduct, ["+", "-"]);
  const parseComparison = (): Part => {
    const left = parseSum();
    const negated = peek().text === "not" && tokens[position + 1]?.text === "in";
    if (negated) position++;
    const symbol = take("==", "!=", "<=", ">=", "<", ">", "in");
    if (symbol === undefined) return left;
    if (symbol !== "in") {
      const right = parseSum();
      return node(comparison(symbol, left, right, remarks), [left, right]);
    }
    const right = parseListOrSum();
    const test = membership(left, right, remarks);
    return node(negated ? (row) => !test(row) : test, [left, right]);
  };
  /** The right side of `in`, where a list may stand in parentheses as SQL has it. */
  const parseListOrSum = (): Part => {
    if (!take("(")) return parseSum();
    const entries = parseArguments(")");
    const [only] = entries;
    const isList = entries.length !== 1 || (only?.constant && !Array.isArray(only.constant.value));
    return isList ? listOf(entries) : (only as Part);
  };
  const parseNot = (): Part => {
    if (!take("not", "!")) return parseComparison();
    const operand = nested(parseNot);
    const holds = truthOf(operand, remarks);
    return node((row) => !holds(row), [operand]);
  };
  const parseAnd = chain(parseNot, ["and", "&&"]);
  const parseOr = chain(parseAnd, ["or", "||"]);

  /** What stands between commas up to a closing sign, which is taken too. */
  const parseArguments = (closing: string, one = (_: number): Part => nested(parseChoice)): Part[] => {
    const parts: Part[] = [];
    if (take(closing)) return parts;
    do parts.push(one(parts.length));
    while (take(","));
    expect(closing);
    return parts;
  };
  const listOf = (entries: readonly Part[]): Part => {
    const runs = entries.map(({ run }) => run);
    return node((row) => madeValue(runs.map((run) => run(row) ?? null)), entries);
  };
  const parseEntry = (): Part => {
    let value = parsePrimary();
    for (;;) {
      const member = peek();
      if (member.kind === "member") {
        position++;
        for (const key of member.text.slice(1).split(".")) {
          const of = value.run;
          const index = /^\d+$/.test(key) ? Number(key) : key;
          value = node((row) => memberOf(of(row), key, index), [value]);
        }
      } else if (take("[")) {
        const key = nested(parseChoice);
        expect("]");
        const of = value.run;
        value = node((row) => entryOf(of(row), key.run(row)), [value, key]);
      } else return value;
    }
  };
  const parsePrimary = (): Part => {
    const token = peek();
    position++;
    switch (token.kind) {
      case "number":
      case "text":
        return leaf(constantPart(token.value));
      case "field":
        return readField(token.value as string);
      case "parameter":
        return leaf(constantPart(parameterValue(token)));
      case "name":
        return parseName(token);
      case "symbol":
        if (token.text === "(") {
          const inner = nested(parseChoice);
          expect(")");
          return inner;
        }
        if (token.text === "[") return listOf(parseArguments("]"));
    }
    throw fail(`expected a value, found ${describe(token)}`, token);
  };
  const parseName = (token: Token): Part => {
    if (take("(")) return parseCall(token);
    const constant = CONSTANTS.get(token.text);
    if (constant !== undefined) return leaf(constantPart(constant));
    if (WORDS.has(token.text)) throw fail(`expected a value, found "${token.text}"`, token);
    return readField(token.text);
  };
  const readField = (path: string): Part => {
    reads.add(path);
    if (tolerant === 0) paths.add(path);
    return leaf({ run: fieldReader(path), field: path });
  };
  const parameterValue = (token: Token): Value => {
    const name = token.text.slice(1);
    if (Object.hasOwn(parameters, name)) return parameters[name] ?? null;
    const names = Object.keys(parameters);
    const close = closestName(name, names);
    const listed = names.map((known) => `$${known}`).join(", ");
    const known = names.length === 0 ? "There are no parameters here." : `Parameters: ${listed}.`;
    const help = close === undefined ? known : `Did you mean $${close}? ${known}`;
    throw fail(`there is no parameter ${token.text}`, token, help);
  };
  const parseCall = (token: Token): Part => {
    const called = FUNCTIONS.get(token.text);
    if (!called) {
      const written = OTHER_FUNCTION_NAMES.get(token.text.toLowerCase().replaceAll("_", ""));
      const close = closestName(token.text, FUNCTIONS.keys());
      const meant = written ?? (close === undefined ? undefined : `\`${close}\``);
      const names = [...FUNCTIONS.keys()].join(", ");
      const advice = adviceFor(token) ?? (meant === undefined ? `Functions: ${names}.` : `Did you mean ${meant}?`);
      throw fail(`there is no function "${token.text}"`, token, advice);
    }
    if (called.takesMissing) tolerant++;
    const { literal } = called;
    const args = parseArguments(")", (index) => {
      const at = peek();
      const argument = nested(parseChoice);
      if (literal?.at !== index) return argument;
      const text = argument.constant?.value;
      if (typeof text !== "string") throw fail(`${literal.what} must be a literal text`, at);
      return constantPart(literal.compile(text, (message) => fail(message, at)));
    });
    if (called.takesMissing) tolerant--;
    if (args.length < called.min || args.length > called.max) {
      const wanted = called.min === called.max ? `${called.min}` : `${called.min} to ${called.max}`;
      const noun = called.max === 1 ? "argument" : "arguments";
      throw fail(`${token.text}() takes ${wanted} ${noun}, not ${args.length}`, token, called.usage);
    }
    return node(callOf(token.text, called, args), args);
  };
  const callOf = (name: string, called: ExpressionFunction, args: readonly Part[]): Evaluate => {
    const [value, ...others] = args as [Part, ...Part[]];
    if (name === "one_of" && others.every(({ constant }) => constant)) {
      return membership(value, constantPart(others.map(({ constant }) => constant?.value ?? null)), remarks);
    }
    const run = call(called, args);
    if (name !== "min" && name !== "max") return run;
    const look = watchOrder(`${name}()`, remarks);
    return (row) => {
      const found = run(row);
      look(found, found);
      return found;
    };
  };

  const result = parseChoice();
  if (peek().kind !== "end") throw fail(`did not expect ${describe(peek())}`);
  const holds = truthOf(result, remarks);
  return Object.assign((row: Row): Value => result.run(row), { paths: [...paths], reads: [...reads], holds, remarks });
}

const NO_ROW = Object.freeze(newRow());

const CONSTANTS = new Map<string, Value>([
  ["true", true],
  ["false", false],
  ["null", null],
]);
/** The words of the language that are values. */
export const CONSTANT_WORDS: readonly string[] = [...CONSTANTS.keys()];
const WORDS = new Set(["and", "or", "not"]);

/** Reads a field by its name or, where no field is called so, by a dotted path. */
function fieldReader(path: string): Evaluate {
  if (!path.includes(".")) return (row) => row[path] ?? null;
  const read = pathReader(path);
  return (row) => read(row) ?? null;
}

/** What a dot leads to, as in a field's path. */
function memberOf(value: Value, key: string, index: string | number): Value {
  if (!Array.isArray(value)) return entryOf(value, key);
  return typeof index === "number" ? (value[index] ?? null) : key === "length" ? value.length : null;
}

function adviceFor({ kind, text }: Token): string | undefined {
  const written = OTHER_OPERATORS.get(text.toUpperCase());
  return kind !== "name" || WORDS.has(text) || text === "in" || written === undefined
    ? undefined
    : `Instead of ${text} write ${written}.`;
}

function describe(token: Token): string {
  return token.kind === "end" ? "the end" : show(token.text);
}
