import { z } from "zod";
import type { PinnedOperation } from "../api/pinned/pinned-operations.ts";
import { aboutCall, effectsOfMethod } from "./api-confirmation.ts";
import { mediaOf } from "./api-media.ts";
import { apiOutput, linksOf, outcomeOf, toOutput } from "./api-result.ts";
import { type AnyTool, defineTool } from "./define-tool.ts";

/** An operation of an API as a tool of its own. What the document says of the arguments is checked by the client of APIs. */
export function pinnedTool(pinned: PinnedOperation, { callApi }: { callApi: boolean }): AnyTool {
  const required = new Set(pinned.required);
  const explained = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw pinned.explain(error);
    }
  };
  const { rest } = pinned;
  const hasRest = pinned.reads || !callApi;
  const advice = pinned.advice({ rest: hasRest, callApi });
  const shape: Record<string, z.ZodType> = Object.fromEntries(
    Object.entries(pinned.properties).map(([name, schema]) => {
      const value = z.unknown().meta(schema);
      if (!required.has(name)) return [name, value.optional()];
      // Not missed beside the rest; else the client of APIs says what is required.
      return [name, hasRest ? z.preprocess((given) => given ?? null, value) : value];
    }),
  );
  if (hasRest) shape[rest.name] = z.unknown().meta(rest.schema).optional();
  return defineTool({
    name: pinned.name,
    title: pinned.title,
    description: pinned.description,
    effect: pinned.reads ? "read-open" : "write-open",
    idempotent: pinned.idempotent,
    uses: ["apis", "answers"],
    input: z.strictObject(shape),
    output: apiOutput,
    mustConfirm: (input, { user, services }) =>
      explained(async () => {
        const request = pinned.toRequest(input);
        return request.rest === undefined && services.apis.mustConfirm(user, request);
      }),
    effectsOf: (input, { user, services }) =>
      explained(async () => effectsOfMethod((await services.apis.preview(user, pinned.toRequest(input))).method)),
    confirms: (input, { user, services }) => explained(() => aboutCall(services.apis, user, pinned.toRequest(input))),
    links: linksOf,
    media: mediaOf,
    async run(input, { user, signal, services, status }) {
      const request = pinned.toRequest(input);
      const result = await explained(() =>
        services.apis.call(user, request, { signal, status, confirmed: true, advice }),
      );
      status.success(outcomeOf(result, pinned.api));
      return toOutput(result);
    },
  });
}
