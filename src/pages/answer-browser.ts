import { checkAnswers } from "../interaction/answers.ts";
import type { Field } from "../interaction/form.ts";
import { MAX_LENGTH } from "../interaction/read-answer.ts";
import { gonePage, type MessageName, messagePage } from "./message-pages.ts";
import type { Outcome, Page, PageStore } from "./page-store.ts";
import { confirmationPage, formPage, type QuestionContext, type WrongAnswers } from "./question-pages.ts";
import { NAMES, readAnswers } from "./read-answers.ts";

/** Bytes that a browser sends for one character in the worst case: `%F0%9F%98%80`. */
const CHARACTER = 12;
/** Bytes for the names and for answers of types without a length. */
const FIELD_BYTES = 1_000;
const MAX_BODY = 4_000_000;
/** Bytes that are read to their end though they are too many, since browsers show no answer to what they could not send. */
const MAX_READ = 16_000_000;
/** Milliseconds in which an answer has to arrive. */
const BODY_MS = 30_000;

/** What a browser gets for a request below `/interact/`. Only a POST of the page's own form changes anything, and once. */
export async function answerBrowser(store: PageStore, request: Request, user?: string): Promise<Response> {
  const [, address = ""] = /^\/interact\/([^/]+)$/.exec(new URL(request.url).pathname) ?? [];
  const found = store.find(address);
  if (!found) return gonePage(404);
  if (found === "ended") return gonePage(410);
  const { host } = new URL(found.baseUrl);
  if (user !== undefined && found.user !== user) return messagePage("foreign", host);
  if (!["GET", "HEAD", "POST"].includes(request.method)) return messagePage("wrongMethod", host);
  if (found.outcome) return messagePage(answeredBy(request), host);
  const context = { host, token: store.tokenOf(found), leftMs: found.expiresAt - Date.now() };
  if (request.method !== "POST") return questionPage(found, context);

  if (!isFromOwnPage(request, found.baseUrl)) return messagePage("unproven", host);
  if (!/^application\/x-www-form-urlencoded\s*(;|$)/i.test(request.headers.get("content-type") ?? "")) {
    return messagePage("wrongType", host);
  }
  const body = await readBody(request, maxBytes(found));
  if (typeof body !== "object") return messagePage(body, host);
  if (!store.isToken(found, body.get(NAMES.token) ?? "")) return messagePage("unproven", host);
  const answer = outcomeOf(found, body);
  if (answer === undefined || "issues" in answer) {
    return store.countWrong(found) ? questionPage(found, context, answer) : gonePage(410);
  }
  const settled = store.settle(found, answer);
  if (settled !== "taken") return messagePage(settled === "full" ? "full" : "answered", host);
  // A redirect, so that going back and reloading never ask the browser to send the answer again.
  const headers = { Location: answer.state === "declined" ? "?declined" : "?sent", "Cache-Control": "no-store" };
  return new Response(null, { status: 303, headers });
}

/** What an answered page says: what the browser has just done, which its address tells, or that nothing can be done any more. */
function answeredBy({ method, url }: Request): MessageName {
  const { search } = new URL(url);
  if (method === "POST") return "answered";
  return search === "?sent" ? "sent" : search === "?declined" ? "declined" : "answered";
}

function questionPage({ question }: Page, context: QuestionContext, wrong?: WrongAnswers): Promise<Response> {
  return question.kind === "form" ? formPage(question.form, context, wrong) : confirmationPage(question.text, context);
}

/** What the human has made of the question, or what is wrong; undefined for a confirmation that says neither yes nor no. */
function outcomeOf({ question }: Page, sent: URLSearchParams): Outcome | WrongAnswers | undefined {
  if (question.kind === "confirmation") {
    const [answer, ...others] = sent.getAll(NAMES.answer);
    if (others.length > 0) return undefined;
    return answer === "yes" ? { state: "confirmed" } : answer === "no" ? { state: "declined" } : undefined;
  }
  if (sent.has(NAMES.cancel)) return { state: "declined" };
  const answers = readAnswers(question.form, sent);
  const { data, issues } = checkAnswers(question.form, answers);
  if (issues.length === 0) return { state: "answered", data };
  // Secrets are not sent back, so even right ones have to be given once more.
  const again = question.form.fields
    .filter(({ type, name }) => type === "password" && Object.hasOwn(data, name))
    .map(({ name, label }) => ({ path: name, message: `${label} has to be entered again` }));
  return { answers: { ...answers, ...data }, issues: [...issues, ...again] };
}

/**
 * Whether a form was sent from a page of this server (Fetch Metadata, `Sec-Fetch-Site`; RFC 6454, `Origin`). Browsers say so;
 * what says nothing is none, such as a text browser, and has the address and the token to show.
 */
function isFromOwnPage({ headers }: Request, baseUrl: string): boolean {
  const site = headers.get("sec-fetch-site");
  if (site !== null && site !== "same-origin" && site !== "none") return false;
  const origin = headers.get("origin");
  if (origin === null) return true;
  if (!URL.canParse(origin)) return false;
  const { host, protocol } = new URL(origin);
  const isWeb = protocol === "http:" || protocol === "https:";
  return isWeb && (host === new URL(baseUrl).host || host === headers.get("host")?.toLowerCase());
}

/** Enough for every answer that could be right. */
function maxBytes({ question }: Page): number {
  if (question.kind === "confirmation") return FIELD_BYTES;
  const sum = question.form.fields.reduce((total, field) => total + bytesOf(field), FIELD_BYTES);
  return Math.min(sum, MAX_BODY);
}

function bytesOf({ type, options }: Field): number {
  const length = type in MAX_LENGTH ? MAX_LENGTH[type as keyof typeof MAX_LENGTH] : 0;
  return FIELD_BYTES + length * CHARACTER + options.length * "f49=499&".length;
}

async function readBody(request: Request, max: number): Promise<URLSearchParams | "tooLong" | "tooSlow"> {
  if (!request.body) return new URLSearchParams();
  const reader = request.body.getReader();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), BODY_MS);
  });
  const parts: Uint8Array[] = [];
  let size = 0;
  try {
    for (;;) {
      const piece = await Promise.race([reader.read(), late]);
      if (!piece) return "tooSlow";
      if (piece.done) return size > max ? "tooLong" : new URLSearchParams(Buffer.concat(parts).toString("utf8"));
      size += piece.value.length;
      if (size > MAX_READ) return "tooLong";
      if (size <= max) parts.push(piece.value);
    }
  } finally {
    clearTimeout(timer);
    reader.cancel().catch(() => {});
  }
}
