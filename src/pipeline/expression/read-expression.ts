import { ToolError } from "../../errors.ts";
import { type Options, readString } from "../options.ts";
import { type CompiledExpression, compileExpression, type Parameters } from "./expression.ts";

/** The expression under `key` of an option object, its errors naming the place. @throws ToolError `invalid_input` */
export function readExpression(
  options: Options,
  key: string,
  where: string,
  parameters: Parameters = {},
): CompiledExpression {
  const source = readString(options, key, where);
  try {
    return compileExpression(source, parameters);
  } catch (error) {
    if (!(error instanceof ToolError)) throw error;
    throw new ToolError(error.code, `${where}: ${error.message}`, { hint: error.hint });
  }
}

/** The same, undefined where it is left out. */
export function optionalExpression(
  options: Options,
  key: string,
  where: string,
  parameters: Parameters = {},
): CompiledExpression | undefined {
  return options[key] === undefined ? undefined : readExpression(options, key, where, parameters);
}
