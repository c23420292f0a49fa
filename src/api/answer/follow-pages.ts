import { ToolError } from "../../errors.ts";
import type { StatusEmitter } from "../../status/status-event.ts";
import type { PreparedRequest } from "../api-request.ts";
import type { ApiDescription } from "../configured-api.ts";
import type { FetchedAnswer } from "../fetch-answer.ts";
import type { Advice } from "./advice.ts";
import { isSame, itemsOf, joinPages, pageListPath, turningListPath } from "./join-pages.ts";
import { findNextPage, type NextPage, type PageRead, tellsOfPages } from "./next-page.ts";
import { type BodyField, searchFields, searchWith } from "./page-body.ts";
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
  /** Pages that are asked for; no more are followed than the configuration allows. */
  maxPages: number;
  advice: Advice;
  fetch(prepared: PreparedRequest, signal: AbortSignal): Promise<FetchedAnswer>;
  signal: AbortSignal;
  status: StatusEmitter | undefined;
}

/** Characters of how to go on that are told. */
const MAX_TOLD = 2500;
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
  const alone = { answer: first, pages: 1, more: false };
  if (means.maxPages === 1 && !tellsOfPages(first)) return alone;
  const { pathname } = prepared.url;
  let path = first.content_type === undefined ? pageListPath(first.data, pathname) : undefined;
  if (!path) return alone;
  const { api, status } = means;
  // What is no read is not repeated for its pages; that there are more is told.
  const searching = searchFields(api, prepared);
  const allowed = Math.min(means.maxPages, api.settings.maxPages);
  let time: ReturnType<typeof startTime> | undefined;
  const reading = { request: prepared, page: readPage(first, prepared, path, searching) };
  let start = reading.page;
  let ending: FetchedAnswer | undefined;
  const asked = new Set([keyOf(prepared)]);
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
      // Whether the address of a search's next page takes a search or a read, nothing says.
      const isFollowed = prepared.method === "GET" || (searching !== undefined && found.kind === "query");
      const maxPages = isFollowed ? allowed : 1;
      // Whether there is a page that nothing tells of only asking shows; who did not ask for it is not told.
      more = found.certain || read.length > 1;
      if (!more && maxPages === 1) break;
      const step = requestOf(found, reading.request, reading.page.fields, api);
      if (step.kind === "stuck") {
        if (more) warnings.push(step.reason);
        break;
      }
      if (asked.has(keyOf(step.request))) {
        warnings.push("The API names a page again that was read before; pages end here.");
        more = false;
        break;
      }
      if (read.length < maxPages) size += sizeOf(read.at(-1) as FetchedAnswer);
      const tooLarge = size > api.settings.maxResponseBytes;
      if (read.length >= maxPages || tooLarge) {
        if (more) {
          const limit = isFollowed && maxPages < api.settings.maxPages && !tooLarge ? api.settings.maxPages : undefined;
          const most =
            isFollowed && !tooLarge && means.maxPages > maxPages ? ` No more than ${maxPages} are read at once.` : "";
          const told = goOn(means, reading.request, step, limit);
          warnings.push(`There are more pages${tooLarge ? " than one answer may hold" : ""}.${most} ${told}`);
        }
        break;
      }
      asked.add(keyOf(step.request));
      status?.progress(`Page ${read.length + 1} of API ${api.name}`);
      time ??= startTime(means, api);
      const next = await fetchNext(step.request, found.certain, time.signal, means);
      if (next.kind === "end") more = false;
      if (next.kind === "failed") {
        more = true;
        warnings.push(`Page ${read.length + 1} could not be read: ${next.error.message}`);
        warnings.push(`There are more pages. ${goOn(means, reading.request, step, undefined)}`);
      }
      if (next.kind !== "read") break;
      const turning: readonly string[] =
        read.length === 1 ? turningListPath(first.data, next.answer.data, path, pathname) : path;
      if (turning !== path) {
        path = turning;
        start = readPage(first, prepared, path, searching);
        reading.page = start;
        // What is counted, or begins after an id, was that of another list.
        if (JSON.stringify(findNextPage(start)) !== JSON.stringify(found)) continue;
      }
      const page = readPage(next.answer, step.request, path, searchFields(api, step.request), start);
      const { items = [] } = page;
      if (items.length === 0 && !findNextPage(page)?.certain) {
        if (found.certain) ending = next.answer;
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
  return { answer: joinPages(read, path, warnings, ending), pages: read.length, more };
}

function readPage(
  answer: FetchedAnswer,
  request: PreparedRequest,
  path: readonly string[],
  fields: readonly BodyField[] = [],
  first?: PageRead,
): PageRead {
  const { data, headers = {} } = answer;
  const items = itemsOf(data, path);
  return { data, headers, url: request.url, fields, target: request.target, items, ...(first && { first }) };
}

interface Step {
  kind: "next";
  request: PreparedRequest;
  /** Fields of the body that ask for the page. */
  inBody: Readonly<Record<string, string>>;
}

function requestOf(
  next: NextPage,
  request: PreparedRequest,
  fields: readonly BodyField[],
  api: ApiDescription,
): Step | { kind: "stuck"; reason: string } {
  if (next.kind === "unknown") {
    const value = api.secrets.inText(next.value).slice(0, 200);
    return { kind: "stuck", reason: `There are more pages: the answer's ${next.field} is ${JSON.stringify(value)}.` };
  }
  if (next.kind === "query") {
    const isInBody = ([name]: [string, string]) => fields.some((field) => field.name === name);
    const values = Object.entries(next.values);
    const inBody = Object.fromEntries(values.filter(isInBody));
    const inQuery = Object.fromEntries(values.filter((entry) => !isInBody(entry)));
    return { kind: "next", request: searchWith(api, pageWith(request, inQuery), fields, inBody), inBody };
  }
  try {
    return { kind: "next", request: pageAt(api, request, next.url), inBody: {} };
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

/** How the model gets the page that comes next. `limit`: pages that max_pages could follow at once, where it could. */
function goOn(
  { api, advice }: PageMeans,
  before: PreparedRequest,
  { request: after, inBody }: Step,
  limit: number | undefined,
): string {
  const query = askedBy(api, before.url, after.url);
  const body = Object.fromEntries(Object.entries(inBody).filter(([, value]) => api.secrets.inText(value) === value));
  const operation =
    before.url.pathname === after.url.pathname ? undefined : `${after.method} ${api.secrets.inText(after.path)}`;
  const how = advice.page({ operation, query, body });
  if (how === undefined) return "This tool has no argument to ask for them.";
  const most = advice.followsPages ? limit : undefined;
  if (how.length <= MAX_TOLD)
    return `${how}${most === undefined ? "" : `, or read up to ${most} at once with max_pages`}.`;
  // A part of an address is none.
  const instead = advice.followsPages
    ? most === undefined
      ? ` apis.${api.name}.maxPages is ${api.settings.maxPages}.`
      : ` Read up to ${most} at once with max_pages.`
    : "";
  return `The next one's address is too long to tell.${instead}`;
}

function keyOf({ url, body }: PreparedRequest): string {
  return `${url.href}\n${typeof body === "string" ? body : ""}`;
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
