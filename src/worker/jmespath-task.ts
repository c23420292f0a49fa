import { compile, getRegisteredFunctions, search, tokenize } from "@jmespath-community/jmespath";

/**
 * What a JMESPath expression gives of a JSON text (jmespath.site, the community's specification, of which jmespath.org's is a
 * part). @throws Error with the `position` of what is wrong in the expression, in characters, and a `hint`, where there are some
 */
export function runJmespath({ json, expression }: { json: string; expression: string }): unknown {
  try {
    compile(expression);
  } catch (error) {
    throw Object.assign(error as Error, { position: placeOfError(expression) });
  }
  try {
    return search(JSON.parse(json), expression);
  } catch (error) {
    const name = /^Unknown function: (\w+)\(\)/.exec((error as Error).message)?.[1];
    if (name === undefined) throw error;
    const functions = getRegisteredFunctions();
    throw Object.assign(error as Error, {
      position: expression.search(new RegExp(`\\b${name}\\s*\\(`)),
      hint: `Functions: ${functions.join(", ")}.`,
    });
  }
}

/**
 * Where the parser stops, which does not say it: at the first token after which no text can be an expression any more. Up to
 * there the text is one or only lacks its end.
 */
function placeOfError(expression: string): number {
  let starts: number[];
  try {
    starts = tokenize(expression).map(({ start }) => start);
  } catch (error) {
    const character = /unknown character: (.)/u.exec((error as Error).message)?.[1];
    return character === undefined ? expression.length : expression.indexOf(character);
  }
  let low = 0;
  let high = starts.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isBeginning(expression.slice(0, starts[middle + 1] ?? expression.length))) low = middle + 1;
    else high = middle;
  }
  return starts[low] ?? expression.length;
}

function isBeginning(text: string): boolean {
  try {
    compile(text);
    return true;
  } catch (error) {
    return /EOF|unexpected end/.test((error as Error).message);
  }
}
