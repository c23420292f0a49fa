import type { CompiledExpression, Parameters } from "../../expression/expression.ts";
import { readExpression } from "../../expression/read-expression.ts";
import { checkKeys, optionalString, readObject, wrong } from "../../options.ts";
import { show } from "../../rows.ts";
import type { Violation } from "./violation.ts";

/** A test that an expression makes of a row. */
export interface RowTest {
  expression: CompiledExpression;
  /** Fields that it reads. */
  paths: readonly string[];
  /** What is wrong with a row for which it is not true. */
  violation: Violation;
}

/**
 * Reads `checks`: a list of expressions, or of `{ expression, name?, field?, message? }`.
 * @throws ToolError `invalid_input` that names the entry at fault
 */
export function readRowTests(list: unknown, where: string, parameters: Parameters): RowTest[] {
  if (list === undefined) return [];
  if (!Array.isArray(list)) throw wrong(where, `"checks" must be a list of expressions, not ${show(list)}.`);
  return list.map((entry: unknown, index) => {
    const here = `${where}, entry ${index + 1} of "checks"`;
    const options = typeof entry === "string" ? { expression: entry } : readObject(entry, here);
    checkKeys(options, ["expression", "name", "field", "message"], here);
    const expression = readExpression(options, "expression", here, parameters);
    const field = optionalString(options, "field", here);
    return {
      expression,
      paths: expression.paths,
      violation: {
        reads: expression.reads,
        path: field === undefined ? [] : [field],
        rule: optionalString(options, "name", here) ?? "check",
        message: optionalString(options, "message", here) ?? `must satisfy ${String(options.expression)}`,
      },
    };
  });
}
