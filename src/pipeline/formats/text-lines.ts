import { ToolError } from "../../errors.ts";
import type { TextChunks } from "./row-reader.ts";

/** Characters of a line. */
const MAX_LINE = 8_388_608;

/**
 * The lines of a text without their ends (\n, \r\n or \r). A last one that is empty is none.
 * @throws ToolError `too_large` for a line beyond the limit
 */
export function* textLines(chunks: TextChunks, format: string): Iterable<string> {
  let waiting: string[] = [];
  let length = 0;
  let afterCr = false;
  let number = 1;
  for (const chunk of chunks) {
    let at = 0;
    if (afterCr && chunk.length > 0) {
      if (chunk.charCodeAt(0) === 10) at = 1;
      afterCr = false;
    }
    // Each kind is searched for on from where it was found, so that a text with one kind is not searched again and again.
    let lf = chunk.indexOf("\n", at);
    let cr = chunk.indexOf("\r", at);
    for (;;) {
      if (lf >= 0 && lf < at) lf = chunk.indexOf("\n", at);
      if (cr >= 0 && cr < at) cr = chunk.indexOf("\r", at);
      const end = lf < 0 ? cr : cr < 0 ? lf : Math.min(lf, cr);
      if (end < 0) break;
      waiting.push(chunk.slice(at, end));
      yield waiting.length === 1 ? (waiting[0] as string) : waiting.join("");
      waiting = [];
      length = 0;
      number++;
      at = end + 1;
      if (end !== cr) continue;
      if (at === chunk.length) afterCr = true;
      else if (chunk.charCodeAt(at) === 10) at++;
    }
    if (at === chunk.length) continue;
    waiting.push(chunk.slice(at));
    length += chunk.length - at;
    if (length > MAX_LINE) {
      throw new ToolError("too_large", `Line ${number} of the ${format} input has more than ${MAX_LINE} characters.`, {
        hint: "Check the line ends of the text.",
      });
    }
  }
  if (length > 0) yield waiting.join("");
}
