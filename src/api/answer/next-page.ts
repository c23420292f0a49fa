import type { Target } from "../api-request.ts";
import type { FetchedAnswer } from "../fetch-answer.ts";
import { isObject } from "../openapi/document.ts";
import type { Parameter } from "../operation.ts";
import { parseLinkHeader } from "./link-header.ts";
import type { BodyField } from "./page-body.ts";
import { hasPageFields, type PageFields, plainName, readPageFields } from "./page-fields.ts";

/** A page as it was read. */
export interface PageRead {
  data: unknown;
  headers: Readonly<Record<string, string>>;
  /** What it was asked for with. */
  url: URL;
  /** Fields of the body that pages may be asked for with, of a search by POST. */
  fields: readonly BodyField[];
  target: Target;
  /** Its items, where it has a list. */
  items: readonly unknown[] | undefined;
  /** The page that was asked for first, where it is another one: it shows what the first number is. */
  first?: PageRead;
}

/**
 * Where the next page is: at an address, or at the same one with other query parameters or fields of the body. `certain`: the answer says that there
 * is one; otherwise only asking tells. `unknown`: there is one, but no parameter is known that asks for it.
 */
export type NextPage =
  | { kind: "url"; url: string; certain: true }
  | { kind: "query"; values: Readonly<Record<string, string>>; certain: boolean }
  | { kind: "unknown"; field: string; value: string; certain: true };

/** Fields that hold what the next page is asked for with, and the parameters that take it, both as plain names. */
const CURSORS: readonly (readonly [field: string, parameters: string])[] = [
  ["nextcursor", "cursor nextcursor pagecursor startcursor after pageafter startingafter pagetoken"],
  ["nextpagecursor", "pagecursor cursor after"],
  ["nextpagetoken", "pagetoken nextpagetoken cursor"],
  ["nexttoken", "nexttoken pagetoken paginationtoken cursor"],
  ["paginationtoken", "paginationtoken nexttoken"],
  ["nextcontinuationtoken", "continuationtoken continuation"],
  ["continuationtoken", "continuationtoken continuation"],
  ["nextmarker", "marker nextmarker startingmarker"],
  ["nextbookmark", "bookmark"],
  ["nextkey", "startkey key cursor"],
  ["nextoffset", "offset skip start startat"],
  ["nextstart", "start startat offset"],
  ["nextpage", "page pagenumber pageno pagenum pageindex p"],
  ["next", "cursor next after pagetoken marker startingafter page offset"],
  ["endcursor", "after cursor pageafter startcursor"],
  ["after", "after pageafter cursor"],
  ["cursor", "cursor after"],
  ["pagetoken", "pagetoken"],
  ["scrollid", "scrollid"],
  ["bookmark", "bookmark"],
  ["marker", "marker"],
  ["offset", "offset"],
];
const PAGE = "page pagenumber pageno pagenum pageindex p pg currentpage".split(" ");
const OFFSET = "offset skip skipcount startat startindex start from startposition pageoffset firstresult".split(" ");
const SIZE =
  "limit perpage itemsperpage pagesize size count maxresults top pagelimit take rows maxitems max results".split(" ");
const TOTAL = "total totalcount totalresults totalitems totalrecords totalelements totalhits odatacount count".split(
  " ",
);
const CURRENT = ["page", "currentpage", "pagenumber", "pageindex", "number"];
const TOTAL_PAGES = "totalpages pagecount numpages lastpage pages".split(" ");
const PAGE_SIZE = ["perpage", "pagesize", "limit", "size"];
/** Plain names of fields that hold what the next page is asked for with. */
export const CURSOR_FIELDS: ReadonlySet<string> = new Set(CURSORS.map(([field]) => field));
/** All fields that are looked for. */
const FIELDS = new Set([...CURSOR_FIELDS, ...[OFFSET, TOTAL, CURRENT, TOTAL_PAGES, PAGE_SIZE].flat()]);

/** Whether an answer tells anything of pages; one that does not may have further ones, but says nothing of them. */
export function tellsOfPages({ data, headers }: Pick<FetchedAnswer, "data" | "headers">): boolean {
  return headers !== undefined || hasPageFields(data, FIELDS);
}

