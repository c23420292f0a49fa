import { z } from "zod";
import { defineTool } from "./define-tool.ts";

// Values pass as they are: what they may be depends on the API, so their check is the client's.
const values = (description: string) => z.unknown().meta({ type: "object", description }).optional();

export default defineTool({
  name: "call_api",
  title: "Call an external API",
  description:
    "Calls a configured external API and returns its answer. Credentials are added by the server. Use api_search to find " +
    "an operation and api_describe for its parameters. Without an operation, body is posted as JSON to the API's URL.",
  effect: "write-open",
  uses: ["apis"],
  input: z.strictObject({
    api: z
      .string({ error: 'The name of the API is required as "api"; api_search lists the APIs' })
      .min(1, 'The name of the API is required as "api"; api_search lists the APIs')
      .max(200)
      .describe("Name of the API."),
    operation: z
      .string()
      .max(10_000)
      .optional()
      .describe('An id of api_search, or METHOD and path such as "GET /v1/items". No query in it.'),
    path: values("Values of the {name} parts of the path."),
    query: values("Query parameters by name."),
    header: values("Header parameters by name."),
    cookie: values("Cookie parameters by name."),
    body: values("Body as an object, sent as JSON or as the operation wants it."),
    body_text: z.string().optional().describe("Body as text, sent as it is, instead of body."),
  }),
  output: z.strictObject({
    data: z.unknown(),
    http_status: z.int().optional(),
    content_type: z.string().optional(),
    encoding: z.string().optional(),
    bytes: z.int().optional(),
    headers: z.looseObject({}).optional(),
    attempts: z.int().optional(),
    cached: z.boolean().optional(),
    warnings: z.array(z.string()).optional(),
  }),
  async confirms(input, { user, services }) {
    const { method, url } = await services.apis.preview(user, requestOf(input));
    return `Request: ${method} ${url}`;
  },
  async run(input, { user, signal, services, status }) {
    const result = await services.apis.call(user, requestOf(input), { signal, status });
    const from = result.cached ? `from the cache of ${input.api}` : `from ${input.api}`;
    status.success(`Received ${result.http_status} ${from}`);
    return { ...result, data: result.data ?? null };
  },
});

type Place = "path" | "query" | "header" | "cookie" | "body";

/** The call as the client takes it, which checks what the schema leaves open: that each place has an object. */
function requestOf<Input extends { api: string; body_text?: string | undefined } & { [Name in Place]?: unknown }>({
  body_text: bodyText,
  ...rest
}: Input) {
  return { ...(rest as typeof rest & { [Name in Place]?: Record<string, unknown> }), bodyText };
}
