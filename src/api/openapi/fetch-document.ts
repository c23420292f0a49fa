import type { LookupFunction } from "node:net";
import { ToolError } from "../../errors.ts";
import { hostOf, type Reach, reachOf } from "../network/address-guard.ts";
import { createExchange, type Exchange, type HttpAnswer } from "../network/exchange.ts";
import { belowSelf } from "./document-files.ts";
import { type FileSource, OutOfReach } from "./external-references.ts";
import { MAX_DOCUMENT_BYTES } from "./parse-document.ts";

const MAX_REDIRECTS = 5;
const ACCEPT = "application/vnd.oai.openapi+json, application/json, application/yaml, text/yaml, */*;q=0.5";

/** What limits the fetching of an API's document. */
export interface FetchLimits {
  api: string;
  /** Whether the host of the document's URL may have private addresses although its name does not say so. */
  trusted: boolean;
  /** Milliseconds. */
  connectTimeoutMs: number;
  /** Fires when the time for the document and all its files is over. */
  signal: AbortSignal;
  /** Name resolution other than the system's; for tests. */
  lookup?: LookupFunction | undefined;
}

export interface FetchedDocument {
  bytes: Uint8Array;
  /** Where it was found, redirects followed; without user information and fragment. */
  url: URL;
  reach: Reach;
}

/** Fetches documents over connections that are closed with it. */
export interface DocumentFetcher {
  /**
   * The document at a URL of the configuration. No credentials of the API are sent: only the user information of the URL
   * itself, and that to its own origin only. A redirect is followed to public addresses, or to the same site.
   * @throws ToolError `invalid_config`, `upstream_unreachable`, `forbidden`, `too_large`; the signal's reason once it fires.
   */
  fetch(configured: URL): Promise<FetchedDocument>;
  /** The files that a fetched document refers to: those of its own origin. */
  filesAround(document: FetchedDocument, self: URL | undefined): FileSource;
  close(): Promise<void>;
}

export function createDocumentFetcher({
  api,
  signal,
  trusted,
  connectTimeoutMs,
  lookup,
}: FetchLimits): DocumentFetcher {
  const exchanges = new Map<string, Exchange>();
  const exchangeWith = (base: URL, reach: Reach): Exchange => {
    const key = `${reach} ${base.origin}`;
    let exchange = exchanges.get(key);
    if (!exchange) {
      exchange = createExchange({ api, base, reach, connectTimeoutMs, maxResponseBytes: MAX_DOCUMENT_BYTES, lookup });
      exchanges.set(key, exchange);
    }
    return exchange;
  };

  /** The origin whose user information the configured URL holds. */
  let known: { origin: string; authorization: string } | undefined;

  async function get(start: URL, reach: Reach, mayLeave: boolean): Promise<FetchedDocument> {
    let url = start;
    for (let hops = 0; ; hops++) {
      const at = isSameSite(start, url) ? reach : "public";
      const headers = {
        accept: ACCEPT,
        "user-agent": "patchbay-mcp",
        ...(known?.origin === url.origin && { authorization: known.authorization }),
      };
      const answer = await exchangeWith(url, at).send({ method: "GET", url, headers, body: null }, signal);
      const { location } = answer.headers;
      if (![301, 302, 303, 307, 308].includes(answer.status) || location === undefined) {
        if (answer.status === 200) return { bytes: answer.bytes, url, reach: at };
        throw refusal(answer);
      }
      if (hops >= MAX_REDIRECTS) throw new OutOfReach(`redirects more than ${MAX_REDIRECTS} times`);
      const next = URL.canParse(location, url.href) ? bare(new URL(location, url)) : undefined;
      if (!next || !/^https?:$/.test(next.protocol)) throw new OutOfReach("redirects to what is no http or https URL");
      if (url.protocol === "https:" && next.protocol === "http:") throw new OutOfReach("redirects from https to http");
      if (!mayLeave && next.origin !== url.origin) throw new OutOfReach("redirects to another origin");
      url = next;
    }
  }

  return {
    async fetch(configured) {
      try {
        if (configured.username + configured.password !== "") {
          known = { origin: configured.origin, authorization: basic(configured) };
        }
        return await get(bare(configured), reachOf(configured, true, trusted), true);
      } catch (error) {
        throw asToolError(error, api, configured, signal);
      }
    },
    filesAround({ url: document, reach }, self) {
      return {
        nameOf(reference, from) {
          const written = self === undefined ? reference : belowSelf(reference, self);
          const base = from === "" ? document.href : from;
          if (written === "") return "";
          if (!URL.canParse(written, base)) throw new OutOfReach("is no URL");
          const url = new URL(written, base);
          url.hash = "";
          if (url.origin !== document.origin) throw new OutOfReach("is of another origin than the document");
          if (url.username + url.password !== "") throw new OutOfReach("is a URL with a password");
          const itself = url.href === document.href || (url.search === "" && url.pathname === document.pathname);
          return itself ? "" : url.href;
        },
        async read(name) {
          try {
            return (await get(new URL(name), reach, false)).bytes;
          } catch (error) {
            signal.throwIfAborted();
            if (error instanceof OutOfReach) throw error;
            if (error instanceof ToolError) throw new OutOfReach("cannot be fetched", { cause: error });
            throw error;
          }
        },
      };
    },
    async close() {
      await Promise.all([...exchanges.values()].map((exchange) => exchange.close()));
    },
  };
}

