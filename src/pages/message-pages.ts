import { html, raw } from "hono/html";
import { respond } from "./layout.ts";

/** Pages without a question. None tells anything of what was asked or answered. */
const MESSAGES = {
  sent: [
    200,
    "Your answer has been sent",
    "Nothing more can be sent. You can close this page; if your chat does not go on by itself, tell it that you have answered.",
  ],
  declined: [
    200,
    "You have declined",
    "Nothing but that has been sent. You can close this page; if your chat does not go on by itself, tell it that you have declined.",
  ],
  answered: [
    410,
    "This has been answered",
    "The question of this page has its answer, and nothing more can be sent. You can close this page.",
  ],
  foreign: [403, "This page is for somebody else", "You are signed in as another user than the one who is asked."],
  unproven: [
    403,
    "The answer was not taken",
    "It did not come from the form of this page. Open the link again and answer there.",
  ],
  tooLong: [413, "The answer is too long", "Go back and shorten it. Nothing has been sent."],
  tooSlow: [408, "The answer took too long to arrive", "Go back and send it again."],
  wrongType: [415, "The answer was not understood", "Open the link in a browser and answer there."],
  wrongMethod: [405, "This page is for reading and answering", "Open the link in a browser and answer there."],
  full: [
    503,
    "The answer cannot be taken now",
    "Too many answers wait on this server. Go back and send it again in some minutes.",
  ],
} as const;

const GONE =
  "The link is incomplete, its time is over, it was answered wrongly too often, or the server has been started anew since. Go back to your chat and ask for a new one.";

const TICK = raw(
  '<span class="done"><svg viewBox="0 0 48 48" width="48" height="48" aria-hidden="true" focusable="false"><circle cx="24" cy="24" r="22" fill="none" stroke="currentColor" stroke-width="3"/><path d="M14 25l7 7 13-15" fill="none" stroke="currentColor" stroke-width="4" stroke-linecap="round" stroke-linejoin="round"/></svg></span>',
);

export type MessageName = keyof typeof MESSAGES;

export async function messagePage(name: MessageName, host?: string): Promise<Response> {
  const [status, title, text] = MESSAGES[name];
  const main = html`${name === "sent" && TICK}<h1>${title}</h1>\n<p>${text}</p>`;
  const response = await respond({ status, title, host, main });
  if (name === "wrongMethod") response.headers.set("Allow", "GET, HEAD, POST");
  return response;
}

/** The one answer to every address without a page: 410 (RFC 9110) to who has had a right one, 404 to everybody else. */
export function gonePage(status: 404 | 410): Promise<Response> {
  return respond({
    status,
    title: "There is no question here",
    main: html`<h1>There is no question here</h1>\n<p>${GONE}</p>`,
  });
}
