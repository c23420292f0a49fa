import type { ToolError } from "../../errors.ts";
import type { Row } from "../rows.ts";
import type { Evaluate, Part } from "./operators.ts";
import type { Value } from "./value.ts";

/** An argument that has to be a literal text or a parameter. */
export interface LiteralArgument {
  at: number;
  what: string;
  compile(text: string, wrong: (message: string) => ToolError): unknown;
}

/** A function of the language. */
export interface ExpressionFunction {
  min: number;
  max: number;
  /** How it is called, for errors. */
  usage?: string;
  /** An argument that has to be the same for all rows and is compiled beforehand, such as a pattern. */
  literal?: LiteralArgument;
  /** Whether fields that no row has may be among its arguments: it is there to deal with what is missing. */
  takesMissing?: true;
  /** Takes the values of its arguments; those left out are undefined. */
  // biome-ignore lint/suspicious/noExplicitAny: each function says what it makes of its values.
  run?: (...values: any[]) => Value;
  /** Takes the values as one list, where there may be many. */
  runAll?: (values: Value[]) => Value;
  /** Takes the arguments themselves, where not all of them are evaluated. */
  runLazily?: (args: readonly Evaluate[], row: Row) => Value;
}

/** A call of a function with as many arguments as it takes. */
export function call({ run, runAll, runLazily }: ExpressionFunction, parts: readonly Part[]): Evaluate {
  const args = parts.map((part) => part.run);
  if (runLazily) return (row) => runLazily(args, row);
  if (runAll) return (row) => runAll(args.map((argument) => argument(row)));
  const [a, b, c] = args as [Evaluate, Evaluate, Evaluate];
  const fixed = run as (...values: Value[]) => Value;
  switch (args.length) {
    case 0:
      return () => fixed();
    case 1:
      return (row) => fixed(a(row));
    case 2:
      return (row) => fixed(a(row), b(row));
    case 3:
      return (row) => fixed(a(row), b(row), c(row));
    default:
      return (row) => fixed(...args.map((argument) => argument(row)));
  }
}
