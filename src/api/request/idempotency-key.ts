import { randomUUID } from "node:crypto";
import { ToolError } from "../../errors.ts";
import type { ApiRequest, Target } from "../api-request.ts";
import type { ApiDescription } from "../configured-api.ts";
import { isSafe } from "../network/safe-methods.ts";

/**
 * Keys by which an API tells a repetition of the same change from a new one (draft-ietf-httpapi-idempotency-key-header): the
 * caller's, or one of our own where the configuration says that the API takes them. It stays the same for every repetition.
 */

const DEFAULT_HEADER = "Idempotency-Key";
const MAX_LENGTH = 255;
/** The header that a request carries a key in. @throws ToolError `invalid_input` */
export function idempotencyKeyOf(
  api: Pick<ApiDescription, "settings">,
  target: Target,
  request: ApiRequest,
): { name: string; value: string } | undefined {
  const configured = api.settings.idempotencyHeader;
  const name = configured ?? DEFAULT_HEADER;
  const inHeader = typeof request.header === "object" ? headerOf(request.header, name) : undefined;
  const given = request.idempotencyKey ?? undefined;
  if (given === undefined) {
    if (configured === undefined || isSafe(target.method) || inHeader !== undefined) return undefined;
    const isFixed = headerOf(api.settings.headers, name) !== undefined;
    return isFixed ? undefined : { name, value: randomUUID() };
  }
  const issue = (message: string, path = "/idempotency_key") =>
    new ToolError("invalid_input", `The idempotency key ${message}.`, { issues: [{ path, message }] });
  if (!/^[\x21-\x7e]+$/.test(given)) throw issue("must be visible ASCII characters without spaces");
  if (given.length > MAX_LENGTH) throw issue(`is longer than ${MAX_LENGTH} characters`);
  if (inHeader !== undefined && inHeader !== given)
    throw issue("is another one than that in header", `/header/${name}`);
  return inHeader === undefined ? { name, value: given } : undefined;
}

/** The request with the key in a header that the document knows, so that it is checked as such. */
export function withHeader(
  target: Target,
  request: ApiRequest,
  key: { name: string; value: string } | undefined,
): ApiRequest {
  if (!key) return request;
  const isKey = (name: string) => name.toLowerCase() === key.name.toLowerCase();
  const declared = target.details.parameters.find((entry) => entry.in === "header" && isKey(entry.name));
  if (!declared) return request;
  key.name = declared.name;
  return { ...request, header: { ...request.header, [declared.name]: key.value } };
}

/** Whether the headers (lower-case names) hold a key. */
export function carriesKey(api: Pick<ApiDescription, "settings">, headers: Readonly<Record<string, string>>): boolean {
  return headers[(api.settings.idempotencyHeader ?? DEFAULT_HEADER).toLowerCase()] !== undefined;
}

/** The headers with a new key in the place of the one that they hold, for another request; one of the configuration stays. */
export function withFreshKey(
  api: Pick<ApiDescription, "settings">,
  headers: Readonly<Record<string, string>>,
): Record<string, string> {
  const name = (api.settings.idempotencyHeader ?? DEFAULT_HEADER).toLowerCase();
  const isOurs = headers[name] !== undefined && headerOf(api.settings.headers, name) === undefined;
  return { ...headers, ...(isOurs && { [name]: randomUUID() }) };
}

/** A header's value, whatever the case of its name; undefined where it is no text. */
export function headerOf(headers: Readonly<Record<string, unknown>> | null, name: string): string | undefined {
  const key = Object.keys(headers ?? {}).find((each) => each.toLowerCase() === name.toLowerCase());
  const found = key === undefined ? undefined : headers?.[key];
  return typeof found === "string" ? found : undefined;
}
