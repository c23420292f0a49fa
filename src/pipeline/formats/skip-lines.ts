import type { TextChunks } from "./row-reader.ts";

/** The text after the first `count` lines, which end with \n, \r\n or \r. */
export function* skipLines(chunks: TextChunks, count: number): TextChunks {
  let left = count;
  // Whether the last piece ended with a \r whose \n may come.
  let afterCr = false;
  for (const chunk of chunks) {
    let at = 0;
    if (afterCr && chunk.length > 0) {
      afterCr = false;
      if (chunk.startsWith("\n")) at = 1;
    }
    while (left > 0 && at < chunk.length) {
      const end = nextLineEnd(chunk, at);
      if (end < 0) {
        at = chunk.length;
        break;
      }
      left--;
      at = end + 1;
      if (chunk[end] !== "\r") continue;
      if (at === chunk.length) afterCr = true;
      else if (chunk[at] === "\n") at++;
    }
    if (at < chunk.length) yield at === 0 ? chunk : chunk.slice(at);
  }
}

function nextLineEnd(text: string, from: number): number {
  for (let at = from; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 10 || code === 13) return at;
  }
  return -1;
}
