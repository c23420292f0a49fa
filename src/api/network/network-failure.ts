import { ToolError } from "../../errors.ts";

/** A request that got no complete answer. */
export class NetworkFailure extends ToolError {
  /** Whether the request cannot have reached the API. */
  readonly unsent: boolean;

  constructor(
    code: "upstream_unreachable" | "invalid_response",
    reason: string,
    options: { unsent: boolean; retryable: boolean; hint: string; cause: unknown },
  ) {
    super(code, `Request failed: ${reason}.`, options);
    this.name = "NetworkFailure";
    this.unsent = options.unsent;
  }
}

/** Codes of a connection that was never made, and what they mean. */
const UNSENT: Record<string, string> = {
  ECONNREFUSED: "nothing listens there",
  ENOTFOUND: "the host name is not known",
  EAI_AGAIN: "the name server does not answer",
  EHOSTUNREACH: "there is no route to the host",
  ENETUNREACH: "there is no route to its network",
  ETIMEDOUT: "it did not accept the connection in time",
  UND_ERR_CONNECT_TIMEOUT: "it did not accept the connection in time",
  EACCES: "this machine does not allow the connection",
};
const BROKEN: Record<string, string> = {
  ECONNRESET: "it closed the connection before the answer was complete",
  EPIPE: "it closed the connection before the answer was complete",
  UND_ERR_SOCKET: "it closed the connection before the answer was complete",
  UND_ERR_ABORTED: "it closed the connection before the answer was complete",
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: "the answer ended before it was complete",
};
const TLS: Record<string, string> = {
  CERT_HAS_EXPIRED: "its TLS certificate has expired",
  CERT_NOT_YET_VALID: "its TLS certificate is not valid yet",
  DEPTH_ZERO_SELF_SIGNED_CERT: "its TLS certificate is self-signed",
  SELF_SIGNED_CERT_IN_CHAIN: "its TLS certificate is signed by an unknown authority",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "its TLS certificate cannot be verified",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "its TLS certificate is signed by an unknown authority",
  ERR_TLS_CERT_ALTNAME_INVALID: "its TLS certificate is for another host",
  EPROTO: "TLS could not be agreed on; perhaps it speaks plain http",
};

/** What a failed request means, in words. `host` is the API's host and port; `sent`: whether it went onto a connection. */
export function networkFailure(
  error: unknown,
  api: string,
  host: string,
  sent = !(codeOf(error) in UNSENT),
): NetworkFailure {
  const code = codeOf(error);
  const at = `API "${api}" at ${host}`;
  if (code in TLS || code.startsWith("ERR_SSL") || code.startsWith("ERR_TLS") || code.startsWith("CERT_")) {
    return new NetworkFailure("upstream_unreachable", `${at}: ${TLS[code] ?? `TLS failed (${code})`}`, {
      unsent: true,
      retryable: false,
      hint: `Check apis.${api}.apiUrl. NODE_EXTRA_CA_CERTS names a file of further authorities.`,
      cause: error,
    });
  }
  if ((error as Error).name === "HTTPParserError" || code === "UND_ERR_HEADERS_OVERFLOW") {
    return new NetworkFailure("invalid_response", `${at}: what it answers is not HTTP, or its headers are too large`, {
      unsent: false,
      retryable: false,
      hint: `Check the scheme and the port of apis.${api}.apiUrl.`,
      cause: error,
    });
  }
  const reason =
    (sent ? BROKEN[code] : UNSENT[code]) ??
    UNSENT[code] ??
    BROKEN[code] ??
    `the connection failed${code === "" ? "" : ` (${code})`}`;
  return new NetworkFailure("upstream_unreachable", `${at}: ${reason}`, {
    unsent: !sent,
    retryable: true,
    hint: sent
      ? "The API may have carried the call out; look before you repeat one that changes something."
      : `Check that the API runs and that apis.${api}.apiUrl is right.`,
    cause: error,
  });
}

/** The code of an error or of what caused it; attempts on several addresses fail with the first one's. */
function codeOf(error: unknown): string {
  for (let at = error, depth = 0; at !== undefined && at !== null && depth < 5; depth++) {
    const { code, cause, errors } = at as { code?: unknown; cause?: unknown; errors?: unknown[] };
    if (typeof code === "string" && code !== "") return code;
    at = Array.isArray(errors) && errors.length > 0 ? errors[0] : cause;
  }
  return "";
}
