import { ToolError } from "../errors.ts";

/** The whole number that an option was given. @throws ToolError `invalid_input` */
export function integerOption(name: string, value: string | undefined, min: number, max: number): number | undefined {
  if (value === undefined) return undefined;
  const number = /^-?\d{1,16}$/.test(value) ? Number(value) : Number.NaN;
  if (number >= min && number <= max) return number;
  throw new ToolError("invalid_input", `--${name} must be a whole number from ${min} to ${max}, not "${value}".`);
}

/** The names that an option was given, between commas. @throws ToolError `invalid_input` */
export function listOption(name: string, value: string | undefined): string[] | undefined {
  if (value === undefined) return undefined;
  const names = value.split(",").map((part) => part.trim());
  if (names.every((part) => part !== "")) return names;
  throw new ToolError("invalid_input", `--${name} must be names with commas in between, not "${value}".`);
}

/** One of some words. @throws ToolError `invalid_input` */
export function choiceOption<Choice extends string>(
  name: string,
  value: string | undefined,
  choices: readonly Choice[],
): Choice | undefined {
  if (value === undefined) return undefined;
  const choice = choices.find((one) => one === value);
  if (choice !== undefined) return choice;
  throw new ToolError("invalid_input", `--${name} must be ${choices.join(", ")}, not "${value}".`);
}
