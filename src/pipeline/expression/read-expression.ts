import { naming, type Options, readString } from "../options.ts";
import { type CompiledExpression, compileExpression, type Parameters } from "./expression.ts";
import { compileRegex, type Regex } from "./regex.ts";

/** The expression under `key` of an option object, its errors naming the place. @throws ToolError `invalid_input` */
export function readExpression(
  options: Options,
  key: string,
  where: string,
  parameters: Parameters = {},
): CompiledExpression {
  const source = readString(options, key, where);
  return naming(where, () => compileExpression(source, parameters));
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

/** The regular expression under `key`, its errors naming the place. @throws ToolError `invalid_input` */
export function readPattern(options: Options, key: string, where: string): Regex {
  const pattern = readString(options, key, where);
  return naming(where, () => compileRegex(pattern));
}
