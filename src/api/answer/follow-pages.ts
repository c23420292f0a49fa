import { ToolError } from "../../errors.ts";
import type { StatusEmitter } from "../../status/status-event.ts";
import type { PreparedRequest } from "../api-request.ts";
import type { ApiDescription } from "../configured-api.ts";
import type { FetchedAnswer } from "../fetch-answer.ts";
import { itemsOf, joinPages, pageListPath } from "./join-pages.ts";
import { findNextPage, type NextPage, type PageRead } from "./next-page.ts";
import { askedBy, pageAt, pageWith } from "./page-request.ts";

export interface FollowedPages {
  /** The first answer with the items of all pages in the place of its own. */
  answer: FetchedAnswer;
  /** Pages that were read. */
  pages: number;
  /** Whether there are more. */
  more: boolean;
}

export interface PageMeans {
  api: ApiDescription;
  maxPages: number;
  fetch(prepared: PreparedRequest, signal: AbortSignal): Promise<FetchedAnswer>;
  signal: AbortSignal;
  status: StatusEmitter | undefined;
}

/** Statuses of pages that are not there, where only asking could tell. */
const BEYOND_THE_END = [400, 404, 410, 416, 422];

/**
 * Reads the pages that follow the first one: by Link header (RFC 8288), an address in the answer, cursor, page number or
 * offset. All of them together have the time of one call and the size of one answer. What was read is kept where a later page
 * fails. Where pages are left, a warning says how to go on.
 */
export async function followPages(
  first: FetchedAnswer,
  prepared: PreparedRequest,
  means: PageMeans,
): Promise<FollowedPages> {
  const path = first.content_type === undefined ? pageListPath(first.data) : undefined;
  if (!path) return { answer: first, pages: 1, more: false };
  const { api, status } = means;
  // What is no read is not repeated for its pages; that there are more is told.
  const maxPages = prepared.method === "GET" ? means.maxPages : 1;
  let time: ReturnType<typeof startTime> | undefined;
  const reading = { request: prepared, page: readPage(first, prepared, path) };
  const start = reading.page;
  const asked = new Set([prepared.url.href]);
  const read: FetchedAnswer[] = [first];
  const warnings: string[] = [];
  let more = false;
  let by: NextPage["kind"] | undefined;
  let size = 0;
  try {
    for (;;) {
      const found = findNextPage(reading.page);
      // What pages go by does not change between them: other fields of the last one mean something else.
      if (!found || (read.length > 1 && found.kind !== by)) {
        more = false;
        break;
      }
      by = found.kind;
      const step = requestOf(found, reading.request, api);
      // Whether there is a page that nothing tells of only asking shows; who did not ask for it is not told.
      more = found.certain || read.length > 1;
      if (step.kind === "stuck") {
        if (more) warnings.push(step.reason);
        break;
      }
      if (asked.has(step.request.url.href)) {
        warnings.push("The API names a page again that was read before; pages end here.");
        more = false;
        break;
      }
      if (read.length < maxPages) size += sizeOf(read.at(-1) as FetchedAnswer);
      const tooLarge = size > api.settings.maxResponseBytes;
      if (read.length >= maxPages || tooLarge) {
        if (more) warnings.push(goOn(api, reading.request, step.request, maxPages, tooLarge));
        break;
      }
      asked.add(step.request.url.href);
      status?.progress(`Page ${read.length + 1} of API ${api.name}`);
      time ??= startTime(means, api);
      const next = await fetchNext(step.request, found.certain, time.signal, means);
      if (next.kind === "end") more = false;
      if (next.kind === "failed") {
        more = true;
        warnings.push(`Page ${read.length + 1} could not be read: ${next.error.message}`);
        warnings.push(goOn(api, reading.request, step.request, maxPages, false));
      }
      if (next.kind !== "read") break;
      const page = readPage(next.answer, step.request, path, start);
      const { items = [] } = page;
      if (items.length === 0 && !findNextPage(page)?.certain) {
        more = false;
        break;
      }
      if (items.length > 0 && isSame(items, reading.page.items)) {
        warnings.push("The API gave the same page again; pages end here.");
        more = false;
        break;
      }
      const shorter = items.length < (reading.page.items?.length ?? 0);
      read.push(next.answer);
      reading.request = step.request;
      reading.page = page;
      // The last page, where nothing else tells.
      if (shorter && !found.certain && !findNextPage(page)?.certain) {
        more = false;
        break;
      }
    }
  } finally {
    time?.stop();
  }
  return { answer: joinPages(read, path, warnings), pages: read.length, more };
}

