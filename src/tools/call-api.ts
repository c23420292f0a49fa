import { z } from "zod";
import type { ApiRequest } from "../api/api-client.ts";
import { aboutCall, effectsOfMethod } from "./api-confirmation.ts";
import { mediaOf } from "./api-media.ts";
import { apiOutput, linksOf, outcomeOf, toOutput } from "./api-result.ts";
import { defineTool } from "./define-tool.ts";
import { asNames, asScalar } from "./loose-values.ts";

// Values pass as they are: what they may be depends on the API, so their check is the client's.
const values = (description: string) => z.unknown().meta({ type: "object", description }).optional();

const NO_API = 'The name of the API is required as "api"; api_search lists the APIs';

export default defineTool({
  name: "call_api",
  title: "Call an external API",
  description:
    "Calls a configured external API and returns its answer. Credentials are added by the server. Use api_search to find " +
    "an operation and api_describe for its parameters. Without an operation, body is posted as JSON to the API's URL. A " +
    "long answer comes in parts: rest in the result says how to get the next one.",
  effect: "write-open",
  uses: ["apis", "answers"],
  input: z
    .strictObject({
      // Required, and yet not missed beside rest: models give what a schema requires.
      api: z.preprocess((name) => name ?? "", z.string({ error: NO_API }).max(200)).describe("Name of the API."),
      operation: z
        .string()
        .max(10_000)
        .optional()
        .describe('An id of api_search, or METHOD and path such as "GET /v1/items".'),
      path: values("Values of the {name} parts of the path."),
      query: values("Query parameters by name."),
      header: values("Header parameters by name."),
      cookie: values("Cookie parameters by name."),
      body: values("Body as an object, sent as JSON or as the operation wants it."),
      body_text: z.string().optional().describe("Body as text, sent as it is, instead of body."),
      body_base64: z.string().optional().describe("Body as bytes in base64, instead of body."),
      fields: z
        .preprocess(asNames, z.array(z.string()).max(100))
        .optional()
        .describe('Parts of the answer to give, by dotted paths such as "items.id". Saves space.'),
      select: z
        .string()
        .max(5_000)
        .optional()
        .describe('JMESPath over the answer, such as "items[?price > `5`].name".'),
      max_pages: z
        .preprocess(asScalar, z.int().min(1).max(100))
        .optional()
        .describe("Pages to follow at most. Default 1."),
      dry_run: z.preprocess(asScalar, z.boolean()).optional().describe("True: only show what would be sent."),
      idempotency_key: z
        .string()
        .max(255)
        .optional()
        .describe("Any text that makes repeating this same change safe, where the API supports it."),
      rest: z.string().max(200).optional().describe("Id of the rest of an earlier answer, to get its next part."),
    })
    .refine(({ api, rest }) => api !== "" || rest !== undefined, { path: ["api"], error: NO_API }),
  output: apiOutput,
  mustConfirm(input, { user, services }) {
    if (input.dry_run || input.rest !== undefined) return false;
    return services.apis.mustConfirm(user, requestOf(input));
  },
  async effectsOf(input, { user, services }) {
    const { method } = await services.apis.preview(user, requestOf(input));
    return effectsOfMethod(method);
  },
  confirms: (input, { user, services }) => aboutCall(services.apis, user, requestOf(input)),
  links: linksOf,
  media: mediaOf,
  async run(input, { user, signal, services, status }) {
    const result = await services.apis.call(user, requestOf(input), { signal, status, confirmed: true });
    status.success(outcomeOf(result, input.api));
    return toOutput(result);
  },
});

const PLACES = ["path", "query", "header", "cookie"] as const;

/** The call as the client takes it, which checks what the schema leaves open: that each place has an object. */
function requestOf(input: {
  api: string;
  operation?: string | undefined;
  body_text?: string | undefined;
  body_base64?: string | undefined;
  fields?: string[] | undefined;
  select?: string | undefined;
  max_pages?: number | undefined;
  dry_run?: boolean | undefined;
  idempotency_key?: string | undefined;
  rest?: string | undefined;
  [place: string]: unknown;
}): ApiRequest {
  const places = Object.fromEntries(PLACES.map((place) => [place, input[place]]));
  return {
    ...(places as Pick<ApiRequest, (typeof PLACES)[number]>),
    api: input.api,
    operation: input.operation,
    body: input.body,
    bodyText: input.body_text,
    bodyBase64: input.body_base64,
    fields: input.fields,
    select: input.select,
    maxPages: input.max_pages,
    dryRun: input.dry_run,
    idempotencyKey: input.idempotency_key,
    rest: input.rest,
  };
}
