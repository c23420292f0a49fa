import type { LookupFunction } from "node:net";
import { abortError, ToolError } from "../errors.ts";
import type { StatusEmitter } from "../status/status-event.ts";
import { type Advice, CALL_API_ADVICE } from "./answer/advice.ts";
import { type AnswerCache, createAnswerCache } from "./answer/answer-cache.ts";
import type { AnswerStore } from "./answer/answer-store.ts";
import { followPages } from "./answer/follow-pages.ts";
import { shownHeaders } from "./answer/read-answer.ts";
import { createSelector } from "./answer/select.ts";
import { findRest, type ShapedAnswer, shapeAnswer, shapeKept } from "./answer/shape-answer.ts";
import type { ApiRequest, PreparedRequest, Target } from "./api-request.ts";
import { assertLooksUp } from "./call-policy.ts";
import { type ApiCheck, checkApi } from "./check-api.ts";
import type { ApiDescription, ApiSettings } from "./configured-api.ts";
import { type DescribedOperation, type DescribeRequest, describeNamed } from "./describe/describe-operation.ts";
import { fetchAnswer } from "./fetch-answer.ts";
import { createInFlight, until } from "./in-flight.ts";
import { type LiveApi, openLiveApi } from "./live-api.ts";
import { nameKey } from "./named-operation.ts";
import { isDocumentUrl } from "./openapi/load-document.ts";
import { type PinnedOperation, type PinnedRequest, pinOperation } from "./pinned/pinned-operations.ts";
import { createReadableApis } from "./readable-apis.ts";
import { type ShownRequest, showRequest } from "./request/dry-run.ts";
import { prepareRequest } from "./request/prepare-request.ts";
import { createApiSearch, type SearchReply, type SearchRequest } from "./search/search-apis.ts";
import { shorten } from "./shorten.ts";
import { hiderOf, markSecrets, revealRequest, type UserSecrets, withUserSecrets } from "./user-secrets.ts";

export type { ApiRequest } from "./api-request.ts";
export type { ApiCheck } from "./check-api.ts";

/** Who calls. */
export interface ApiUser {
  id: string;
}

export interface CallContext {
  signal: AbortSignal;
  status?: StatusEmitter | undefined;
  /** Whether the human has consented where `mustConfirm` wants it. Without, such a call is refused. */
  confirmed?: boolean | undefined;
  /** How the tool puts what can be done next; default: as call_api does. */
  advice?: Advice | undefined;
  /** Whether something is looked up for data: the answer is given whole, however long it is, none of it is kept, and nothing is changed. */
  looksUp?: boolean | undefined;
}

/** The answer of a successful call. */
export interface ApiResult {
  data: unknown;
  /** Where something was sent. */
  http_status?: number;
  /** Where the answer is not JSON. */
  content_type?: string;
  encoding?: "base64";
  bytes?: number;
  headers?: Record<string, string>;
  /** Requests made, where there was more than one. */
  attempts?: number;
  /** True where the answer was kept from an earlier call. */
  cached?: boolean;
  /** Where more than one page was read. */
  pages?: number;
  /** True where pages were followed and there are further ones. */
  more_pages?: boolean;
  /** Where only a part of the answer is given. */
  rest?: ShapedAnswer["rest"];
  /** A binary answer. */
  resource?: ShapedAnswer["resource"];
  /** What would be sent, where that was all that was asked for. */
  request?: ShownRequest;
  warnings?: string[];
}