/** Whether what is reached at one of the two may be reached at the other: the same origin, or its https. */
export function isSameSite(known: URL, other: URL): boolean {
  if (known.origin === other.origin) return true;
  return (
    hostOf(known) === hostOf(other) && known.protocol === "http:" && other.protocol === "https:" && other.port === ""
  );
}

/** A URL as messages show it: queries and user information may be secret. */
export function shownUrl(url: URL): string {
  return `${url.origin}${url.pathname}`.slice(0, 200);
}

function bare(url: URL): URL {
  const copy = new URL(url);
  copy.username = "";
  copy.password = "";
  copy.hash = "";
  return copy;
}

function basic({ username, password }: URL): string {
  const [user, word] = [username, password].map((text) => {
    try {
      return decodeURIComponent(text);
    } catch {
      return text;
    }
  });
  return `Basic ${Buffer.from(`${user}:${word}`).toString("base64")}`;
}

function refusal({ status }: HttpAnswer): OutOfReach | Unavailable {
  if (status === 408 || status === 429 || status >= 500) return new Unavailable(`answers ${status}`);
  return new OutOfReach(`answers ${status}`);
}

/** What may be otherwise soon. */
class Unavailable extends Error {}

function asToolError(error: unknown, api: string, url: URL, signal: AbortSignal): unknown {
  if (signal.aborted) return signal.reason;
  const name = `The OpenAPI document of API "${api}", ${shownUrl(url)},`;
  if (error instanceof Unavailable || error instanceof OutOfReach) {
    const passing = error instanceof Unavailable;
    return new ToolError(passing ? "upstream_unreachable" : "invalid_config", `${name} ${error.message}.`, {
      hint: passing
        ? "It is fetched again with the next call."
        : `Check apis.${api}.openapi: it is fetched without the API's credentials. A downloaded document can be named by its path.`,
      retryable: passing,
    });
  }
  if (!(error instanceof ToolError)) return error;
  if (error.code === "too_large") {
    return new ToolError("too_large", `${name} is larger than ${MAX_DOCUMENT_BYTES} bytes.`, { cause: error });
  }
  const reason = error.message
    .replace(/^Request failed: /, "")
    .replace(/^API "[^"]*" at \S+: /, "")
    .replace(/^API "[^"]*" /, "it ");
  const hint =
    error.code === "forbidden"
      ? `If the host is meant, set apis.${api}.privateNetwork, or name in apis.${api}.openapi where the document really is.`
      : `Check apis.${api}.openapi. A downloaded document can be named by its path.`;
  return new ToolError(error.code, `${name} cannot be fetched: ${reason.replace(/\.$/, "")}.`, {
    hint,
    retryable: error.retryable,
    cause: error,
  });
}
