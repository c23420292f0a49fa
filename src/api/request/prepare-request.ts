import { type ErrorIssue, ToolError } from "../../errors.ts";
import type { ApiRequest, PreparedRequest, Target } from "../api-request.ts";
import type { ApiDescription } from "../configured-api.ts";
import { assertContained, basePathOf, encodeStrictly } from "../contained-path.ts";
import type { CallCredential } from "../credentials/credentials.ts";
import { readStructure } from "../exact-json.ts";
import { assertAllowed, findTarget, placeholderParameter } from "../find-target.ts";
import { isSafe } from "../network/safe-methods.ts";
import { isObject } from "../openapi/document.ts";
import { PLACES } from "../operation.ts";
import { type BuiltBody, buildBody } from "./build-body.ts";
import { type Arguments, invalidArguments, pointer } from "./check-arguments.ts";
import { carriesKey, headerOf, idempotencyKeyOf, withHeader } from "./idempotency-key.ts";
import type { KeptAnswers } from "./kept-file.ts";
import { buildHeaders, type PlacedCredential } from "./request-headers.ts";
import { serializeInPath, serializeInQuery } from "./serialize-parameter.ts";

const MAX_URL = 16_384;

/**
 * What is sent for a call, checked in full: nothing goes out, not even for a token, before all of it is right.
 * @param kept The answers that the caller may pass on.
 * @param secretHeaders Lower-case names of the headers that hold a secret of the user.
 * @throws ToolError `unknown_operation`, `invalid_input`, `forbidden`, `invalid_config`.
 */
export async function prepareRequest(
  api: ApiDescription,
  given: ApiRequest,
  credentialOf: (target: Target) => Promise<CallCredential>,
  kept: KeptAnswers = () => undefined,
  secretHeaders?: ReadonlySet<string>,
): Promise<PreparedRequest> {
  const request = withPlacesRead(given);
  const target = findTarget(api, request);
  const key = idempotencyKeyOf(api, target, request);
  const body = (headers: Readonly<Record<string, unknown>>): Promise<BuiltBody> => {
    const wantedType = headerOf(headers, "content-type") ?? headerOf(api.settings.headers, "content-type");
    return buildBody(target, request, wantedType, { document: api.document?.source, checker: api.checker, kept });
  };
  let args: Arguments;
  try {
    args = await api.checker.parameters(target, withHeader(target, request, key));
  } catch (error) {
    return await refuse(target, error, () => body(isObject(request.header) ? request.header : {}));
  }
  if (key) args.header[key.name] ??= key.value;
  const path = fillPath(target, args.path);
  if (path.length > MAX_URL) throw tooLong();
  assertContained(path);
  assertAllowed(api, target.method, path, target.itself);
  const built = await body(args.header);

  const carried = await credentialOf(target);
  const url = urlOf(target, path, buildQuery(target, args.query, carried));
  if (url.href.length > MAX_URL) throw tooLong();
  const headers = buildHeaders(api, target, args.header, args.cookie, carried, secretHeaders);
  if (built.contentType !== undefined) headers["content-type"] = built.contentType;
  else if (headers["content-type"] !== undefined) delete headers["content-type"];
  return {
    target,
    method: target.method,
    url,
    path,
    headers,
    body: built.body,
    ...(built.parts && { parts: built.parts }),
    idempotent: isSafe(target.method) || carriesKey(api, headers),
    configured: configuredNames(target, carried),
    warnings: [...warningsOf(target, args), ...(built.warnings ?? [])],
    credentialId: carried.id,
  };
}

/** Models write objects as JSON text; a text that is none stays, to be refused. */
function withPlacesRead(request: ApiRequest): ApiRequest {
  const texts = PLACES.filter((place) => typeof (request[place] as unknown) === "string");
  if (texts.length === 0) return request;
  return { ...request, ...Object.fromEntries(texts.map((place) => [place, readStructure(request[place])])) };
}

/** Refuses parameters together with what is wrong with the body, so that a model mends all of it at once. */
async function refuse(target: Target, error: unknown, body: () => Promise<BuiltBody>): Promise<never> {
  const issues = issuesOf(error);
  if (issues.length === 0) throw error;
  const others = await body().then(() => [], issuesOf);
  throw others.length > 0 ? invalidArguments(target, [...issues, ...others]) : error;
}

function issuesOf(error: unknown): readonly ErrorIssue[] {
  return error instanceof ToolError && error.code === "invalid_input" ? (error.issues ?? []) : [];
}

/** The names of a query's parameters. */
function namesOf(query: string): string[] {
  if (query === "") return [];
  // Most hold one pair in which nothing has to be decoded.
  if (/^[\w.~-]+=[^&+%]*$/.test(query)) return [query.slice(0, query.indexOf("="))];
  return [...new URLSearchParams(query).keys()];
}

type ConfiguredNames = PreparedRequest["configured"];
const configuredNamesOf = new WeakMap<CallCredential, ConfiguredNames>();

/** What a credential is carried with is the same for each call of an operation. */
function configuredNames(target: Target, carried: CallCredential): ConfiguredNames {
  const known = configuredNamesOf.get(carried);
  if (known) return known;
  const { headers, placed } = carried;
  const names = {
    header: [...Object.keys(headers), ...placedIn(placed, "header")].map((name) => name.toLowerCase()),
    query: [...namesOf(target.base.search.slice(1)), ...placedIn(placed, "query")],
    cookie: placedIn(placed, "cookie"),
  };
  configuredNamesOf.set(carried, names);
  return names;
}