/** The page after this one; undefined where it is the last, or nothing says how to ask for another. */
export function findNextPage(page: PageRead): NextPage | undefined {
  for (const { target, rels } of parseLinkHeader(page.headers.link ?? "")) {
    if (rels.includes("next")) return { kind: "url", url: target, certain: true };
  }
  const fields = readPageFields(page.data, FIELDS);
  if (fields.hasMore === false) return undefined;
  if (fields.nextUrl !== undefined) return { kind: "url", url: fields.nextUrl, certain: true };
  const parameters = parametersOf(page);
  const cursor = nextByCursor(fields, parameters);
  if (cursor) return cursor;
  if (fields.ended && fields.hasMore !== true) return undefined;
  if (page.headers["x-next-page"] === "") return undefined;
  return (
    nextById(page, fields, parameters) ??
    nextByNumber(page, fields, parameters) ??
    nextByOffset(page, fields, parameters)
  );
}

/** The query parameter, or field of a search, that the operation has, or that was given, under the first of these plain names. */
interface Parameters {
  named(names: readonly string[]): { name: string; schema: unknown; given: string | undefined } | undefined;
  /** Whether any name may be sent: a read, and no document says which there are. */
  open: boolean;
}

type Declared = ReadonlyMap<string, { name: string; schema: unknown }>;
const declaredIn = new WeakMap<readonly Parameter[], Declared>();

/** By plain name, of which the first one counts; what the operation declares alone is read once. */
function declaredOf({ target, fields }: PageRead): Declared {
  const { parameters } = target.details;
  const known = fields.length === 0 ? declaredIn.get(parameters) : undefined;
  if (known) return known;
  const all = [...fields, ...parameters.filter((parameter) => parameter.in === "query")];
  const declared = new Map(all.map((parameter) => [plainName(parameter.name), parameter] as const).reverse());
  if (fields.length === 0) declaredIn.set(parameters, declared);
  return declared;
}

function parametersOf(page: PageRead): Parameters {
  const { target, url, fields } = page;
  const declared = declaredOf(page);
  const inBody = fields.flatMap(({ name, given }) => (given === undefined ? [] : [[name, given] as const]));
  const given = new Map([...inBody, ...url.searchParams].map((pair) => [plainName(pair[0]), pair] as const).reverse());
  return {
    open: target.open && target.method === "GET",
    named(names) {
      for (const plain of names) {
        const parameter = declared.get(plain);
        const sent = given.get(plain);
        if (!parameter && !sent) continue;
        const schema = isObject(parameter?.schema) ? parameter.schema : {};
        // A point in time, a choice or an object, whatever its name.
        if (/object|array|boolean/.test(String(schema.type)) || /date|time/.test(String(schema.format))) continue;
        if (Array.isArray(schema.enum)) continue;
        const name = (sent?.[0] ?? parameter?.name) as string;
        return { name, schema: parameter?.schema, given: sent?.[1] };
      }
      return undefined;
    },
  };
}

function nextByCursor(fields: PageFields, parameters: Parameters): NextPage | undefined {
  for (const [field, takers] of CURSORS) {
    const found = fields.find([field]);
    if ((typeof found !== "string" && typeof found !== "number") || found === "") continue;
    // Beside an empty field for the next page, others are about this one; and an offset that is a number is one.
    if (fields.ended && !field.startsWith("next")) continue;
    if (field === "offset" && numberOf(found) !== undefined) continue;
    const value = String(found);
    const parameter = parameters.named(takers.split(" "));
    // What an answer only says back is no cursor of the next page.
    if (parameter?.given === value) continue;
    const name =
      parameter?.name ?? (parameters.open ? conventionalName(field, fields.spellingOf(field) ?? field) : undefined);
    if (name !== undefined) return { kind: "query", values: { [name]: value }, certain: true };
    if (field.startsWith("next") && typeof found === "string") {
      return { kind: "unknown", field: fields.spellingOf(field) ?? field, value, certain: true };
    }
  }
  return undefined;
}

const SAME_NAME = new Set(
  "nexttoken paginationtoken continuationtoken after cursor pagetoken scrollid bookmark offset".split(" "),
);

/** How APIs call the parameter that takes a field, spelt as that is: `next_page_token` is sent as `page_token`. */
function conventionalName(field: string, spelling: string): string {
  if (SAME_NAME.has(field)) return spelling;
  if (field === "next") return "cursor";
  if (field === "endcursor") return "after";
  const rest = spelling.replace(/^next[_.-]?/i, "");
  return /^[a-z]/.test(spelling) ? rest.charAt(0).toLowerCase() + rest.slice(1) : rest;
}

/** Lists that go on after the id of their last item, such as Stripe's. */
function nextById({ data, items }: PageRead, fields: PageFields, parameters: Parameters): NextPage | undefined {
  if (fields.hasMore !== true || !items) return undefined;
  const last = items.at(-1);
  if (!isObject(last) || !(typeof last.id === "string" || typeof last.id === "number")) return undefined;
  const conventional = parameters.open && isObject(data) && data.object === "list" ? "starting_after" : undefined;
  const name = parameters.named(["startingafter", "afterid", "after"])?.name ?? conventional;
  return name === undefined ? undefined : { kind: "query", values: { [name]: String(last.id) }, certain: true };
}

