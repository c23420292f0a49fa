/** The beginning and end of a text to many models; in a pair on one line, they are tags of HTML that strike something out. */
const UNPAIRED = /<s>(?![^<>\n]{1,200}<\/s>)|<\/s>(?<!<s>[^<>\n]{1,200}<\/s>)/g;

/** A line that no text can guess and so imitate: 128 random bits, new for each prompt. */
export function newMark(): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString("hex");
}

/**
 * Data of others as a prompt holds them: what they are, the data, and the line with the mark at which they end. What to do
 * with them comes after it, and says that nothing before the mark is an instruction.
 */
export function fence(label: string, data: string, mark: string): string {
  return `${label}: ${withoutMarks(data)}\n[end of data ${mark}]`;
}

/**
 * Blots out text that imitates the line after the data, and breaks the control tokens of chat templates: servers of local
 * models read these even inside a message, as the beginning of another one.
 */
function withoutMarks(data: string): string {
  return (
    data
      // A mark instead of nothing: what is left must not join into another look-alike. Quotes stay, for the data may be JSON.
      .replace(/\[\s*end\s+of\s+data\b(?:[^\]\n"]{0,80}\])?/gi, "[…]")
      .replace(/<(?=[|｜][^\s|｜<>]{1,60}[|｜]>|(?:bos|eos|(?:start|end)_of_turn)>|<\/?SYS>>)/g, "< ")
      .replace(UNPAIRED, (token) => `< ${token.slice(1)}`)
      .replace(/\[(?=\/?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS)\])/g, "[ ")
  );
}