export interface ApiClient {
  /**
   * Makes a call: one place for address guard, rate limit, deadline, retry, cache and response checks.
   * @throws ToolError `not_configured`, `unknown_api`, `unknown_operation`, `invalid_input`, `forbidden`, `rate_limited`,
   * `confirmation_required`, `deadline_exceeded`, `upstream_unreachable`, `upstream_error`, `invalid_response`, `too_large`, `invalid_config`, `aborted`.
   */
  call(user: ApiUser, request: ApiRequest, context: CallContext): Promise<ApiResult>;
  /**
   * Whether the human is to be asked before this call (`apis.X.confirm`): true, or undefined where the configuration of the
   * API does not want it. @throws ToolError as `call` for its arguments
   */
  mustConfirm(user: ApiUser, request: ApiRequest): Promise<true | undefined>;
  /** The method and the URL, without its query, that a call would go to; sends nothing. @throws ToolError as `call` for its arguments */
  preview(user: ApiUser, request: ApiRequest): Promise<{ method: string; url: string }>;
  /** Operations of all APIs that do what the query says, best first. @throws ToolError `not_configured`, `unknown_api` */
  search(request: SearchRequest): Promise<SearchReply>;
  /** @throws ToolError `not_configured`, `unknown_api`, `unknown_operation`, `invalid_input` where several APIs have it. */
  describe(request: DescribeRequest & { api?: string | undefined }): Promise<DescribedOperation>;
  /**
   * Operations of an API as tools, each or why it can be none. @throws ToolError where the API itself cannot be read
   */
  pinned(api: string, wanted: readonly PinnedRequest[]): Promise<(PinnedOperation | ToolError)[]>;
  /**
   * Reads each document and connects to each API, calling no operation; with `ask`, tokens are asked for where calls need
   * them. Never throws.
   */
  check(signal: AbortSignal, options?: { ask?: boolean }): Promise<ApiCheck[]>;
  close(): Promise<void>;
}

export interface ApiClientInternals {
  /** Name resolution other than the system's; for tests. */
  lookup?: LookupFunction | undefined;
  /** Secrets that users gave for calls. Without them, references are sent as they are. */
  secrets?: UserSecrets | undefined;
  /** Told once for each rule of the configuration that fits nothing of its API. */
  warn?: ((message: string) => void) | undefined;
}

/** Of answers of an API that the configuration does not have any more. */
const DEFAULT_ANSWER_LENGTH = 20_000;

/** Where no answer is kept. */
const NOT_KEPT: Pick<AnswerStore, "keep"> = { keep: () => undefined };