function nextByNumber(page: PageRead, fields: PageFields, parameters: Parameters): NextPage | undefined {
  const parameter = parameters.named(PAGE);
  const header = (name: string) => numberOf(page.headers[name]);
  const stated = header("x-next-page");
  const totalPages = header("x-total-pages") ?? numberOf(fields.find(TOTAL_PAGES));
  const said = numberOf(fields.find(CURRENT));
  const certain = fields.hasMore === true || stated !== undefined;
  if (!parameter && !(parameters.open && (certain || (totalPages !== undefined && said !== undefined))))
    return undefined;
  const name = parameter?.name ?? "page";
  if (stated !== undefined) return { kind: "query", values: { [name]: String(stated) }, certain: true };
  const schema = isObject(parameter?.schema) ? parameter.schema : {};
  const zero =
    [numberOf(schema.default), numberOf(schema.minimum)].includes(0) || beginsAtZero(page.first ?? page, name);
  const first = zero ? 0 : 1;
  const current = numberOf(parameter?.given) ?? said ?? first;
  const next = { kind: "query", values: { [name]: String(current + 1) } } as const;
  if (totalPages !== undefined) return current - first + 1 < totalPages ? { ...next, certain: true } : undefined;
  if (!page.items || page.items.length === 0) return undefined;
  const total = totalOf(page, fields);
  if (total !== undefined) {
    const size = sizeOf(fields, parameters) ?? (page.first ?? page).items?.length ?? 0;
    return (current - first) * size + page.items.length < total ? { ...next, certain: true } : undefined;
  }
  return { ...next, certain };
}

/** Whether the page that is given where none is asked for calls itself 0. */
function beginsAtZero({ url, fields, data }: PageRead, name: string): boolean {
  const isAsked =
    url.searchParams.has(name) || fields.some((field) => field.name === name && field.given !== undefined);
  return !isAsked && numberOf(readPageFields(data, FIELDS).find(CURRENT)) === 0;
}

function nextByOffset(page: PageRead, fields: PageFields, parameters: Parameters): NextPage | undefined {
  const parameter = parameters.named(OFFSET);
  const { items } = page;
  if (!items || items.length === 0 || !parameter) return undefined;
  const given = parameter.given;
  const schema = isObject(parameter.schema) ? parameter.schema : {};
  // What is no number is a cursor, an id or a date, as those that are called `from` often are.
  const isNumber =
    /integer|number/.test(String(schema.type)) || (given === undefined && /offset|skip/i.test(parameter.name));
  if (given === undefined ? !isNumber : numberOf(given) === undefined) return undefined;
  const said = numberOf(fields.find([plainName(parameter.name)]));
  // SCIM and OpenSearch count from 1.
  const begun = numberOf(readPageFields((page.first ?? page).data, FIELDS).find([plainName(parameter.name)]));
  const isZero = numberOf(schema.minimum) === 0 || begun === 0;
  const first = plainName(parameter.name) === "startindex" && !isZero ? 1 : 0;
  const current = numberOf(given) ?? said ?? numberOf(schema.default) ?? first;
  const next = { kind: "query", values: { [parameter.name]: String(current + items.length) } } as const;
  const total = totalOf(page, fields);
  if (total !== undefined) return current - first + items.length < total ? { ...next, certain: true } : undefined;
  return { ...next, certain: fields.hasMore === true };
}

/** How many items there are on all pages. A count that is no larger than the page may be that of the page. */
function totalOf({ headers, items = [] }: PageRead, fields: PageFields): number | undefined {
  const header = numberOf(headers["x-total-count"]);
  if (header !== undefined) return header;
  for (const name of TOTAL) {
    const total = numberOf(fields.find([name]));
    if (total !== undefined && (name !== "count" || total > items.length)) return total;
  }
  return undefined;
}

function sizeOf(fields: PageFields, parameters: Parameters): number | undefined {
  return numberOf(fields.find(PAGE_SIZE)) ?? numberOf(parameters.named(SIZE)?.given);
}

function numberOf(value: unknown): number | undefined {
  if (typeof value === "number") return Number.isSafeInteger(value) && value >= 0 ? value : undefined;
  return typeof value === "string" && /^\d{1,15}$/.test(value) ? Number(value) : undefined;
}
