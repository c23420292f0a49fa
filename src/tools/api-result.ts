import { z } from "zod";
import type { ApiResult } from "../api/api-client.ts";
import type { ResourceLink } from "./define-tool.ts";

/** What a call of an API gives, whichever tool makes it. */
export const apiOutput = z.strictObject({
  data: z.unknown(),
  http_status: z.int().optional(),
  content_type: z.string().optional(),
  encoding: z.string().optional(),
  bytes: z.int().optional(),
  headers: z.looseObject({}).optional(),
  attempts: z.int().optional(),
  cached: z.boolean().optional(),
  pages: z.int().optional(),
  more_pages: z.boolean().optional(),
  rest: z.looseObject({}).optional(),
  resource: z.looseObject({}).optional(),
  request: z.looseObject({}).optional(),
  warnings: z.array(z.string()).optional(),
});

/** The call's answer as its tool gives it. */
export function toOutput(result: ApiResult): z.input<typeof apiOutput> {
  const { rest, resource, request, ...answer } = result;
  return {
    ...answer,
    data: answer.data ?? null,
    ...(rest && { rest: { ...rest } }),
    ...(resource && { resource: { ...resource } }),
    ...(request && { request: { ...request } }),
  };
}

/** What the call came to, in one line. */
export function outcomeOf(result: ApiResult, api: string): string {
  if (result.request) return `Nothing was sent: this is what ${api} would get`;
  if (result.http_status === undefined) return "Gave the next part of an earlier answer";
  return `Received ${result.http_status} ${result.cached ? `from the cache of ${api}` : `from ${api}`}`;
}

/** The resources that hold what the answer leaves out. */
export function linksOf(output: z.input<typeof apiOutput>): ResourceLink[] {
  const { rest, resource } = output as Pick<ApiResult, "rest" | "resource">;
  return [
    ...(rest ? [{ uri: rest.uri, name: "The whole answer" }] : []),
    ...(resource
      ? [{ uri: resource.uri, name: "The answer's content", mimeType: resource.mime_type, size: resource.bytes }]
      : []),
  ];
}
