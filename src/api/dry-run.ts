import type { PreparedRequest } from "./api-request.ts";
import type { ApiDescription } from "./configured-api.ts";

/** A request as it would be sent, secrets hidden. */
export interface ShownRequest {
  method: string;
  url: string;
  headers: Record<string, string>;
  /** A text as it would be sent, or what a binary or multipart body holds, in words. */
  body?: string;
}

/** Shows what a call would send. */
export function showRequest(api: ApiDescription, { method, url, headers, body }: PreparedRequest): ShownRequest {
  const clean = api.secrets.inText;
  return {
    method,
    url: clean(url.href),
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, clean(value)])),
    ...(typeof body === "string" && { body: clean(body) }),
  };
}
