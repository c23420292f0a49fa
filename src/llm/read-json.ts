/** JSON found in a reply; `repaired` where it was not JSON as it stood. */
export interface FoundJson {
  value: unknown;
  repaired: boolean;
}

/** Deeper values could not be written out again. */
const MAX_DEPTH = 200;

/**
 * The object or array that a reply as a whole is, in a code fence or bare; undefined where it is text, or JSON and text.
 */
export function wholeJson(reply: string): unknown {
  const text = reply.trim();
  const fenced = /^```[a-z]*[ \t]*\r?\n([\s\S]*?)\r?\n?```$/i.exec(text)?.[1]?.trim();
  const candidate = fenced !== undefined && !fenced.includes("```") ? fenced : text;
  const first = candidate[0];
  const last = candidate.at(-1);
  if (!((first === "{" && last === "}") || (first === "[" && last === "]"))) return undefined;
  return parse(candidate);
}

/**
 * Every JSON value that a reply may mean, best guess first: the whole reply, its fenced blocks from the last, its balanced
 * spans from the longest; and then the same repaired (quotes, commas, comments), unless the reply was cut off.
 */
export async function jsonCandidates(reply: string, cutOff: boolean): Promise<FoundJson[]> {
  const text = withoutThinking(reply);
  const sources = unique([text.trim(), ...fencedBlocks(text), ...balancedSpans(text)]).filter(
    (source) => source !== "",
  );
  const found: FoundJson[] = [];
  for (const source of sources) {
    const value = parse(source);
    if (value !== undefined) found.push({ value, repaired: false });
  }
  if (cutOff) return found;
  const { jsonrepair } = await import("jsonrepair");
  for (const source of sources) {
    // Prose would be "repaired" into one long string.
    if (!/^[{[]/.test(source) || parse(source) !== undefined) continue;
    try {
      const value = parse(jsonrepair(source));
      if (value !== undefined) found.push({ value, repaired: true });
    } catch {
      // Not repairable: the next source may be.
    }
  }
  return found;
}

function withoutThinking(reply: string): string {
  const end = reply.lastIndexOf("</think>");
  return end === -1 ? reply : reply.slice(end + "</think>".length);
}

function fencedBlocks(text: string): string[] {
  const parts = text.split("```");
  const blocks: string[] = [];
  for (let i = 1; i < parts.length; i += 2) blocks.unshift(parts[i]!.replace(/^[a-z0-9]*[ \t]*\r?\n/i, "").trim());
  return blocks;
}

/** Spans from an opening bracket to the one that closes it, or to the end where none does; outermost ones, longest first. */
function balancedSpans(text: string): string[] {
  const spans: string[] = [];
  let at = 0;
  while (spans.length < 20) {
    const offset = text.slice(at).search(/[{[]/);
    if (offset === -1) break;
    const start = at + offset;
    const end = closingBracket(text, start);
    spans.push(text.slice(start, end).trim());
    at = end;
  }
  return spans.sort((a, b) => b.length - a.length);
}

function closingBracket(text: string, start: number): number {
  let depth = 0;
  let inString = false;
  for (let i = start; i < text.length; i++) {
    const char = text[i];
    if (inString) {
      if (char === "\\") i += 1;
      else if (char === '"') inString = false;
    } else if (char === '"') inString = true;
    else if (char === "{" || char === "[") depth += 1;
    else if (char === "}" || char === "]") {
      depth -= 1;
      if (depth === 0) return i + 1;
    }
  }
  return text.length;
}

function parse(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return canBeWritten(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Not too deep, and without numbers so large that they were read as Infinity. */
function canBeWritten(value: unknown): boolean {
  let level: unknown[] = [value];
  for (let depth = 0; depth <= MAX_DEPTH; depth++) {
    if (level.some((item) => item === Number.POSITIVE_INFINITY || item === Number.NEGATIVE_INFINITY)) return false;
    level = level.flatMap((item) => (typeof item === "object" && item !== null ? Object.values(item) : []));
    if (level.length === 0) return true;
  }
  return false;
}

function unique<T>(items: readonly T[]): T[] {
  return [...new Set(items)];
}
