import type {
  ListResourcesResult,
  Resource,
  ResourceTemplateType,
  Server,
  ServerContext,
} from "@modelcontextprotocol/server";
import { ToolError } from "../errors.ts";
import type { AnyResource } from "../resources/define-resource.ts";
import type { Services } from "../services.ts";
import type { User } from "../tools/define-tool.ts";
import type { AnswerContext } from "./answer-request.ts";
import type { ToolBoundary } from "./call-tool.ts";
import { findResource, isSingle } from "./find-resource.ts";
import { MAX_URIS } from "./listen-filter.ts";
import type { ResourceEvent, ResourceWatch } from "./resource-watch.ts";
import { toolOfUri } from "./tools-behind.ts";

const JSON_TYPE = "application/json";

export interface ResourceHandlers {
  boundary: ToolBoundary;
  identify: (context: ServerContext) => User | undefined;
  /** Whether the server itself is subscribed to, as in the 2025 era; since 2026-07-28 the transport's own side is. */
  subscribable: boolean;
}

/** What is read: of bytes, their base64. */
interface ReadContent {
  mimeType: string;
  _meta?: Record<string, unknown>;
  content?: object | string;
  blob?: string;
}

/** Makes a server answer `resources/…`; where it is subscribed to, it tells of changes until it is closed. */
export function addResources(server: Server, { boundary, identify, subscribable }: ResourceHandlers): void {
  const { resources, answer } = boundary;
  let watch: ResourceWatch | undefined;
  const watching = (context: ServerContext): ResourceWatch => {
    watch ??= boundary.watch(identify(context), (event) => void sendEvent(server, event));
    return watch;
  };
  const requestOf = (method: string, context: ServerContext, uri?: string) => ({
    method,
    user: identify(context),
    signal: context.mcpReq.signal,
    uri,
  });

  server.setRequestHandler("resources/list", async ({ params }, context) => {
    // Who has never asked for the list is not told that it changed.
    if (subscribable) await watching(context).add("list", { list: true, uris: [] });
    const uses = [...new Set(resources.flatMap((resource) => (resource.list ? resource.uses : [])))];
    return answer(requestOf("resources/list", context), uses, async (given) => {
      const cursor = params?.cursor;
      const first = cursor === undefined ? resources.filter(isListed).map(describe) : [];
      const { listed, nextCursor } = await listPage(resources, cursor, given);
      return {
        resources: [...first, ...listed],
        ...(nextCursor !== undefined && { nextCursor }),
      } satisfies ListResourcesResult;
    });
  });

  server.setRequestHandler("resources/templates/list", async () => ({
    resourceTemplates: resources.filter((resource) => !isSingle(resource)).map(describeTemplate),
  }));

  server.setRequestHandler("resources/read", async ({ params: { uri } }, context) => {
    const found = findResource(resources, uri);
    const { content, blob, ...about } = await answer(
      requestOf("resources/read", context, uri),
      found?.resource.uses ?? [],
      async (given): Promise<ReadContent> => {
        if (!found) throw unknownResource(boundary, uri);
        const { resource, id } = found;
        const read = await resource.read(id, given);
        const mimeType = (await resource.mimeTypeOf?.(id, given)) ?? resource.mimeType ?? JSON_TYPE;
        const about = { mimeType, ...(resource.meta && { _meta: resource.meta }) };
        if (!(read instanceof Uint8Array)) return { ...about, content: read };
        const bytes = Buffer.from(read.buffer, read.byteOffset, read.byteLength);
        return { ...about, blob: bytes.toString("base64") };
      },
    );
    if (blob !== undefined) return { contents: [{ uri, ...about, blob }] };
    const text = typeof content === "string" ? content : JSON.stringify(content);
    return { contents: [{ uri, ...about, text }] };
  });

  if (!subscribable) return;
  const uris = new Set<string>();
  server.setRequestHandler("resources/subscribe", async ({ params: { uri } }, context) => {
    const found = findResource(resources, uri);
    await answer(requestOf("resources/subscribe", context, uri), found?.resource.uses ?? [], async (given) => {
      if (!found) throw unknownResource(boundary, uri);
      await found.resource.read(found.id, given);
      if (uris.size >= MAX_URIS && !uris.has(uri)) {
        throw new ToolError("limit_reached", `At most ${MAX_URIS} resources can be subscribed to at once.`, {
          hint: "Unsubscribe from others first.",
        });
      }
      uris.add(uri);
      return {};
    });
    await watching(context).add(`uri ${uri}`, { list: false, uris: [uri] });
    return {};
  });
  server.setRequestHandler("resources/unsubscribe", async ({ params: { uri } }) => {
    uris.delete(uri);
    watch?.remove(`uri ${uri}`);
    return {};
  });
  server.onclose = () => watch?.stop();
}

const CURSOR = /^(\d{1,2})(?:\.([\s\S]*))?$/;

/**
 * One page of all that can be listed, one resource after the other. A page of one that ends is filled up by the next; the
 * cursor is the place of the resource among those that list, and its own cursor.
 */
async function listPage(
  resources: readonly AnyResource[],
  cursor: string | undefined,
  context: AnswerContext<keyof Services>,
): Promise<{ listed: Resource[]; nextCursor?: string }> {
  const [, from = cursor === undefined ? "0" : "", own] = CURSOR.exec(cursor ?? "") ?? [];
  const listing = resources.filter(({ list }) => list);
  if (from === "" || Number(from) >= listing.length) {
    throw new ToolError("invalid_input", `The cursor "${cursor?.slice(0, 100)}" is not one of this list.`, {
      hint: "Use the nextCursor of the page before, or none.",
    });
  }
  const listed: Resource[] = [];
  for (let place = Number(from), next = own; place < listing.length; place++, next = undefined) {
    const { list, mimeType = JSON_TYPE } = listing[place]!;
    const page = await list!(next, context);
    for (const { lastModified, priority, ...resource } of page.resources) {
      const annotations = { lastModified, ...(priority !== undefined && { priority }) };
      listed.push({ mimeType, ...resource, annotations });
    }
    if (page.nextCursor !== undefined) return { listed, nextCursor: `${place}.${page.nextCursor}` };
  }
  return { listed };
}

/** Sends the notification of an event; a client that has gone needs none. */
export async function sendEvent(server: Server, event: ResourceEvent): Promise<void> {
  try {
    if (event.kind === "resource_updated") await server.sendResourceUpdated({ uri: event.uri });
    else await server.sendResourceListChanged();
  } catch {}
}

function unknownResource({ resources, whyKeptOff }: ToolBoundary, uri: string): ToolError {
  const off = whyKeptOff(toolOfUri(uri));
  if (off) return off;
  const known = resources.filter(({ unlisted }) => !unlisted).map((resource) => resource.uri);
  return new ToolError(
    "not_found",
    `There is no resource "${uri.slice(0, 200)}". There are ${known.slice(0, -1).join(", ")} and ${known.at(-1)}, where an id is a UUID, and a run_id what run_pipeline gave.`,
  );
}

/** Whether it stands in the list by itself. */
function isListed(resource: AnyResource): boolean {
  return isSingle(resource) && !resource.unlisted;
}

function describe({ uri, name, title, description, mimeType = JSON_TYPE }: AnyResource): Resource {
  return { uri, name, title, description, mimeType };
}

function describeTemplate({ uri, ...described }: AnyResource): ResourceTemplateType {
  const { name, title, description, mimeType = JSON_TYPE } = described;
  return { uriTemplate: uri, name, title, description, mimeType };
}
