/**
 * Whether any web page could have had a browser send this without asking first: a POST of a type that needs no preflight (Fetch,
 * "CORS-safelisted request-header"), which all but JSON is taken for here. Browsers name the page's `Origin` with every POST to
 * another origin, and to addresses that they trust `Sec-Fetch-Site` as well (Fetch Metadata); what sends neither is a program, and
 * may leave the type out.
 */
export function isSimpleRequest({ method, headers }: Request): boolean {
  if (method !== "POST" || !(headers.has("origin") || headers.has("sec-fetch-site"))) return false;
  // A type such as `text/plain; application/json` is no JSON to a browser.
  const [type = ""] = (headers.get("content-type") ?? "").split(";");
  return type.trim().toLowerCase() !== "application/json";
}
