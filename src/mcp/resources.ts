import type {
  ListResourcesResult,
  Resource,
  ResourceTemplateType,
  Server,
  ServerContext,
} from "@modelcontextprotocol/server";
import { ToolError } from "../errors.ts";
import type { AnyResource } from "../resources/define-resource.ts";
import type { User } from "../tools/define-tool.ts";
import type { ToolBoundary } from "./call-tool.ts";
import { findResource, isSingle } from "./find-resource.ts";
import { MAX_URIS } from "./listen-filter.ts";
import type { ResourceEvent, ResourceWatch } from "./resource-watch.ts";

const JSON_TYPE = "application/json";

export interface ResourceHandlers {
  boundary: ToolBoundary;
  identify: (context: ServerContext) => User | undefined;
  /** Whether the server itself is subscribed to, as in the 2025 era; since 2026-07-28 the transport's own side is. */
  subscribable: boolean;
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
    const listing = resources.find(({ list }) => list);
    return answer(requestOf("resources/list", context), listing?.uses ?? [], async (given) => {
      const cursor = params?.cursor;
      const page = await listing?.list?.(cursor, given);
      const first = cursor === undefined ? resources.filter(isSingle).map(describe) : [];
      return {
        resources: [
          ...first,
          ...(page?.resources ?? []).map(({ lastModified, priority, ...resource }) => ({
            ...resource,
            mimeType: JSON_TYPE,
            annotations: { lastModified, ...(priority !== undefined && { priority }) },
          })),
        ],
        ...(page?.nextCursor !== undefined && { nextCursor: page.nextCursor }),
      } satisfies ListResourcesResult;
    });
  });

  server.setRequestHandler("resources/templates/list", async () => ({
    resourceTemplates: resources.filter((resource) => !isSingle(resource)).map(describeTemplate),
  }));

  server.setRequestHandler("resources/read", async ({ params: { uri } }, context) => {
    const found = findResource(resources, uri);
    const content = await answer(
      requestOf("resources/read", context, uri),
      found?.resource.uses ?? [],
      async (given) => {
        if (!found) throw unknownResource(resources, uri);
        return found.resource.read(found.id, given);
      },
    );
    return { contents: [{ uri, mimeType: JSON_TYPE, text: JSON.stringify(content) }] };
  });

  if (!subscribable) return;
  const uris = new Set<string>();
  server.setRequestHandler("resources/subscribe", async ({ params: { uri } }, context) => {
    const found = findResource(resources, uri);
    await answer(requestOf("resources/subscribe", context, uri), found?.resource.uses ?? [], async (given) => {
      if (!found) throw unknownResource(resources, uri);
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

/** Sends the notification of an event; a client that has gone needs none. */
export async function sendEvent(server: Server, event: ResourceEvent): Promise<void> {
  try {
    if (event.kind === "resource_updated") await server.sendResourceUpdated({ uri: event.uri });
    else await server.sendResourceListChanged();
  } catch {}
}

function unknownResource(resources: readonly AnyResource[], uri: string): ToolError {
  const known = resources.map((resource) => resource.uri).join(" and ");
  return new ToolError(
    "not_found",
    `There is no resource "${uri.slice(0, 200)}". There are ${known}, where the id is a UUID.`,
  );
}

function describe({ uri, name, title, description }: AnyResource): Resource {
  return { uri, name, title, description, mimeType: JSON_TYPE };
}

function describeTemplate({ uri, ...described }: AnyResource): ResourceTemplateType {
  const { name, title, description } = described;
  return { uriTemplate: uri, name, title, description, mimeType: JSON_TYPE };
}
