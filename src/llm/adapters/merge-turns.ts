import type { ChatMessage } from "../model-adapter.ts";

/** A chat as protocols want it that keep the system prompt apart. */
export interface Turns {
  /** All system messages, joined; empty where there are none. */
  system: string;
  /** At least one message, the first of the user, users and assistants taking turns, none of them empty. */
  turns: { role: "user" | "assistant"; content: string }[];
}

/** What the user is made to say where a protocol insists on it. */
const NOTHING_SAID = "Go on.";

export function mergeTurns(messages: readonly ChatMessage[]): Turns {
  const system = messages.filter(({ role }) => role === "system").map(({ content }) => content.toWellFormed());
  const turns: Turns["turns"] = [];
  for (const { role, content } of messages) {
    if (role === "system" || content.trim() === "") continue;
    const last = turns.at(-1);
    if (last?.role === role) last.content += `\n\n${content.toWellFormed()}`;
    else turns.push({ role, content: content.toWellFormed() });
  }
  if (turns[0]?.role !== "user") turns.unshift({ role: "user", content: NOTHING_SAID });
  return { system: system.filter((text) => text.trim() !== "").join("\n\n"), turns };
}
