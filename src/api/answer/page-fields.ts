import { isObject } from "../openapi/document.ts";

/** What an answer says of pages, apart from its items. */
export interface PageFields {
  /** The first of these fields that has a text, a number or a flag, by names without case, separators and signs. */
  find(names: readonly string[]): string | number | boolean | undefined;
  /** How the field of that plain name is written. */
  spellingOf(name: string): string | undefined;
  /** The address of the next page, as it is written. */
  nextUrl: string | undefined;
  /** Whether a field that would say what comes next is there and empty. */
  ended: boolean;
  /** What a flag says, such as `has_more`; undefined where there is none. */
  hasMore: boolean | undefined;
}

/** Objects that hold such fields, wherever they are in another one of them. */
const HOLDERS = new Set(
  (
    "meta metadata pagination paging pageinfo responsemetadata cursors cursor links link page pages resultinfo info data d " +
    "result results response pager paginginfo pagemetadata listmetadata nextpage"
  ).split(" "),
);
const MAX_DEPTH = 4;
const URL_FIELDS =
  "next nextlink odatanextlink nextpageurl nexturl nextpage nexthref nextrecordsurl nextpagelink nextpageuri nexturi nextpath".split(
    " ",
  );
const NEXT_FIELDS = [
  ...URL_FIELDS,
  ..."nextcursor nextpagetoken nexttoken nextmarker nextcontinuationtoken nextoffset nextpagecursor".split(" "),
];
const MORE = "hasmore hasnext hasnextpage hasmoreitems hasmoreresults more istruncated truncated".split(" ");
const LAST = "last islast islastpage lastpage".split(" ");

const KNOWN = new Set([...NEXT_FIELDS, ...MORE, ...LAST, "links", "link"]);

/** A name without case, separators and signs: `@odata.nextLink` and `next_link` differ by what they say alone. */
export function plainName(name: string): string {
  return /^[a-z0-9]*$/.test(name) ? name : name.toLowerCase().replace(/[^a-z0-9]/g, "");
}

/** Whether a field of that plain name says whether there is a next page, or where. */
export function isPageField(name: string): boolean {
  return KNOWN.has(name);
}

/** Whether an object of that plain name may hold such fields. */
export function isHolder(name: string): boolean {
  return HOLDERS.has(name);
}

/** Whether an answer has any field that may tell of pages, those of the plain names `wanted` included. */
export function hasPageFields(data: unknown, wanted: ReadonlySet<string>): boolean {
  return holdersOf(data, wanted).length > 0;
}

/** `wanted`: the plain names that `find` and `spellingOf` are asked for. */
export function readPageFields(data: unknown, wanted: ReadonlySet<string>): PageFields {
  const holders = holdersOf(data, wanted);
  const find = (names: readonly string[]) => {
    for (const name of names) {
      for (const fields of holders) {
        const value = fields.get(name)?.value;
        if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") return value;
      }
    }
    return undefined;
  };
  const spellingOf = (name: string) => holders.find((fields) => fields.has(name))?.get(name)?.name;
  let hasMore: boolean | undefined;
  for (const fields of holders) {
    for (const name of MORE) hasMore ??= flagOf(fields.get(name)?.value);
    for (const name of LAST) {
      const last = fields.get(name)?.value;
      if (typeof last === "boolean") hasMore ??= !last;
    }
  }
  return { find, spellingOf, nextUrl: nextUrlOf(holders), hasMore, ended: isEnded(holders) };
}

function flagOf(value: unknown): boolean | undefined {
  return typeof value === "boolean" ? value : undefined;
}

type Fields = Map<string, { name: string; value: unknown }>;

/** The objects that have fields of which something is known; most answers have none. */
function holdersOf(data: unknown, wanted: ReadonlySet<string>): Fields[] {
  const found: Fields[] = [];
  let level = isObject(data) ? [data] : [];
  for (let depth = 0; depth < MAX_DEPTH && level.length > 0; depth++) {
    const below: Record<string, unknown>[] = [];
    for (const object of level) {
      const fields: Fields = new Map();
      for (const name of Object.keys(object)) {
        const plain = plainName(name);
        const value = object[name];
        if ((KNOWN.has(plain) || wanted.has(plain)) && !fields.has(plain)) fields.set(plain, { name, value });
        if (isObject(value) && HOLDERS.has(plain)) below.push(value);
      }
      if (fields.size > 0) found.push(fields);
    }
    level = below;
  }
  return found;
}

function nextUrlOf(holders: readonly Fields[]): string | undefined {
  for (const fields of holders) {
    for (const name of URL_FIELDS) {
      const url = urlOf(fields.get(name)?.value);
      if (url !== undefined) return url;
    }
    for (const name of ["links", "link"]) {
      const links = fields.get(name)?.value;
      if (!Array.isArray(links)) continue;
      const next = links.find((link) => isObject(link) && [link.rel, link.relation].includes("next")) as
        | object
        | undefined;
      const url = urlOf(next);
      if (url !== undefined) return url;
    }
  }
  return undefined;
}

/** An address, or the one that an object or a list of one has (HAL, JSON:API). */
function urlOf(value: unknown): string | undefined {
  if (typeof value === "string") return /^(?:https?:)?\/\/|^[/?]/i.test(value) ? value : undefined;
  if (Array.isArray(value)) return urlOf(value[0]);
  if (!isObject(value)) return undefined;
  for (const name of ["href", "url", "uri"]) {
    const url = value[name];
    if (typeof url === "string" && url !== "") return url;
  }
  return undefined;
}

function isEnded(holders: readonly Fields[]): boolean {
  return holders.some((fields) =>
    NEXT_FIELDS.some((name) => fields.has(name) && [null, "", false].includes(fields.get(name)?.value as never)),
  );
}