/** A client for all configured APIs. Nothing is read, loaded or contacted before the first call. */
export function createApiClient(
  apis: Readonly<Record<string, ApiSettings>>,
  answers: AnswerStore,
  internals: ApiClientInternals = {},
): ApiClient {
  const opened = new Map<string, Promise<LiveApi>>();
  /** Those of the opened ones that are there: their calls wait for nothing. */
  const ready = new Map<string, LiveApi>();
  const closing = new AbortController();
  const selector = createSelector();
  const cache: AnswerCache = createAnswerCache();
  const reads = createInFlight();
  const readable = createReadableApis({
    describe,
    known: (name) => ready.get(name)?.description,
    isRemote: (name) => isDocumentUrl(apis[name]?.openapi ?? ""),
  });
  const search = createApiSearch(readApis);

  /** The configured name that one means: itself, or the only one that differs in case or separators alone. */
  function nameOf(given: string): string {
    if (Object.hasOwn(apis, given)) return given;
    if (Object.keys(apis).length === 0) {
      throw new ToolError("not_configured", "No API is configured.", {
        hint: "Name one under apis in patchbay.yaml, such as apis: { weather: { apiUrl: https://api.example.com } }.",
      });
    }
    const key = nameKey(given);
    const alike = key === "" ? [] : Object.keys(apis).filter((name) => nameKey(name) === key);
    const [only] = alike;
    if (only !== undefined && alike.length === 1) return only;
    throw new ToolError("unknown_api", `There is no API "${given.slice(0, 60)}".`, {
      hint: `APIs: ${Object.keys(apis).join(", ")}.`,
    });
  }

  function open(given: string): Promise<LiveApi> {
    const name = nameOf(given);
    let api = opened.get(name);
    if (!api) {
      api = openLiveApi(name, apis[name]!, { lookup: internals.lookup, signal: closing.signal });
      opened.set(name, api);
      const opening = api;
      api.then(
        (live) => {
          if (opened.get(name) === opening) ready.set(name, live);
          const misfits = live.description.misfits().filter(({ doubtful }) => !doubtful);
          for (const { message, hint } of misfits) internals.warn?.(`${message} ${hint}`);
        },
        // A document that was mended is read again.
        () => opened.delete(name),
      );
    }
    ready.get(name)?.renewWhereOld();
    return api;
  }

  async function describe(name: string): Promise<ApiDescription> {
    return (await open(name)).description;
  }

  /** The named API, else all, each or why it cannot be had. */
  async function readApis(given: string | undefined): Promise<(ApiDescription | ToolError)[]> {
    const isAll = given === undefined && Object.keys(apis).length > 0;
    return isAll ? readable(Object.keys(apis)) : [await describe(nameOf(given ?? ""))];
  }

  async function prepare(api: LiveApi, user: ApiUser, given: ApiRequest): Promise<PreparedRequest> {
    const { secrets } = internals;
    const revealed = secrets && revealRequest(secrets, user.id, api.description.name, given);
    const kept = (id: string) => answers.get(user.id, id);
    const credentialOf = (target: Target) => api.credentials.of(user, target);
    const request = revealed?.request ?? given;
    const prepared = await prepareRequest(api.description, request, credentialOf, kept, revealed?.headers);
    const hider = hiderOf(secrets, user.id);
    return revealed && hider ? markSecrets(prepared, revealed, hider) : prepared;
  }

  /** What a call would send, references in the place of secrets where they would do as well. */
  async function show(api: LiveApi, user: ApiUser, request: ApiRequest, prepared: PreparedRequest) {
    const shown = { ...showRequest(api.description, prepared) };
    if (prepared.references === undefined) return shown;
    const kept = (id: string) => answers.get(user.id, id);
    const credentialOf = (target: Target) => api.credentials.of(user, target);
    const headers = new Set(Object.keys(prepared.headers));
    try {
      const asGiven = await prepareRequest(api.description, request, credentialOf, kept, headers);
      return showRequest(api.description, asGiven);
    } catch {
      return shown;
    }
  }

  /** The API for a call of this user. */
  function forUser(api: LiveApi, user: ApiUser): LiveApi {
    const hider = hiderOf(internals.secrets, user.id);
    return hider ? withUserSecrets(api, hider) : api;
  }

  async function call(user: ApiUser, request: ApiRequest, context: CallContext): Promise<ApiResult> {
    const { signal, status, confirmed = false, advice = CALL_API_ADVICE, looksUp = false } = context;
    if (request.rest !== undefined) return nextPart(user, request, request.rest, { signal, advice });
    const opening = open(request.api);
    const api = forUser(ready.get(nameOf(request.api)) ?? (await until(opening, signal)), user);
    const { description } = api;
    const { name, settings } = description;
    if (signal.aborted) throw abortError(signal);
    const prepared = await prepare(api, user, request);
    if (looksUp) assertLooksUp(name, prepared.method);
    if (!confirmed && !request.dryRun && description.consent(prepared.method, prepared.path)) {
      throw new ToolError(
        "confirmation_required",
        `The user has to confirm ${prepared.method} of API "${name}" first.`,
        {
          hint: "Make this call with call_api or the API's own tool, which ask the user.",
        },
      );
    }
    const notes = prepared.warnings;
    if (request.dryRun) {
      return {
        data: null,
        request: await show(api, user, request, prepared),
        ...(notes.length > 0 && { warnings: [...notes] }),
      };
    }
    status?.progress(`Calling ${name} ${prepared.method} ${shorten(prepared.path)}`);
    try {
      const fetch = (page: PreparedRequest, pageSignal: AbortSignal) =>
        fetchAnswer(page, { api, user, cache, reads, signal: pageSignal, status });
      const first = await fetch(prepared, signal);
      const pageMeans = { api: description, maxPages: request.maxPages ?? 1, advice, fetch, signal, status };
      const { answer, pages, more } = await followPages(first, prepared, pageMeans);
      status?.progress(`Received ${answer.http_status} from ${name}`);
      const { warnings, ...shaped } = await shapeAnswer(answer, request, {
        user: user.id,
        api: name,
        operation: prepared.target.id,
        maxLength: looksUp ? Number.POSITIVE_INFINITY : settings.maxAnswerLength,
        answers: looksUp ? NOT_KEPT : answers,
        advice,
        selector,
        signal,
      });
      return {
        ...shaped,
        http_status: answer.http_status,
        ...(answer.headers && { headers: shownHeaders(answer.headers) }),
        ...(answer.attempts > 1 && { attempts: answer.attempts }),
        ...(answer.cached && { cached: true }),
        ...(pages > 1 && { pages }),
        ...(more && { more_pages: true }),
        ...(notes.length + warnings.length > 0 && { warnings: [...notes, ...warnings] }),
      };
    } catch (error) {
      if (signal.aborted) throw abortError(signal);
      throw withWarnings(error, notes);
    }
  }

  /** A part of an answer that is kept; nothing is called, so that it can be had of any API. */
  async function nextPart(
    user: ApiUser,
    request: ApiRequest,
    rest: string,
    how: { signal: AbortSignal; advice: Advice },
  ): Promise<ApiResult> {
    const place = findRest(answers, user.id, rest);
    const { api, operation } = place.kept;
    const maxLength = apis[api]?.maxAnswerLength ?? DEFAULT_ANSWER_LENGTH;
    const means = { user: user.id, api, operation, maxLength, answers, selector, ...how };
    const { warnings, ...part } = await shapeKept(place, request, means);
    return { ...part, ...(warnings.length > 0 && { warnings }) };
  }

  async function preview(user: ApiUser, request: ApiRequest): Promise<{ method: string; url: string }> {
    const api = forUser(await open(request.api), user);
    const { description } = api;
    const { method, url } = await prepare(api, user, request);
    return { method, url: description.secrets.inText(url.origin + url.pathname) };
  }

  async function mustConfirm(user: ApiUser, request: ApiRequest): Promise<true | undefined> {
    const { confirm } = apis[nameOf(request.api)]!;
    if (confirm === false || (Array.isArray(confirm) && confirm.length === 0)) return undefined;
    const api = await open(request.api);
    const { method, path } = await prepare(api, user, request);
    return api.description.consent(method, path) || undefined;
  }

  return {
    call,
    preview,
    mustConfirm,
    search,
    async describe({ api, ...request }) {
      const loaded = await readApis(api);
      const known = loaded.filter((each): each is ApiDescription => !(each instanceof ToolError));
      if (known.length === 0) throw loaded[0];
      return describeNamed(known, request);
    },
    async pinned(name, wanted) {
      const api = await describe(name);
      return wanted.map((request) => {
        try {
          return pinOperation(api, request);
        } catch (error) {
          if (error instanceof ToolError) return error;
          throw error;
        }
      });
    },
    check(signal, { ask = false } = {}) {
      const all = Object.entries(apis);
      return Promise.all(all.map(([name, api]) => checkApi(name, api, () => open(name), { signal, ask })));
    },
    async close() {
      const all = [...opened.values()];
      opened.clear();
      ready.clear();
      closing.abort(new ToolError("aborted", "The server is closing."));
      await selector.close();
      for (const opening of all) {
        const api = await opening.catch(() => undefined);
        await api?.credentials.close();
        await api?.exchange.close();
      }
    },
  };
}

/** What is worth knowing of a request says most where the API did not like it. */
function withWarnings(error: unknown, warnings: readonly string[]): unknown {
  if (!(error instanceof ToolError) || error.details?.http_status === undefined || warnings.length === 0) return error;
  const { code, message, hint, retryable, retryAfterMs, issues, details, statusLine, cause } = error;
  const more = { ...details, warnings: [...warnings] };
  return new ToolError(code, message, { hint, retryable, retryAfterMs, issues, details: more, statusLine, cause });
}
