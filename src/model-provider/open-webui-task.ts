import type { ChatRequest } from "./read-request.ts";

/** Beginnings of the prompts of Open-WebUI 0.12 for work of its own, with what each of them goes on to have. */
const PROMPTS: readonly (readonly [beginning: RegExp, also: RegExp])[] = [
  // Titles, tags, follow-ups, queries, prompts of images, autocompletion.
  [/^\s*### Task:/, /<chat_history>|<text>|### Output:/],
  [/^\s*Your task is to reflect the speaker's likely facial expression through a fitting emoji/, /./],
  [
    /^\s*You have been provided with a set of responses from various models to the latest user query:/,
    /Responses from models:/,
  ],
];

/**
 * Whether a request is Open-WebUI's own work for a chat (a title, tags, follow-ups, …), which it sends to the model of the
 * chat. A connection header `X-Task: {{TASK}}` says so for sure, and that it is none where it is empty; without it, the one
 * message of the request does.
 */
export function isTask({ query, messageCount }: ChatRequest, headers: Headers): boolean {
  const told = headers.get("x-task");
  if (told !== null) return told.trim() !== "" && !told.includes("{{");
  if (messageCount !== 1) return false;
  const isFromOpenWebUi = [...headers.keys()].some((name) => name.startsWith("x-openwebui-"));
  return PROMPTS.some(([beginning, also]) => beginning.test(query) && (isFromOpenWebUi || also.test(query)));
}
