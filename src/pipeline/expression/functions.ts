import type { ExpressionFunction } from "./calls.ts";
import { CHOICE_FUNCTIONS } from "./functions/choice-functions.ts";
import { DATE_FUNCTIONS } from "./functions/date-functions.ts";
import { LIST_FUNCTIONS } from "./functions/list-functions.ts";
import { NUMBER_FUNCTIONS } from "./functions/number-functions.ts";
import { TEXT_FUNCTIONS } from "./functions/text-functions.ts";

/** The functions of the language by name. All give the same for the same arguments: there is no clock and no chance. */
export const FUNCTIONS: ReadonlyMap<string, ExpressionFunction> = new Map(
  Object.entries({
    ...TEXT_FUNCTIONS,
    ...CHOICE_FUNCTIONS,
    ...NUMBER_FUNCTIONS,
    ...DATE_FUNCTIONS,
    ...LIST_FUNCTIONS,
  }),
);
