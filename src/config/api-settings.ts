import { z } from "zod";
import { httpUrl, seconds, secret } from "./setting.ts";

/** A call as a rule names it; the room of the APIs reads it in full. */
const rule = z
  .string()
  .refine((text) => /^\s*(?:\*|get|head|post|put|patch|delete|options|query|trace)\s+\/[^\s?#\\]*\s*$/i.test(text), {
    error: "must be METHOD /path, such as `GET /v1/*`",
  });

/** What redirects may lead to, as URLs are compared with it. */
const host = z
  .string()
  .min(1)
  .superRefine((text, context) => {
    const isHost = (name: string) => /^[^\s/?#@\\*]+$/.test(name) && URL.canParse(`http://${name}`);
    if (isHost(text) || isHost(`[${text}]`)) return;
    const bare = text.replace(/^[a-z][a-z0-9+.-]*:\/\//i, "").replace(/[/?#].*$/s, "");
    const help = bare !== text && isHost(bare) ? `, not a URL: write ${bare}` : text.includes("*") ? ", without *" : "";
    context.addIssue({ code: "custom", message: `must be a host, \`name\` or \`name:port\`${help}` });
  });

const headers = z.record(z.string(), secret("Header value.")).default({});

const credentials = z
  .record(z.string().min(1), secret("A key, a token, or `user:password` of a Basic scheme."))
  .default({});

/** How a key travels, and where it comes from. Which keys belong to which type is checked here, so that a slip is told at the start. */
const auth = z
  .strictObject({
    type: z
      .enum(["bearer", "header", "query", "cookie", "basic", "oauth2"])
      .describe(
        "`bearer`: `apiKey` as `Authorization: Bearer`; `header`, `query`, `cookie`: `apiKey` under `name`; `basic`: `username` and `password`; `oauth2`: a token of `tokenUrl` by client credentials.",
      ),
    name: z.string().min(1).optional().describe("Name of the header, query parameter or cookie."),
    prefix: z.string().default("").describe("What stands before the key in that header, such as `Token `."),
    username: z.string().optional().describe("User name of `basic`."),
    password: secret("Password of `basic`.").optional(),
    tokenUrl: httpUrl()
      .optional()
      .describe("Token endpoint of `oauth2`: https, or http on this machine or in a private network."),
    clientId: z.string().optional().describe("Client of `oauth2`."),
    clientSecret: secret("Secret of that client.").optional(),
    scope: z.string().optional().describe("Scopes of `oauth2`, separated by spaces."),
    audience: z.string().optional().describe("Audience of `oauth2`, where the server wants one."),
    resource: z.url().optional().describe("URI of the API for `oauth2` (RFC 8707), where the server wants one."),
    clientAuth: z
      .enum(["basic", "post"])
      .default("basic")
      .describe("How `oauth2` sends the client's secret: in the Authorization header or in the form."),
  })
  .superRefine((given, context) => {
    const needs: Record<string, (keyof typeof given)[]> = {
      header: ["name"],
      query: ["name"],
      cookie: ["name"],
      oauth2: ["tokenUrl"],
    };
    for (const key of needs[given.type] ?? []) {
      if (given[key] === undefined) {
        context.addIssue({ code: "custom", path: [key], message: `is needed with type ${given.type}` });
      }
    }
  });

/** What one user's calls carry instead of the shared credentials. */
const userCredentials = z.strictObject({
  apiKey: secret("The user's own key.").optional(),
  username: z.string().optional().describe("The user's name for `basic`."),
  password: secret("The user's password for `basic`.").optional(),
  clientId: z.string().optional().describe("The user's client for `oauth2`."),
  clientSecret: secret("Secret of that client.").optional(),
  credentials: credentials.describe("The user's own `credentials` by security scheme."),
  headers: headers.describe("Headers sent with the user's calls, over those of the API."),
});

const pinnedTool = z.strictObject({
  operation: z.string().min(1).describe("An operation of the document: its id, or `METHOD /path`."),
  name: z
    .string()
    .regex(/^[a-z0-9_]{1,40}$/, "a tool's name has 1 to 40 of a-z, 0-9 and _")
    .optional()
    .describe("Name of the tool. Default: made of the API's and the operation's name."),
  description: z.string().optional().describe("Description for the model. Default: that of the document."),
});

const breaker = z.strictObject({
  failures: z.int().min(1).max(1000).default(5).describe("Failures in a row after which the API is left alone."),
  cooldown: seconds("Time for which it is, at first.").default(15),
});

const settings = z.strictObject({
  description: z.string().default("").describe("What the API offers, for the model."),
  apiUrl: httpUrl()
    .optional()
    .describe(
      "Base URL. Its query, such as `?format=json`, is sent with every call. Calls of this API reach no other address, but for redirects of reads (see `redirectHosts`).",
    ),
  privateNetwork: z
    .boolean()
    .default(false)
    .describe(
      "Whether the host names of `apiUrl` and `auth.tokenUrl` may resolve to private addresses. Addresses, `localhost`, names without a dot and names such as `x.internal` may anyway.",
    ),
  openapi: z
    .string()
    .optional()
    .describe("Path or URL of an OpenAPI 3.x or Swagger 2.0 document (JSON or YAML); its operations become callable."),
  apiKey: secret(
    "Key of the API, sent in `apiKeyHeader`, else as `auth` or the document says, else as a bearer token.",
  ).optional(),
  apiKeyHeader: z
    .string()
    .regex(/^[A-Za-z0-9-]+$/)
    .optional()
    .describe("Header that carries the key as it is."),
  auth: auth
    .optional()
    .describe("How credentials travel, where `apiKeyHeader` does not say it; over what the document says."),
  credentials: credentials.describe(
    "Credentials by the names of the document's security schemes, each sent as its scheme says: for operations that need several at once. They come before `apiKey`, which stands in for a scheme that is not named here.",
  ),
  users: z
    .record(z.string().min(1), userCredentials)
    .default({})
    .describe(
      "Credentials of single users, by user name. An entry takes the place of all shared credentials: none of those is sent with its user's calls.",
    ),
  requireUserCredentials: z
    .boolean()
    .default(false)
    .describe("Whether only users with an entry in `users` may call; otherwise the others use the shared credentials."),
  headers: headers.describe("Headers sent with every call."),
  timeout: seconds("Time limit of a call, from connecting to the last byte, waiting and retries included.").default(30),
  connectTimeout: seconds("Time limit of a connection attempt.").default(10),
  retries: z
    .int()
    .min(0)
    .max(5)
    .default(2)
    .describe("How often a call is repeated that may be: one that only reads, or one with an idempotency key."),
  idempotencyHeader: z
    .string()
    .regex(/^[A-Za-z0-9-]+$/)
    .optional()
    .describe(
      "Header that the API takes idempotency keys in, such as `Idempotency-Key`. Each call that changes something then carries one, and is repeated like a read.",
    ),
  concurrency: z.int().min(1).max(256).default(16).describe("Calls of the API under way at once; others wait."),
  breaker: breaker.prefault({}).describe("When an API that is down is left alone."),
  allow: z
    .array(rule)
    .default([])
    .describe(
      "Allowed calls as `METHOD /path`, the path below `apiUrl`, `*` for any characters, `{name}` for one segment, such as `GET /v1/*`. Empty: the document's operations, without a document only POST to `apiUrl` itself.",
    ),
  readOnly: z
    .boolean()
    .default(false)
    .describe(
      "Whether only GET and HEAD are possible, whatever else is allowed. The top level's `readOnly` is stronger.",
    ),
  confirm: z
    .union([z.boolean(), z.array(rule)], { error: "must be true, false or a list of rules such as `DELETE /*`" })
    .default(false)
    .describe("Whether the human is asked before a call: false, true (all but GET and HEAD), or rules as in `allow`."),
  redirectHosts: z
    .array(host)
    .default([])
    .describe(
      "Hosts (`name` or `name:port`) that redirects of reads may lead to although they are private. Public ones are followed without credentials.",
    ),
  tools: z
    .array(
      z.union([z.string().min(1), pinnedTool], { error: "a tool is an operation or { operation, name, description }" }),
    )
    .default([])
    .describe("Operations of the document that become tools of their own, with typed parameters."),
  rateLimit: z
    .strictObject({
      requests: z.int().min(1).describe("Calls …"),
      per: seconds("… in this many seconds, per user."),
    })
    .optional()
    .describe("Limit of calls."),
  cacheTtl: z
    .number()
    .min(0)
    .default(0)
    .describe(
      "Seconds that answers to GET are kept for the same user and credentials; later ones are checked by ETag where there is one. 0 keeps none.",
    ),
  maxResponseBytes: z.int().min(1).default(8_388_608).describe("Maximum size of a decoded answer in bytes."),
  maxAnswerLength: z
    .int()
    .min(500)
    .default(20_000)
    .describe("Characters of an answer that the model is given at once; whole items of a list, the rest on request."),
  maxPages: z.int().min(1).max(100).default(10).describe("Pages that one call may follow."),
  responseSchema: z.record(z.string(), z.unknown()).optional().describe("JSON Schema that every answer must satisfy."),
  checkResponses: z
    .enum(["off", "warn", "strict"])
    .default("warn")
    .describe("What an answer that differs from the document is: nothing, a warning, or an error."),
});

/** What each way of authentication has to have, of the API itself or of one of its users. */
const NEEDED = {
  bearer: "apiKey",
  header: "apiKey",
  query: "apiKey",
  cookie: "apiKey",
  basic: "username",
  oauth2: "clientId",
} as const;

/** One entry of `apis`. */
export const api = settings.superRefine((given, context) => {
  const { auth: how } = given;
  const issue = (path: string[], message: string) => context.addIssue({ code: "custom", path, message });
  for (const [user, { headers: own, credentials: named, ...others }] of Object.entries(given.users)) {
    const isEmpty = [own, named, others].every((part) => Object.values(part).every((value) => value === undefined));
    if (isEmpty) issue(["users", user], "holds no credentials; leave it out, or write such as { apiKey: … }");
  }
  if (given.requireUserCredentials && Object.keys(given.users).length === 0) {
    issue(["users"], "is needed with requireUserCredentials: nobody could call the API");
  }
  const named = [
    [["credentials"], given.credentials],
    ...Object.entries(given.users).map(([user, entry]) => [["users", user, "credentials"], entry.credentials]),
  ] as [string[], Record<string, string>][];
  for (const [path, entries] of named) {
    if (given.openapi === undefined && Object.keys(entries).length > 0) {
      issue(path, "are for the security schemes of a document, and there is no openapi. Use apiKey, auth or headers");
    }
  }
  if (!how) return;
  const key = NEEDED[how.type];
  const shared = key === "apiKey" ? given.apiKey : how[key];
  // A user name and a password may also be one key, or part of the URL.
  const otherwise =
    how.type === "basic" && (given.apiKey !== undefined || /^https?:\/\/[^/?#]*@/i.test(given.apiUrl ?? ""));
  const ofUsers = Object.values(given.users).some((user) => user[key] !== undefined);
  if (shared === undefined && !otherwise && !ofUsers) {
    issue(key === "apiKey" ? [key] : ["auth", key], `is needed with auth.type ${how.type}, here or in users`);
  }
  if (how.type === "oauth2" && how.clientId !== undefined && how.clientSecret === undefined) {
    issue(["auth", "clientSecret"], "is needed with auth.clientId");
  }
});