function isSame(items: readonly unknown[], others: readonly unknown[] | undefined): boolean {
  return items.length === others?.length && JSON.stringify(items) === JSON.stringify(others);
}

function readPage(
  answer: FetchedAnswer,
  request: PreparedRequest,
  path: readonly string[],
  first?: PageRead,
): PageRead {
  const { data, headers = {} } = answer;
  const items = itemsOf(data, path);
  return { data, headers, url: request.url, target: request.target, items, ...(first && { first }) };
}

function requestOf(
  next: NextPage,
  request: PreparedRequest,
  api: ApiDescription,
): { kind: "next"; request: PreparedRequest } | { kind: "stuck"; reason: string } {
  if (next.kind === "unknown") {
    const value = api.secrets.inText(next.value).slice(0, 200);
    return { kind: "stuck", reason: `There are more pages: the answer's ${next.field} is ${JSON.stringify(value)}.` };
  }
  if (next.kind === "query") return { kind: "next", request: pageWith(request, next.values) };
  try {
    return { kind: "next", request: pageAt(api, request, next.url) };
  } catch (error) {
    if (!(error instanceof ToolError)) throw error;
    return { kind: "stuck", reason: `There are more pages, which cannot be followed. ${error.message}` };
  }
}

type Fetched = { kind: "read"; answer: FetchedAnswer } | { kind: "end" } | { kind: "failed"; error: ToolError };

async function fetchNext(
  request: PreparedRequest,
  certain: boolean,
  signal: AbortSignal,
  means: PageMeans,
): Promise<Fetched> {
  try {
    const answer = await means.fetch(request, signal);
    return { kind: "read", answer };
  } catch (error) {
    if (means.signal.aborted || !(error instanceof ToolError)) throw error;
    const status = error.details?.http_status;
    if (!certain && BEYOND_THE_END.includes(status as number)) return { kind: "end" };
    return { kind: "failed", error };
  }
}

/** How the model gets the page that comes next. */
function goOn(
  api: ApiDescription,
  before: PreparedRequest,
  after: PreparedRequest,
  maxPages: number,
  tooLarge: boolean,
): string {
  const query = JSON.stringify(askedBy(api, before.url, after.url)).slice(0, 2000);
  const same = before.url.pathname === after.url.pathname;
  const how = same
    ? `Go on with query ${query}`
    : `Go on with ${after.method} ${api.secrets.inText(after.path).slice(0, 500)} and query ${query}`;
  const limit = api.settings.maxPages;
  const several =
    maxPages < limit && !tooLarge && after.method === "GET" ? `, or read up to ${limit} at once with max_pages` : "";
  return `There are more pages${tooLarge ? " than one answer may hold" : ""}. ${how}${several}.`;
}

/** The time that all further pages have together. */
function startTime({ signal }: PageMeans, api: ApiDescription): { signal: AbortSignal; stop(): void } {
  const { timeout } = api.settings;
  const controller = new AbortController();
  const onAbort = () => controller.abort(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  if (signal.aborted) onAbort();
  const timer = setTimeout(() => {
    const message = `The pages of API "${api.name}" were not all read within ${timeout} s.`;
    controller.abort(new ToolError("deadline_exceeded", message, { retryable: true }));
  }, timeout * 1000);
  return {
    signal: controller.signal,
    stop() {
      clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
    },
  };
}

function sizeOf(answer: FetchedAnswer): number {
  return (JSON.stringify(answer.data) ?? "").length;
}
