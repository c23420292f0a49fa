/**
 * Headers that clients, browsers and proxies send for something else (the registry of HTTP field names at IANA; the Fetch Standard;
 * what proxies and Open-WebUI add), so that they would make users of whatever anybody writes there.
 */
const NAMES = new Set([
  ...[
    "age",
    "alt-used",
    "authorization",
    "b3",
    "baggage",
    "cache-control",
    "client-ip",
    "connection",
    "cookie",
    "cookie2",
  ],
  ...[
    "correlation-id",
    "date",
    "dnt",
    "early-data",
    "expect",
    "forwarded",
    "from",
    "host",
    "http2-settings",
    "idempotency-key",
  ],
  ...[
    "keep-alive",
    "last-event-id",
    "max-forwards",
    "origin",
    "pragma",
    "prefer",
    "priority",
    "purpose",
    "range",
    "referer",
  ],
  ...[
    "request-id",
    "save-data",
    "set-cookie",
    "te",
    "traceparent",
    "tracestate",
    "trailer",
    "transfer-encoding",
    "upgrade",
  ],
  ...["upgrade-insecure-requests", "user-agent", "via", "want-digest", "warning", "x-api-key", "x-amzn-trace-id"],
  ...[
    "x-cloud-trace-context",
    "x-csrf-token",
    "x-http-method-override",
    "x-requested-with",
    "x-scheme",
    "x-xsrf-token",
  ],
]);
const PATTERNS = [
  /^(?:accept|access-control|content|proxy|sec|if|mcp|x-b3|x-original|x-rewrite|x-envoy|cf-(?:ray|visitor|ipcountry))(?:-|$)/,
  // Who asks through which address, and by what way; `X-Forwarded-User` and its like are meant.
  /^x-forwarded-(?!(?:preferred-)?user(?:name)?$|email$|login$|sub(?:ject)?$)/,
  /^x-openwebui-(?!user-id$)/,
  /(?:^|-)(?:ip|ips|port|proto|protocol)$/,
  /(?:request|correlation|trace|span|session)-?id$/,
  /(?:^|-)(?:token|access-token|groups?|roles?|signature)$/,
];

/** Whether a header says something else than who calls. */
export function saysSomethingElse(header: string): boolean {
  const name = header.toLowerCase().replaceAll("_", "-");
  return NAMES.has(name) || PATTERNS.some((pattern) => pattern.test(name));
}