function placedIn(placed: readonly PlacedCredential[], place: PlacedCredential["in"]): string[] {
  return placed.flatMap((credential) => (credential.in === place ? [credential.name] : []));
}

function warningsOf(target: Target, given: Arguments): string[] {
  return target.details.parameters.flatMap((parameter) =>
    parameter.deprecated && Object.hasOwn(given[parameter.in], parameter.name)
      ? [`${pointer(parameter.in, parameter.name)} is deprecated`]
      : [],
  );
}

function tooLong(): ToolError {
  return new ToolError("invalid_input", `The URL would be longer than ${MAX_URL} characters.`, {
    hint: "Give shorter values, or send them in the body.",
  });
}

function fillPath(target: Target, values: Readonly<Record<string, unknown>>): string {
  let path = "";
  for (const [place, part] of partsOf(target).entries()) {
    path += place % 2 === 0 ? part : pathValue(target, part, values[part]);
  }
  return path;
}

const templateParts = new WeakMap<Target["details"], readonly string[]>();

/** What stands between the placeholders of the path, and at every second place the name of one. */
function partsOf({ details, template }: Target): readonly string[] {
  let parts = templateParts.get(details);
  if (!parts) {
    parts = template.split(/\{([^{}/]+)\}/);
    templateParts.set(details, parts);
  }
  return parts;
}

/** The text of a path parameter. @throws ToolError `invalid_input`, `forbidden` */
function pathValue(target: Target, name: string, value: unknown): string {
  const parameter =
    target.details.parameters.find((entry) => entry.in === "path" && entry.name === name) ?? placeholderParameter(name);
  if (typeof value === "string" && !value.isWellFormed()) {
    throw invalidArguments(target, [{ path: pointer("path", name), message: "holds half a surrogate pair" }]);
  }
  const text = serializeInPath(parameter, value);
  // Before anything is decoded or folded, which takes long for a long text.
  if (text.length > MAX_URL) throw tooLong();
  if (text === "") throw invalidArguments(target, [{ path: pointer("path", name), message: "must not be empty" }]);
  try {
    assertContained(`/${text}`);
  } catch (error) {
    if (!(error instanceof ToolError)) throw error;
    const why = error.message.replace(/^The path ".*?" (?=holds|is )/s, "");
    throw new ToolError(error.code, `The path parameter "${name}" ${why}`, {
      hint: "A path parameter is one name or id.",
      issues: [{ path: pointer("path", name), message: why }],
    });
  }
  return text;
}

interface Place {
  origin: string;
  /** Without slashes at its end. */
  basePath: string;
  /** Without the question mark. */
  query: string;
}

const places = new WeakMap<URL, Place>();

/** A base URL in pieces; of each base they are taken once. */
function placeOf(base: URL): Place {
  let place = places.get(base);
  if (!place) {
    place = { origin: base.origin, basePath: basePathOf(base), query: base.search.slice(1) };
    places.set(base, place);
  }
  return place;
}

/** The URL below the API's own; what a parser would change on it is a path that means something else than it says. */
function urlOf({ base, itself }: Target, path: string, query: string): URL {
  const { origin, basePath } = placeOf(base);
  const pathname = itself ? base.pathname : basePath + path;
  // In a query, a number sign would begin the fragment.
  const url = new URL(`${origin}${pathname}${query === "" ? "" : `?${query.replaceAll("#", "%23")}`}`);
  if (url.origin !== origin || url.pathname !== pathname) {
    throw new ToolError("forbidden", `The path ${JSON.stringify(path.slice(0, 80))} does not stay inside the API.`);
  }
  return url;
}

function buildQuery(
  target: Target,
  query: Readonly<Record<string, unknown>>,
  { placed, reserves }: CallCredential,
): string {
  const fixed = namesOf(target.fixedQuery);
  const isTaken = (key: string) => fixed.includes(key) || reserves("query", key);
  const pairs = [placeOf(target.base).query];
  for (const pair of target.fixedQuery === "" ? [] : target.fixedQuery.split("&")) {
    // A document is data: it does not take the place of credentials.
    if (!namesOf(pair).some((key) => reserves("query", key))) pairs.push(pair);
  }
  let length = 0;
  for (const [name, value] of Object.entries(query)) {
    if (!name.isWellFormed()) throw new ToolError("invalid_input", "A query parameter's name is no valid text.");
    const declared = target.details.parameters.find((entry) => entry.in === "query" && entry.name === name);
    const nested = typeof value === "object" && !Array.isArray(value);
    const style = nested ? "deepObject" : "form";
    const made = serializeInQuery(declared ?? { name, style, explode: true, allowReserved: false }, value);
    // Compared as it is sent: an object spreads over several names.
    if (isTaken(name) || made.some((pair) => namesOf(pair).some((key) => key !== name && isTaken(key)))) {
      throw new ToolError(
        "forbidden",
        `The query parameter "${name.slice(0, 80)}" cannot be set by a call: the configuration or the document sets it.`,
        {
          issues: [{ path: pointer("query", name.slice(0, 80)), message: "cannot be set by a call" }],
        },
      );
    }
    for (const pair of made) {
      pairs.push(pair);
      length += pair.length + 1;
      if (length > MAX_URL) throw tooLong();
    }
  }
  for (const { in: place, name, value } of placed) {
    if (place === "query") pairs.push(`${encodeStrictly(name)}=${encodeStrictly(value)}`);
  }
  return pairs.filter((pair) => pair !== "").join("&");
}
